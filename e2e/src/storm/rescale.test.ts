/**
 * Workers come and go in the middle of an epoch, as real processes under the operator's own reconciler: no tile is lost or
 * counted twice, the parameters are the same bytes, and the run does not pause: its blocks go on being done meanwhile.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jobFromText, type WsiTrainingJob } from '@wsi-operator/api';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { runLocalJob, type LocalCluster, type LocalRunResult } from '@wsi-operator/operator';
import pino from 'pino';
import { differences, readOutcome } from './outcome.ts';

/** Long enough for three more engines to start meanwhile on a busy machine. */
const EPOCHS = 5;

let directory: string;
let job: WsiTrainingJob;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-rescale-'));
  const made = await synthesizeCohort({
    ...{ output: join(directory, 'cohort'), slides: 8, width: 1024, height: 1024 },
    ...{ task: 'cooccurrence', seed: 2 },
  });
  job = jobFromText(readFileSync(made.job, 'utf8'), made.job, {
    overrides: [
      `cohort.table=${made.table}`,
      `cohort.slides=${join(directory, 'cohort', 'slides')}`,
      'patches.batch=8',
      `training.epochs=${EPOCHS}`,
      'training.slidesPerStep=3',
      // Of a checkpoint, the blocks would wait.
      'checkpoint.everySteps=1000',
    ],
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function withWorkers(replicas: number): WsiTrainingJob {
  return { ...job, spec: { ...job.spec, workers: { ...job.spec.workers, replicas } } };
}

interface Run {
  readonly output: string;
  readonly done: Promise<LocalRunResult>;
  readonly cluster: Promise<LocalCluster>;
}

function start(name: string, workers: number): Run {
  const output = join(directory, name);
  const cluster = Promise.withResolvers<LocalCluster>();
  const done = runLocalJob({
    job: withWorkers(workers),
    output,
    logger: pino({ level: 'silent' }),
    environment: { ...process.env, WSI_LOG_LEVEL: 'debug' },
    onCluster: cluster.resolve,
  });
  return { output, done, cluster: cluster.promise };
}

/** A task of a training step, from its lease to its end, as the coordinator saw it; milliseconds. */
interface Block {
  readonly task: string;
  readonly worker: number;
  readonly leased: number;
  readonly done: number;
}

function blocksOf(output: string): Block[] {
  const leases = new Map<string, number>();
  const blocks: Block[] = [];
  let text = '';
  try {
    text = readFileSync(join(output, 'logs', `${job.metadata.name}-coordinator-0.log`), 'utf8');
  } catch {
    // It is still starting.
  }
  for (const line of text.split('\n')) {
    if (!line.includes('"task":"step/') || !line.endsWith('}')) continue;
    const { message, task, worker, time } = JSON.parse(line) as Record<string, string> & { worker: number };
    const key = `${worker} ${task}`;
    if (message === 'task leased') leases.set(key, Date.parse(time!));
    if (message === 'task done')
      blocks.push({ task: task!, worker, leased: leases.get(key)!, done: Date.parse(time!) });
  }
  return blocks;
}

/** Waits for the run's blocks to be so. */
async function until(run: Run, holds: (blocks: readonly Block[]) => boolean): Promise<void> {
  const ended = new AbortController();
  void run.done.finally(() => ended.abort(new Error('the run ended first')));
  while (!holds(blocksOf(run.output))) {
    ended.signal.throwIfAborted();
    await delay(20);
  }
}

/** The longest time in which no block was done, between two moments. */
function longestPause(blocks: readonly Block[], from: number, to: number): number {
  const moments = blocks.map(({ done }) => done).filter((done) => done >= from && done <= to);
  return Math.max(...moments.slice(1).map((done, index) => done - moments[index]!));
}

/** How long a worker takes for a block: it has two at once, and computes one after the other. */
function longestBlock(blocks: readonly Block[], worker: number): number {
  const own = blocks.filter((block) => block.worker === worker);
  return Math.max(
    ...own.map(({ leased, done }, index) => done - Math.max(leased, own[index - 1]?.done ?? 0)),
  );
}

it('rescaling 1 -> 4 -> 2 workers computes every tile once, without a pause, to the same bytes', async () => {
  const quiet = start('quiet', 1);
  expect((await quiet.done).outcome).toBe('succeeded');
  const run = start('rescaled', 1);
  const cluster = await run.cluster;
  const scale = (replicas: number): void =>
    cluster.edit((spec) => ({ ...spec, workers: { ...spec.workers, replicas } }));
  await until(run, (blocks) => blocks.length > 20);
  const from = Date.now();
  scale(4);
  await until(run, (blocks) => new Set(blocks.map(({ worker }) => worker)).size === 4);
  scale(2);
  const scaled = Date.now();
  await until(run, (blocks) => blocks.filter(({ done }) => done > scaled).length > 20);
  while (cluster.pids('worker').length > 2) await delay(20);
  const to = Date.now();
  await until(run, (blocks) => blocks.filter(({ done }) => done > to).length > 5);
  expect((await run.done).outcome).toBe('succeeded');

  const outcome = readOutcome(run.output);
  expect(differences(readOutcome(quiet.output), outcome)).toEqual([]);
  const blocks = blocksOf(run.output);
  const planned = blocksOf(quiet.output).map(({ task }) => task);
  expect(blocks.map(({ task }) => task).sort()).toEqual(planned.sort());
  expect(longestPause(blocks, from, to)).toBeLessThan(2 * longestBlock(blocks, 0));
}, 900_000);
