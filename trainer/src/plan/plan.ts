/**
 * The plan of a run: which bags make up each step, and which blocks of tiles each bag is computed in. A pure
 * function of (cohort, tile counts, spec, seed); nothing in it depends on workers, servers or time.
 *
 *     epoch -> steps -> bags -> slides -> blocks (leased) -> shards (one batch of tiles)
 */
import { publicText, RandomStream, WsiError } from '@wsi-operator/foundation';

export interface StepPlan {
  readonly step: number;
  readonly epoch: number;
  /** Indices into the training bags. */
  readonly bags: readonly number[];
  /** Factor of the step's gradient; 1 where it is absent. */
  readonly gradientScale?: number;
}

/**
 * Every epoch visits every bag once, in an order drawn from (seed, epoch). The last step of an epoch may hold fewer
 * bags; when it would hold only one and `minimumBags` is 2 (Cox needs a risk set), that bag joins the step before.
 */
export function planEpoch(
  epoch: number,
  bagCount: number,
  spec: { readonly seed: number; readonly slidesPerStep: number; readonly minimumBags: number },
): number[][] {
  if (bagCount < 1) throw new WsiError('InvalidCohort', publicText`there is no bag to train on`);
  const order = new RandomStream(spec.seed, `epoch/${epoch}/order`).shuffled([...Array(bagCount).keys()]);
  const steps: number[][] = [];
  for (let start = 0; start < order.length; start += spec.slidesPerStep) {
    steps.push(order.slice(start, start + spec.slidesPerStep));
  }
  const last = steps.at(-1);
  const before = steps.at(-2);
  if (last !== undefined && before !== undefined && last.length < spec.minimumBags) {
    before.push(...last);
    steps.pop();
  }
  return steps;
}

/** All steps of the run, numbered from 0, from those of each epoch. */
export function numbered(
  epochs: number,
  epochSteps: (epoch: number) => readonly Omit<StepPlan, 'step' | 'epoch'>[],
): StepPlan[] {
  const steps: StepPlan[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const of of epochSteps(epoch)) steps.push({ step: steps.length, epoch, ...of });
  }
  return steps;
}

/** All steps of the run in random order. */
export function planSteps(
  bagCount: number,
  spec: {
    readonly seed: number;
    readonly epochs: number;
    readonly slidesPerStep: number;
    readonly minimumBags: number;
  },
): StepPlan[] {
  return numbered(spec.epochs, (epoch) => planEpoch(epoch, bagCount, spec).map((bags) => ({ bags })));
}

export interface BlockRange {
  /** Half-open range of tile indices of one slide. */
  readonly start: number;
  readonly end: number;
}

/** A slide's tiles in blocks of `batch * blockShards` consecutive tiles; the last may be ragged. */
export function planBlocks(
  tiles: number,
  spec: { readonly batch: number; readonly blockShards: number },
): BlockRange[] {
  const size = spec.batch * spec.blockShards;
  const blocks: BlockRange[] = [];
  for (let start = 0; start < tiles; start += size)
    blocks.push({ start, end: Math.min(tiles, start + size) });
  return blocks;
}

/** A block's shards: `batch` consecutive tiles; the last may be ragged. Offsets are within the block. */
export function planShards(tiles: number, batch: number): BlockRange[] {
  return planBlocks(tiles, { batch, blockShards: 1 });
}

/** Contiguous, nearly equal ranges of the parameter vector, one a server, aligned to 16 floats (a cache line). */
export function planServerRanges(length: number, servers: number): BlockRange[] {
  if (servers < 1) throw new RangeError('there is at least one server');
  const aligned = Math.ceil(length / servers / 16) * 16;
  return Array.from({ length: servers }, (_, server) => ({
    start: Math.min(length, server * aligned),
    end: Math.min(length, (server + 1) * aligned),
  }));
}
