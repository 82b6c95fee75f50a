/** What a worker's time goes into, in a real run: coordinator, server and one worker on a synthetic cohort. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wsi } from './run-wsi.ts';

export interface WorkerShareRow {
  readonly bench: 'worker-share';
  readonly tilesPerSecond: number;
  readonly trainingSeconds: number;
  /** Seconds of each phase over all processes; reading and decoding overlap with computing. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
  /** Seconds inside TensorFlow over the seconds of training; the last evaluation counts above only. */
  readonly computingShare: number;
}

interface Result {
  readonly tilesPerSecond: number;
  readonly trainingSeconds: number;
  readonly phaseSeconds: Readonly<Record<string, number>>;
}

const COHORT = [
  '--slides',
  '12',
  '--width',
  '2048',
  '--height',
  '2048',
  '--task',
  'cooccurrence',
  '--seed',
  '1',
];
const RUN = ['--workers', '1', '--servers', '1', '--set', 'spec.training.epochs=8'];

/** @throws WsiError `EngineFailed` with what the run printed, when it fails */
export async function benchWorkerShare(threads: number): Promise<WorkerShareRow> {
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bench-run-'));
  try {
    const cohort = join(directory, 'cohort');
    const output = join(directory, 'output');
    await wsi(['synth', '--output', cohort, ...COHORT]);
    const threadSetting = ['--set', `spec.training.threads=${threads}`];
    await wsi(['run', join(cohort, 'job.yaml'), '--output', output, ...RUN, ...threadSetting]);
    const result = JSON.parse(await readFile(join(output, 'result.json'), 'utf8')) as Result;
    const { tilesPerSecond, trainingSeconds, phaseSeconds } = result;
    const computing = (phaseSeconds['forward'] ?? 0) + (phaseSeconds['backward'] ?? 0);
    const computingShare = computing / trainingSeconds;
    return { bench: 'worker-share', tilesPerSecond, trainingSeconds, phaseSeconds, computingShare };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
