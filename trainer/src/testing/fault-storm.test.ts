/**
 * One run through many faults: processes are killed in a random (seeded) order, again while they start, and all at
 * once, with a checkpoint at every step so that many a kill falls into one. The parameters are the same bytes as in a
 * quiet run, and nothing is left behind.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { RandomStream } from '@wsi-operator/foundation';
import { resultOf } from './ended-run.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

const kills = 7;
const processes = [
  ['coordinator', 0],
  ['server', 0],
  ['server', 1],
  ['worker', 0],
  ['worker', 1],
] as const;

let directory: string;
let job: WsiTrainingJob;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-storm-'));
  job = await smallJob(directory, [
    'patches.batch=5',
    'patches.blockShards=2',
    'training.epochs=8',
    'training.slidesPerStep=2',
    'training.staleness=1',
    'checkpoint={everySteps: 1, keep: 1}',
  ]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function digestOf(run: RoleProcesses): Promise<string> {
  return (await resultOf(run)).parametersSha256;
}

async function startedAgain(
  run: RoleProcesses,
  role: string,
  replica: number,
  starts: number,
): Promise<void> {
  while (run.startsOf(role, replica) === starts) await new Promise((resolve) => setTimeout(resolve, 5));
}

it('a run through a storm of kills gives the bytes of a quiet one', async () => {
  const quiet = await digestOf(
    await RoleProcesses.start({ job, output: join(directory, 'quiet'), workers: 1, servers: 1 }),
  );
  const random = new RandomStream(5, 'storm');
  const run = await RoleProcesses.start({ job, output: join(directory, 'storm'), workers: 2, servers: 2 });
  try {
    let { step } = await run.until((status) => status.step >= 1);
    for (let kill = 0; kill < kills; kill++) {
      const [role, replica] = processes[random.integer(processes.length)]!;
      const starts = run.startsOf(role, replica);
      if (kill === 3) for (const [of, index] of processes) run.kill(of, index);
      else run.kill(role, replica);
      if (kill % 2 === 0) {
        // And again, while it starts.
        await startedAgain(run, role, replica, starts);
        run.kill(role, replica);
      }
      // With its last step the run may end before the storm does.
      ({ step } = await run.until((status) => status.step > step || status.phase === 'evaluating'));
    }
    expect(await digestOf(run)).toBe(quiet);
  } finally {
    await run.close();
  }
  const left = await readdir(run.output, { recursive: true });
  expect(left.filter((name) => /tmp/.test(name))).toEqual([]);
  expect(await readdir(join(run.output, 'checkpoints'))).toHaveLength(1);
  expect(run.logs).not.toMatch(/UnhandledPromise|unhandledRejection|ERR_/);
}, 180_000);
