/** The parameters after a run are the same bytes whatever runs it and whatever happens to it: real processes, real kills. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { resultOf, stepsOf } from './ended-run.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

const settings = [
  'patches.batch=5',
  'patches.blockShards=2',
  'training.epochs=4',
  'training.slidesPerStep=2',
  'training.augmentation=flips',
  // All that the servers and the plan do beside the plain update.
  'training.gradientClipping=0.3',
  'training.averaging={decay: 0.8}',
  'training.learningRates={encoder: 0.5, head: 2, layerDecay: 0.9}',
  'training.freeze=1',
  'training.labelSmoothing=0.1',
  'training.sampling=balanced',
  'training.augmentations={colour: {brightness: 0.2, hue: 0.1, per: slide}, stain: {}, blur: {}}',
  'checkpoint={everySteps: 5, keep: 2}',
];

let directory: string;
let job: WsiTrainingJob;
const running: RoleProcesses[] = [];
let runs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-identical-'));
  job = await smallJob(directory, settings);
});
afterEach(async () => {
  for (const run of running.splice(0)) await run.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function withStaleness(staleness: number): WsiTrainingJob {
  return { ...job, spec: { ...job.spec, training: { ...job.spec.training, staleness } } };
}

async function start(options: {
  workers: number;
  servers: number;
  job?: WsiTrainingJob;
  output?: string;
  environment?: Record<string, string>;
}): Promise<RoleProcesses> {
  const run = await RoleProcesses.start({ job, output: join(directory, `run-${runs++}`), ...options });
  running.push(run);
  return run;
}

/** Runs to the end and returns the digest that the run reports. */
async function finish(run: RoleProcesses): Promise<string> {
  const result = await resultOf(run);
  expect(result.steps).toBe(12);
  expect((await stepsOf(run)).map(({ step }) => step)).toEqual([...Array(12).keys()]);
  return result.parametersSha256;
}

const quietRuns = new Map<number, Promise<string>>();

/** The digest of a run with one worker and one server to which nothing happens; run once for each staleness. */
function quietDigest(staleness: number): Promise<string> {
  const run = async (): Promise<string> =>
    finish(await start({ workers: 1, servers: 1, job: withStaleness(staleness) }));
  const known = quietRuns.get(staleness) ?? run();
  quietRuns.set(staleness, known);
  return known;
}

describe.each([0, 2])('with staleness %d', (staleness) => {
  let quiet: string;
  const of = (): { job: WsiTrainingJob } => ({ job: withStaleness(staleness) });
  beforeAll(async () => {
    quiet = await quietDigest(staleness);
    expect(quiet).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    [2, 3],
    [3, 1],
  ])('a run with %d workers and %d servers gives the same bytes', async (workers, servers) => {
    expect(await finish(await start({ workers, servers, ...of() }))).toBe(quiet);
  });

  it('a run whose worker, server and coordinator are killed within steps gives the same bytes', async () => {
    const run = await start({ workers: 2, servers: 2, ...of() });
    await run.until(({ step }) => step >= 2);
    run.kill('worker', 1);
    await run.until(({ step }) => step >= 6);
    run.kill('server', 0);
    await run.until(({ generation, step }) => generation >= 2 && step >= 7);
    run.kill('coordinator');
    await run.until(({ generation, step }) => generation >= 3 && step >= 8);
    run.kill('worker', 0);
    expect(await finish(run)).toBe(quiet);
    for (const [role, replica] of [
      ['worker', 0],
      ['worker', 1],
      ['server', 0],
      ['coordinator', 0],
    ] as const) {
      expect(`${role} ${replica}: ${run.startsOf(role, replica)}`).toBe(`${role} ${replica}: 2`);
    }
  });

  it('a run resumed with other numbers of workers and servers gives the same bytes', async () => {
    const first = await start({ workers: 1, servers: 2, ...of() });
    await first.until(({ step }) => step >= 3);
    expect(await first.stop()).toBe(143);
    const checkpoints = await readdir(join(first.output, 'checkpoints'));
    expect(checkpoints.every((name) => name.startsWith('step-'))).toBe(true);
    expect(checkpoints.length).toBeGreaterThan(0);
    const last = Math.max(...checkpoints.map((name) => Number(name.slice('step-'.length))));
    expect(JSON.parse(first.lastWords)).toEqual({ checkpointStep: last });
    const second = await start({ workers: 2, servers: 1, output: first.output, ...of() });
    expect(await finish(second)).toBe(quiet);
  });
});

it('the staleness changes the result', async () => {
  expect(await quietDigest(2)).not.toBe(await quietDigest(0));
});

it('a hanging worker loses its leases to another, and does no harm when it wakes up', async () => {
  const environment = { WSI_LEASE_MILLISECONDS: '1500' };
  const run = await start({ workers: 2, servers: 1, job: withStaleness(0), environment });
  await run.until(({ step }) => step >= 2);
  run.signal('worker', 'SIGSTOP', 0);
  const { step } = await run.status();
  await run.until((status) => status.step >= step + 3);
  run.signal('worker', 'SIGCONT', 0);
  const digest = await finish(run);
  expect(run.logs).toContain('lease expired');
  expect(run.startsOf('worker', 0)).toBe(1);
  expect(digest).toBe(await quietDigest(0));
});
