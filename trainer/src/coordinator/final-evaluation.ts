/** What follows training: predictions for every bag at the final version, heatmaps, the result's files. */
import { join } from 'node:path';
import type { WsiTrainingJob } from '@wsi/api';
import type { Logger } from '@wsi/foundation';
import type { Measurement } from '@wsi/protocol';
import type { S3Store } from '@wsi/slides';
import type { UsageMeter } from '../usage.ts';
import type { PlannedBag } from './bags.ts';
import { bagsAtOnce, evaluateBag } from './evaluation.ts';
import { writeHeatmaps } from './heatmaps.ts';
import { mapLimited } from './limited.ts';
import type { Model } from './model.ts';
import type { Progress } from './progress.ts';
import type { QuarantinedSlide } from './quarantine.ts';
import { resultOf, writeResult } from './result.ts';
import type { ServerGroup } from './server-group.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Heatmaps are for looking at: this many bags, test bags first. */
const heatmapBags = 12;

export interface FinalContext {
  readonly job: WsiTrainingJob;
  readonly output: string;
  readonly bags: readonly PlannedBag[];
  /** Slides that the run left out. */
  readonly quarantined: readonly QuarantinedSlide[];
  readonly model: Model;
  readonly servers: ServerGroup;
  readonly pool: WorkerPool;
  readonly store: S3Store;
  readonly progress: Progress;
  readonly usage: UsageMeter;
  measured(): Measurement | undefined;
  readonly logger: Logger;
}

export async function evaluateRun(context: FinalContext): Promise<void> {
  const { bags, model, servers, pool, progress, job, output } = context;
  progress.begin('evaluating', bags.length);
  const version = progress.step;
  const headParameters = await servers.pull(version, model.space.bodyLength, model.space.length);
  const aggregator = job.spec.model.aggregator.name;
  const evaluated = await mapLimited(bags, bagsAtOnce, async (bag, index) => {
    const result = await evaluateBag(
      bag,
      index,
      { head: model.head, aggregator, headParameters },
      { pool, name: 'evaluation', version, priority: version + 1, tileScores: true },
    );
    progress.advance();
    return result;
  });
  const pictured = bags
    .map((bag, index) => ({ bag, evaluated: evaluated[index]! }))
    .sort((a, b) => splitOrder(a.bag) - splitOrder(b.bag))
    .slice(0, heatmapBags);
  await context.usage.timedAsync('heatmaps', () =>
    writeHeatmaps(join(output, 'heatmaps'), pictured, context),
  );
  const predictions = evaluated.map(({ prediction }) => prediction);
  const result = resultOf({
    job,
    progress,
    predictions,
    quarantined: context.quarantined,
    workers: pool.usages().map(({ usage }) => usage),
    servers: servers.usages(),
    coordinator: context.usage.read(),
    measurement: context.measured(),
    restarts: { coordinator: 0, server: servers.restarts, worker: pool.restarts },
  });
  for (const [name, value] of Object.entries(result.metrics)) progress.metrics[name] = value;
  await writeResult(output, result, predictions);
}

function splitOrder({ case: { split } }: PlannedBag): number {
  return ['test', 'validation', 'train'].indexOf(split);
}
