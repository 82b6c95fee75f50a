/**
 * The memory of a worker does not grow with the slide: a 20,000 x 20,000 slide takes what a 2,000 x 2,000 one does,
 * with the same bound on the cache of decoded pixels. Measured by the run itself: the peak of the process.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RoleProcesses } from './role-processes.ts';
import { syntheticJob } from './synthetic-job.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-memory-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** One epoch over two slides of this side, on one worker. */
async function train(side: number, coverage: number): Promise<{ tiles: number; worker: number }> {
  const job = await syntheticJob({
    directory: join(directory, `cohort-${side}`),
    slides: 2,
    width: side,
    height: side,
    task: 'survival',
    seed: 1,
    coverage,
    motifs: 8,
    testFraction: 0,
    set: ['cohort.split={test: 0, validation: 0}', 'training.epochs=1', 'training.slidesPerStep=2'],
  });
  const run = await RoleProcesses.start({
    job,
    output: join(directory, `run-${side}`),
    workers: 1,
    servers: 1,
  });
  const code = await run.finished;
  await run.close();
  expect(`${code} ${code === 0 ? '' : run.logs.slice(-2000)}`).toBe('0 ');
  const text = await readFile(join(run.output, 'result.json'), 'utf8');
  const { tiles, peakMemoryBytes } = JSON.parse(text) as {
    tiles: number;
    peakMemoryBytes: { worker: number };
  };
  return { tiles, worker: peakMemoryBytes.worker };
}

it('a worker needs as much memory for a slide of 20,000 x 20,000 as for one of 2,000 x 2,000', async () => {
  const small = await train(2_000, 0.15);
  const large = await train(20_000, 0.05);
  expect(large.tiles).toBeGreaterThan(small.tiles * 30);
  // The peak of a process is never below what Node and TensorFlow take to start.
  expect(small.worker).toBeGreaterThan(100e6);
  expect(large.worker / small.worker).toBeLessThan(1.15);
}, 240_000);
