/** Real processes, sized by what is measured of them: workers join, and the parameters stay the same bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jobFromText, type WsiTrainingJob, type WsiTrainingJobStatus } from '@wsi-operator/api';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { runLocalJob, type LocalRunResult, type PlanEvent } from '@wsi-operator/operator';
import pino from 'pino';
import { localRun } from '../commands/explain.ts';
import { explanation } from './explanation.ts';

const EVERY_STEPS = 4;
/** A machine that is busy with other things takes its time. */
const PATIENCE_MILLISECONDS = 300_000;
const logger = pino({ level: 'silent' });
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-autoscaled-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function jobWith(...set: readonly string[]): Promise<WsiTrainingJob> {
  const cohort = join(directory, 'cohort');
  const made = { output: cohort, slides: 8, width: 448, height: 384, task: 'cooccurrence', seed: 2 } as const;
  const { job, table } = await synthesizeCohort(made);
  const overrides = [
    `cohort.table=${table}`,
    `cohort.slides=${join(cohort, 'slides')}`,
    'patches.batch=5',
    'training.epochs=10000',
    'training.slidesPerStep=2',
    `checkpoint={everySteps: ${EVERY_STEPS}, keep: 1000}`,
    'workers.replicas=1',
    ...set,
  ];
  return jobFromText(readFileSync(job, 'utf8'), job, { overrides });
}

/** Runs the job until the status is as it should be, then stops it in order. */
async function runUntil(
  job: WsiTrainingJob,
  output: string,
  reached: (status: WsiTrainingJobStatus) => boolean,
  events: PlanEvent[] = [],
): Promise<LocalRunResult> {
  const stop = new AbortController();
  return runLocalJob({
    job,
    output,
    logger,
    signal: stop.signal,
    environment: { ...process.env, WSI_WINDOW_MILLISECONDS: '500' },
    onEvents: (news) => events.push(...news),
    onStatus: (status) => {
      if (reached(status)) stop.abort();
    },
  });
}

function digestAt(output: string, step: number): string {
  const name = `step-${String(step).padStart(8, '0')}`;
  const cursor: unknown = JSON.parse(readFileSync(join(output, 'checkpoints', name, 'cursor.json'), 'utf8'));
  return (cursor as { parametersSha256: string }).parametersSha256;
}

function checkpoints(output: string): number[] {
  return readdirSync(join(output, 'checkpoints')).flatMap((name) => {
    const step = Number(/^step-(\d+)$/.exec(name)?.[1] ?? NaN);
    return step % EVERY_STEPS === 0 ? [step] : [];
  });
}

it(
  'grows while it trains, says why, and computes the same bytes as a run of a fixed size',
  async () => {
    const autoscaled = join(directory, 'autoscaled');
    const events: PlanEvent[] = [];
    let grownAt: number | undefined;
    const job = await jobWith(
      'autoscaling={objective: throughput, maximumWorkers: 4, stabilisationSeconds: 0, tolerance: 0}',
    );
    const end = await runUntil(
      job,
      autoscaled,
      ({ workers, progress }) => {
        const step = progress?.step ?? 0;
        if ((workers?.ready ?? 0) > 1) grownAt ??= step;
        return grownAt !== undefined && step >= grownAt + 2 * EVERY_STEPS;
      },
      events,
    );
    expect(end.outcome).toBe('suspended');
    const { decisions = [], changes = 0 } = end.status.autoscaling ?? {};
    const rescaled = events.filter(({ reason }) => reason === 'Rescaled').map(({ message }) => message);
    expect(rescaled[0]).toMatch(
      /^1 -> [2-4] workers: [\d.]+ -> [\d.]+ tiles\/s predicted, efficiency \d\.\d\d/,
    );
    expect(decisions.filter(({ what }) => what === 'workers').map(({ reason }) => reason)).toEqual(rescaled);
    expect(changes).toBe(rescaled.length);
    const explained = explanation(await localRun(autoscaled), [], Date.now());
    expect(explained.autoscaled).toBe(true);
    expect(explained.sizes.find(({ workers }) => workers === 1)?.measured).toBe(true);

    const fixed = join(directory, 'fixed');
    const last = Math.max(...checkpoints(autoscaled));
    expect(last).toBeGreaterThan(grownAt ?? Infinity);
    const other = await runUntil(
      await jobWith('workers.replicas=1'),
      fixed,
      ({ checkpoint }) => (checkpoint?.step ?? 0) >= last,
    );
    expect(other.outcome).toBe('suspended');
    expect(digestAt(autoscaled, last)).toMatch(/^[0-9a-f]{64}$/);
    expect(digestAt(autoscaled, last)).toBe(digestAt(fixed, last));
  },
  2 * PATIENCE_MILLISECONDS,
);
