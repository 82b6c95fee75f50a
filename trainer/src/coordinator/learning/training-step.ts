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
import type { TaskPool } from '../../scoring/task-pool.ts';
import { aggregations } from '../../aggregators/index.ts';
import type { Head } from '../../heads/index.ts';
import { augmentationOf, type AugmentationSettings } from '../../plan/augmentation.ts';
import { augmented, type BagBlock, type PlannedBag } from '../../plan/bags.ts';
import { embedBag } from '../../scoring/embedding.ts';
import type { StepPlan } from '../../plan/plan.ts';

export interface StepContext {
  readonly pool: TaskPool;
  readonly bags: readonly PlannedBag[];
  readonly head: Head;
  readonly aggregator: AggregatorName;
  readonly training: AugmentationSettings;
  /** How many parameters encoder and aggregator have. */
  readonly bodyLength: number;
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
  const augmentations = plan.bags.map((bag, index) =>
    augmentationOf(context.training, plan.epoch, { index: bag, ...bags[index]! }),
  );
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
        augmentation: augmentations[index]!,
      }),
    ),
  );
  const parameters = await context.headParameters(version);
  const { loss, headGradient, cotangents } = aggregation.loss(context.head, parameters, {
    bags: embedded,
    outcomes: bags.map(({ outcome }) => outcome),
    gradientScale: plan.gradientScale ?? 1,
  });
  // Where the body has no parameters the second pass would add nothing.
  const learning = context.bodyLength === 0 ? [] : bags;
  const work = learning.flatMap((bag, index) =>
    placedBlocks(bag).map((placed) => ({
      ...placed,
      augmentation: augmentations[index]!,
      cotangent: cotangents[index]!,
    })),
  );
  await Promise.all([
    context.pushHead(plan.step, headGradient),
    ...work.map(({ block, start, end, augmentation, cotangent }, leaf) =>
      context.pool.run(
        {
          id: `step/${plan.step}/gradient/${leaf}`,
          version,
          gradient: {
            block: augmented(block.block, augmentation),
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
