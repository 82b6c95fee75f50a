/**
 * One training step: the exact gradient of the step's loss by every parameter, in constant memory.
 *
 *     pass 1   every block of every bag -> partial aggregate -> bag embeddings z
 *     loss     on the z of the step's bags, here on the coordinator -> dL/dz, the head's gradient
 *     pass 2   every block again, recording -> gradient of the body, pushed to the parameter servers as one leaf
 *
 * A bag is what has one outcome (the slides of a patient, or a slide); a block is some consecutive tiles of a slide, what one task computes.
 * The leaves are the step's blocks in their planned order; the parameter servers sum them over the canonical tree: in an order
 * that their number alone decides, not who computed them or when. What the loss gives back to the tiles of a bag (`cotangent`)
 * is the aggregator's: `aggregators/aggregation.ts`.
 */
import type { AggregatorName } from '@wsi-operator/api';
import { RandomStream } from '@wsi-operator/foundation';
import type { TaskPool } from '../../scoring/task-pool.ts';
import { aggregations } from '../../aggregators/index.ts';
import type { Head } from '../../heads/index.ts';
import { oriented, type BagBlock, type PlannedBag } from '../../plan/bags.ts';
import { embedBag } from '../../scoring/embedding.ts';
import type { StepPlan } from '../../plan/plan.ts';

export interface StepContext {
  readonly pool: TaskPool;
  readonly bags: readonly PlannedBag[];
  readonly head: Head;
  readonly aggregator: AggregatorName;
  readonly seed: number;
  readonly augmentation: 'none' | 'flips';
  /** float32 [head.length] of a version. */
  headParameters(version: number): Promise<Float32Array>;
  pushHead(step: number, gradient: Float32Array): Promise<void>;
}

export interface ComputedStep {
  readonly loss: number;
  /** Leaves that the parameter servers hold now. */
  readonly leaves: number;
  readonly tiles: number;
}

export async function computeStep(
  plan: StepPlan,
  version: number,
  context: StepContext,
): Promise<ComputedStep> {
  const bags = plan.bags.map((index) => context.bags[index]!);
  const seeds = plan.bags.map((bag) => orientationSeed(context, plan.epoch, bag));
  const aggregation = aggregations[context.aggregator];
  const embedded = await Promise.all(
    bags.map((bag, index) =>
      embedBag(bag, index, {
        pool: context.pool,
        name: `step/${plan.step}`,
        version,
        priority: plan.step,
        gather: aggregation.gathers,
        attention: false,
        orientationSeed: seeds[index]!,
      }),
    ),
  );
  const parameters = await context.headParameters(version);
  const { loss, headGradient, cotangents } = aggregation.loss(context.head, parameters, {
    bags: embedded,
    outcomes: bags.map(({ outcome }) => outcome),
    gradientScale: plan.gradientScale ?? 1,
  });
  const work = bags.flatMap((bag, index) =>
    placedBlocks(bag).map((placed) => ({ ...placed, seed: seeds[index]!, cotangent: cotangents[index]! })),
  );
  await Promise.all([
    context.pushHead(plan.step, headGradient),
    ...work.map(({ block, start, end, seed, cotangent }, leaf) =>
      context.pool.run(
        {
          id: `step/${plan.step}/gradient/${leaf}`,
          version,
          gradient: {
            block: oriented(block.block, seed),
            step: plan.step,
            leaf,
            leaves: work.length,
            ...cotangent({ start, end }),
          },
        },
        { priority: plan.step, affinity: block.affinity, subject: block.block.slide },
      ),
    ),
  ]);
  return { loss, leaves: work.length, tiles: bags.reduce((sum, { tiles }) => sum + tiles, 0) };
}

/** A bag's blocks with the half-open range of the bag's tiles that each holds. */
function placedBlocks(bag: PlannedBag): { block: BagBlock; start: number; end: number }[] {
  let start = 0;
  return bag.blocks.map((block) => {
    const placed = { block, start, end: start + block.tiles };
    start += block.tiles;
    return placed;
  });
}

/** 0 leaves tiles as they are; both passes of a step must see the same tiles, so it depends on epoch and bag only. */
function orientationSeed(context: StepContext, epoch: number, bag: number): number {
  if (context.augmentation === 'none') return 0;
  return new RandomStream(context.seed, `epoch/${epoch}/orientation/${bag}`).integer(0xffffffff) + 1;
}
