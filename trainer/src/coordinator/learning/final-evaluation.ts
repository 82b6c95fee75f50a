/** What follows training: predictions for every bag at the final version, heatmaps, the result's files. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGGREGATORS, type WsiTrainingJob } from '@wsi-operator/api';
import { type Logger, mapLimited } from '@wsi-operator/foundation';
import type { Measurement } from '@wsi-operator/protocol';
import type { TileSource } from '../../tile-source/index.ts';
import { bagsAtOnce } from '../../scoring/score-bag.ts';
import type { UsageMeter } from '../../usage.ts';
import type { PlannedBag } from '../../plan/bags.ts';
import { lastEpochLoss } from './epoch-loss.ts';
import { EVALUATED } from '../../plan/workload.ts';
import { countedTasks } from '../leases/counted-tasks.ts';
import { evaluateBag } from './evaluation.ts';
import { writeHeatmaps } from './heatmaps.ts';
import { positiveIndex, type Model } from '../../plan/model.ts';
import type { StepPlan } from '../../plan/plan.ts';
import type { Progress } from '../run/progress.ts';
import type { QuarantinedSlide } from '../survey/quarantine.ts';
import { resultOf, writeResult } from './result.ts';
import type { WrittenSelection } from '../../selection/selection.ts';
import { writtenPredictions } from './result-evaluation.ts';
import type { ServerGroup } from '../run/server-group.ts';
import type { WorkerPool } from '../leases/worker-pool.ts';

/** Heatmaps are made for this many bags only, test bags first. */
const heatmapBags = 12;

export interface FinalContext {
  readonly job: WsiTrainingJob;
  readonly output: string;
  /** Of the parameters: the last one, or that of the chosen epoch. */
  readonly version: number;
  readonly selection: WrittenSelection | undefined;
  readonly bags: readonly PlannedBag[];
  /** Those that were trained. */
  readonly steps: readonly StepPlan[];
  /** Slides that the run left out. */
  readonly quarantined: readonly QuarantinedSlide[];
  readonly notes: readonly string[];
  readonly model: Model;
  readonly servers: ServerGroup;
  readonly pool: WorkerPool;
  readonly source: Pick<TileSource, 'picture'>;
  readonly progress: Progress;
  readonly usage: UsageMeter;
  measured(): Measurement | undefined;
  readonly logger: Logger;
}

export async function evaluateRun(context: FinalContext): Promise<void> {
  const { bags, model, servers, pool, progress, job, output, version } = context;
  progress.begin(
    'evaluating',
    bags.reduce((sum, { tiles }) => sum + tiles * EVALUATED, 0),
  );
  const averaged = job.spec.training.averaging !== undefined;
  const headParameters = await servers.pull(version, model.space.bodyLength, model.space.length, averaged);
  const aggregator = job.spec.model.aggregator.name;
  const counted = countedTasks(pool, { taskDone: (_unit, tiles) => progress.advance(tiles) }, 'evaluation');
  const head = { head: model.head, aggregator, headParameters, positive: positiveIndex(model.description) };
  const lease = {
    pool: counted,
    name: 'evaluation',
    version,
    averaged,
    priority: version + 1,
    tileScores: true,
  };
  const evaluate = (bag: PlannedBag, index: number): ReturnType<typeof evaluateBag> =>
    evaluateBag(bag, index, head, lease);
  const evaluated = await mapLimited(bags, bagsAtOnce, evaluate, { leaveRunning: true });
  const pictured = bags
    .map((bag, index) => ({ bag, evaluated: evaluated[index]! }))
    .sort((a, b) => splitOrder(a.bag) - splitOrder(b.bag))
    .slice(0, heatmapBags);
  await context.usage.timedAsync('heatmaps', () =>
    writeHeatmaps(join(output, 'heatmaps'), pictured, {
      ...context,
      kind: AGGREGATORS[aggregator].heatmap,
    }),
  );
  const predictions = evaluated.map(({ prediction }) => prediction);
  const result = resultOf({
    job,
    progress,
    predictions,
    model: model.description,
    quarantined: context.quarantined,
    notes: context.notes,
    selection: context.selection,
    workers: pool.usages().map(({ usage }) => usage),
    servers: servers.usages(),
    coordinator: context.usage.read(),
    measurement: context.measured(),
    epochLoss: await epochLossOf(context),
    restarts: { coordinator: 0, server: servers.restarts, worker: pool.restarts },
  });
  for (const [name, value] of Object.entries(result.metrics)) progress.metrics[name] = value;
  await writeResult(output, result, writtenPredictions(predictions, model.description));
}

async function epochLossOf({ output, steps, bags }: FinalContext): Promise<number | undefined> {
  // A log that is gone costs this number, not the result.
  const text = await readFile(join(output, 'metrics.jsonl'), 'utf8').catch(() => '');
  return lastEpochLoss(
    text,
    steps,
    bags.filter((bag) => bag.case.split === 'train'),
  );
}

function splitOrder({ case: { split } }: PlannedBag): number {
  return ['test', 'validation', 'train'].indexOf(split);
}
