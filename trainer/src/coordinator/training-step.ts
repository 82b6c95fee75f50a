/**
 * One training step: the exact gradient of the step's loss by every parameter, in constant memory.
 *
 *     pass 1   every block of every bag -> partial aggregate -> bag embeddings z
 *     loss     on the z of the step's bags, here on the coordinator -> dL/dz, the head's gradient
 *     pass 2   every block again, recording -> gradient of the body, pushed to the parameter servers as one leaf
 *
 * The leaves are the step's blocks in their planned order; the parameter servers sum them over the canonical tree.
 */
import { RandomStream } from '@wsi/foundation';
import { bytesOf, type GradientTask } from '@wsi/protocol';
import { addInto, reduceTree } from '../aggregate/tree.ts';
import { instanceLossAndGradient, type Head } from '../heads/index.ts';
import { oriented, type BagBlock, type PlannedBag } from './bags.ts';
import { embedBag, type EmbeddedBag } from './embedding.ts';
import type { StepPlan } from './plan.ts';
import type { TaskPool } from './finished-tasks.ts';

export interface StepContext {
  readonly pool: TaskPool;
  readonly bags: readonly PlannedBag[];
  readonly head: Head;
  readonly aggregator: 'attention' | 'mean' | 'instance';
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

/** Where the loss goes back into the tiles of one bag. */
type Cotangent = (block: { start: number; end: number }) => Pick<GradientTask, 'bag' | 'tiles'>;

export async function computeStep(
  plan: StepPlan,
  version: number,
  context: StepContext,
): Promise<ComputedStep> {
  const bags = plan.bags.map((index) => context.bags[index]!);
  const seeds = plan.bags.map((bag) => orientationSeed(context, plan.epoch, bag));
  const gather = context.aggregator === 'instance';
  const embedded = await Promise.all(
    bags.map((bag, index) =>
      embedBag(bag, index, {
        pool: context.pool,
        name: `step/${plan.step}`,
        version,
        priority: plan.step,
        gather,
        attention: false,
        orientationSeed: seeds[index]!,
      }),
    ),
  );
  const parameters = await context.headParameters(version);
  const { loss, headGradient, cotangents } = gather
    ? instanceLoss(context.head, parameters, embedded, bags)
    : bagLoss(context.head, parameters, embedded, bags);
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

interface StepLoss {
  readonly loss: number;
  readonly headGradient: Float32Array;
  /** One a bag. */
  readonly cotangents: readonly Cotangent[];
}

function bagLoss(
  head: Head,
  parameters: Float32Array,
  embedded: readonly EmbeddedBag[],
  bags: readonly PlannedBag[],
): StepLoss {
  const { loss, parameterGradient, embeddingGradients } = head.lossAndGradient(
    parameters,
    embedded.map(({ embedding }) => embedding),
    bags.map(({ outcome }) => outcome),
  );
  const cotangents = embedded.map(({ embedding, logSumExp }, index): Cotangent => {
    const bag = {
      gradient: bytesOf(Float32Array.from(embeddingGradients[index]!)),
      embedding: bytesOf(Float32Array.from(embedding)),
      logSumExp,
    };
    return () => ({ bag });
  });
  return { loss, headGradient: parameterGradient, cotangents };
}

function instanceLoss(
  head: Head,
  parameters: Float32Array,
  embedded: readonly EmbeddedBag[],
  bags: readonly PlannedBag[],
): StepLoss {
  const losses = embedded.map(({ embeddings }, index) =>
    instanceLossAndGradient(head, parameters, embeddings, bags[index]!.outcome, 1 / bags.length),
  );
  return {
    loss: losses.reduce((sum, { loss }) => sum + loss, 0),
    headGradient: reduceTree(
      losses.map(({ parameterGradient }) => parameterGradient),
      addInto,
    ),
    cotangents: losses.map(({ cotangent }): Cotangent => {
      const size = head.embeddingSize;
      return ({ start, end }) => ({ tiles: bytesOf(cotangent.subarray(start * size, end * size)) });
    }),
  };
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
