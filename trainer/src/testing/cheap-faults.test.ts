/**
 * Faults of a real run that cost little, and what they cost: a coordinator that is killed, workers and servers that are
 * asked to stop, a network that is slow, cut and silent. The parameters are the bytes of a quiet run, and every tile counts
 * once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { RunResult } from '../coordinator/learning/result.ts';
import { resultOf, stepsOf } from './ended-run.ts';
import { FaultProxy } from './fault-proxy.ts';
import { RoleProcesses, type RunOptions } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

type Result = Pick<RunResult, 'parametersSha256' | 'tiles'>;

let directory: string;
let job: WsiTrainingJob;
let quiet: Result;
let runs = 0;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-faults-'));
  job = await smallJob(directory, [
    'patches.batch=5',
    'patches.blockShards=2',
    'training.epochs=20',
    'training.slidesPerStep=2',
    // None but the last one: what survives does so without a checkpoint.
    'checkpoint={everySteps: 1000, keep: 1}',
  ]);
  quiet = await ended(await start({ workers: 1 }));
}, 300_000);
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function start(options: Partial<RunOptions>): Promise<RoleProcesses> {
  const output = join(directory, `run-${runs++}`);
  const run = await RoleProcesses.start({ job, output, workers: 2, servers: 1, ...options });
  open.push(run);
  return run;
}

async function ended(run: RoleProcesses): Promise<Result> {
  const { parametersSha256, tiles } = await resultOf(run);
  expect((await stepsOf(run)).map(({ step }) => step)).toEqual([...Array(60).keys()]);
  return { parametersSha256, tiles };
}

/** Waits for a line of the log. */
async function logged(run: RoleProcesses, message: string): Promise<void> {
  const state = { ended: false };
  void run.finished.then(() => (state.ended = true));
  while (!run.logs.includes(message)) {
    if (state.ended) throw new Error(`the run ended without '${message}'\n${run.logs.slice(-4000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

it('a killed coordinator, a stopped worker and a stopped server lose no step, without any checkpoint', async () => {
  const run = await start({});
  const { step } = await run.until((status) => status.step >= 3);
  run.kill('coordinator');
  await logged(run, 'going on where the last coordinator stopped');
  const taken = await run.until(({ phase }) => phase === 'training');
  expect(taken.step).toBeGreaterThanOrEqual(step);
  expect(taken.checkpointStep).toBe(0);
  // A worker that has not found the new coordinator yet has nobody to take leave of.
  const after = await run.until((status) => status.workersConnected === 2 && status.step > taken.step);
  run.signal('worker', 'SIGTERM', 0);
  await logged(run, 'worker is about to leave');
  await run.until((status) => status.step >= after.step + 1);
  const before = await run.status();
  run.signal('server', 'SIGTERM');
  await logged(run, 'going back to the last recovery point');
  const again = await run.until(
    ({ generation, phase }) => generation > before.generation && phase === 'training',
  );
  expect(again.step).toBeGreaterThanOrEqual(before.step);
  expect(again.checkpointStep).toBe(0);
  expect(await ended(run)).toEqual(quiet);
}, 300_000);

it('a network that is slow, interrupted and silent for a while changes nothing', async () => {
  const sockets = join(directory, 'proxies');
  await rm(sockets, { recursive: true, force: true });
  const proxies = new Map<string, Promise<FaultProxy>>();
  const folder = await mkdtemp(join(tmpdir(), 'wsi-net-'));
  open.push({ close: () => rm(folder, { recursive: true, force: true }) });
  const run = await start({
    environment: { WSI_LEASE_MILLISECONDS: '4000' },
    // Workers reach the servers by the addresses that the coordinator has of them.
    dial: ({ role }, address) => {
      const own = `unix:${join(folder, `${role}-${address.split('/').at(-1)}`)}`;
      if (!proxies.has(own)) proxies.set(own, FaultProxy.start(own, address));
      return own;
    },
  });
  for (const proxy of await Promise.all(proxies.values())) open.push(proxy);
  const of = async (name: string): Promise<FaultProxy> => (await proxies.get(`unix:${join(folder, name)}`))!;
  const toCoordinator = await of('worker-coordinator-0');
  const toServer = await of('coordinator-server-0');
  await run.until(({ step }) => step >= 2);
  for (const proxy of [toCoordinator, toServer]) proxy.delayMilliseconds = 10;
  let { step } = await run.until((status) => status.step >= 3);
  toCoordinator.cut();
  ({ step } = await run.until((status) => status.step > step));
  toServer.cut();
  ({ step } = await run.until((status) => status.step > step));
  toCoordinator.partition();
  await logged(run, 'lease expired');
  toCoordinator.heal();
  await run.until((status) => status.step > step || status.phase === 'evaluating');
  expect(toCoordinator.connections).toBeGreaterThan(2);
  expect(await ended(run)).toEqual(quiet);
}, 300_000);
