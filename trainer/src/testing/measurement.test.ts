/** What a run of real processes says of itself: the same numbers everywhere, and such that they can be true. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { createLogger } from '@wsi-operator/foundation';
import type { Measurement, StatusReply, Window } from '@wsi-operator/protocol';
import { CheckpointDirectory, type Checkpoint } from '../checkpoint/checkpoint.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

interface Line {
  readonly step: number;
  readonly tiles?: number;
  readonly window?: Window & { readonly from: number };
}

let directory: string;
let job: WsiTrainingJob;
let run: RoleProcesses | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-measurement-'));
  job = await smallJob(directory, [
    'patches.batch=5',
    'training.epochs=40',
    'training.slidesPerStep=2',
    'checkpoint={everySteps: 30}',
  ]);
});
afterEach(() => run?.close());
afterAll(() => rm(directory, { recursive: true, force: true }));

async function start(workers: number): Promise<RoleProcesses> {
  run = await RoleProcesses.start({
    job,
    output: join(directory, 'run'),
    workers,
    servers: 2,
    environment: { WSI_WINDOW_MILLISECONDS: '500' },
  });
  return run;
}

async function metrics(): Promise<Line[]> {
  const text = await readFile(join(directory, 'run', 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** A reply that has closed windows of this many workers. */
async function measured(
  of: RoleProcesses,
  workers: number,
): Promise<StatusReply & { measurement: Measurement }> {
  const reply = await of.until(({ measurement }) => measurement?.window?.workers === workers);
  return { ...reply, measurement: reply.measurement! };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

it('the measurement agrees in Status, metrics.jsonl and the checkpoint, with all tiles and phases of the steps', async () => {
  const first = await start(2);
  const { measurement } = await measured(first, 2);
  const { window, workload, memory } = measurement;
  expect(workload).toMatchObject({ patchSize: job.spec.patches.size, batch: 5 });
  expect(measurement.device).toBe('cpu');
  expect(measurement.joinSeconds).toBeGreaterThan(0);
  expect(measurement.workers.map(({ replica }) => replica).sort()).toEqual([0, 1]);
  for (const worker of measurement.workers) {
    expect(worker.tilesPerSecond).toBeGreaterThan(0);
    expect(worker.residentBytes).toBeGreaterThan(50e6);
    expect(worker.peakResidentBytes).toBeLessThanOrEqual(memory['worker']!.peakBytes);
  }
  for (const role of ['coordinator', 'server', 'worker']) {
    const { residentBytes, peakBytes, peaks } = memory[role]!;
    expect(residentBytes).toBeGreaterThan(10e6);
    expect(peakBytes).toBeGreaterThanOrEqual(residentBytes);
    expect(peaks.length).toBeGreaterThan(0);
  }
  // A change of the size ends the window; the run goes on with the worker that is left, then with both again.
  first.kill('worker', 1);
  await first.until(
    (status) => status.measurement?.observations.some(({ workers }) => workers === 1) === true,
  );
  expect(await first.stop()).toBe(143);

  const lines = await metrics();
  const windows = lines.flatMap((line) => line.window ?? []);
  expect(windows.map(({ from: _from, ...line }) => line)).toContainEqual(window);
  const tilesOf = new Map(
    lines.flatMap((line) => (line.tiles === undefined ? [] : [[line.step, line.tiles]])),
  );
  let next = 0;
  for (const line of lines) {
    if (line.window === undefined) continue;
    const {
      from,
      tiles,
      steps,
      seconds,
      workers,
      phaseSeconds,
      tilesPerSecond,
      bytesSent,
      processorSeconds,
    } = line.window;
    expect(line.step - from).toBe(steps);
    expect(from).toBeGreaterThanOrEqual(next);
    expect(tiles).toBe(sum([...Array(steps).keys()].map((index) => tilesOf.get(from + index)!)));
    expect(tilesPerSecond).toBeCloseTo(tiles / seconds, 6);
    // Every block's gradient goes to the servers, all of it.
    expect(bytesSent % workload.parameterBytes).toBe(0);
    expect(bytesSent).toBeGreaterThan(0);
    expect(processorSeconds).toBeGreaterThan(0);
    // Each worker's messages may be late by one message at each end of a window.
    const share = sum(Object.values(phaseSeconds)) / (workers * seconds);
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(1.3);
    expect(phaseSeconds['forward']).toBeGreaterThan(0);
    expect(phaseSeconds['backward']).toBeGreaterThan(0);
    next = line.step;
  }

  const { cursor } = await newestCheckpoint();
  const stored = cursor.measurement as { observations: Measurement['observations'] };
  expect(stored.observations.map(({ workers }) => workers).sort()).toEqual([1, 2]);
  // A later start knows what this one measured before it has measured anything itself.
  const second = await start(1);
  const resumed = await second.until(({ step, measurement: has }) => step >= cursor.step && Boolean(has));
  const both = resumed.measurement!.observations.find(({ workers }) => workers === 2);
  expect(both).toEqual(stored.observations.find(({ workers }) => workers === 2));
}, 240_000);

async function newestCheckpoint(): Promise<Checkpoint> {
  const path = join(directory, 'run', 'checkpoints');
  const newest = await new CheckpointDirectory(path, createLogger({ role: 'test' })).newest();
  if (newest === undefined) throw new Error('there is no checkpoint');
  return newest;
}
