/**
 * What an aggregator makes of a bag's tiles on the coordinator: the loss of a step's bags with its way back into the tiles,
 * and a bag's score. What the workers' graph computes of it is the engine's part of the same name.
 *
 *     pass 1 ──► EmbeddedBag ──loss──► StepLoss.cotangents ──► pass 2
 *                     └──score──► ScoredBag
 */
import type { GradientTask } from '@wsi-operator/protocol';
import type { Bag } from '../aggregate/partial.ts';
import type { Head, BagOutcome } from '../heads/index.ts';

export interface EmbeddedBag extends Bag {
  /** float32 [tiles]; empty unless asked for. */
  readonly attention: Float32Array;
  /** float32 [tiles, d]; empty unless gathered. */
  readonly embeddings: Float32Array;
}

/** Where the loss goes back into the tiles of one bag: for a block of its tiles, from `start` to before `end`. */
export type Cotangent = (block: { start: number; end: number }) => Pick<GradientTask, 'bag' | 'tiles'>;

export interface StepLoss {
  readonly loss: number;
  /** float32 [head.length]. */
  readonly headGradient: Float32Array;
  /** One a bag. */
  readonly cotangents: readonly Cotangent[];
}

export interface ScoredBag {
  /** Cox: the log hazard ratio. Classes: the probability of the positive one; without one, the largest. */
  readonly score: number;
  readonly probabilities?: readonly number[];
  /** One number a tile, the higher the more it weighs: attention weights (softmax over the bag), or tile scores. */
  readonly tileScores: Float32Array;
}

export interface ScoreContext {
  readonly head: Head;
  readonly headParameters: Float32Array;
  /** Index of the class that a score is the probability of; undefined for the head's own score. */
  readonly positive?: number | undefined;
}

/** The bags of a step as its loss sees them. */
export interface StepBags {
  readonly bags: readonly EmbeddedBag[];
  /** In the order of the bags. */
  readonly outcomes: readonly BagOutcome[];
  /** Factor of all gradients, not of the loss that is reported. */
  readonly gradientScale: number;
}

export interface Aggregation {
  /** Whether the coordinator needs the embeddings of all tiles: it then holds N x d numbers a bag. */
  readonly gathers: boolean;
  loss(head: Head, parameters: Float32Array, step: StepBags): StepLoss;
  score(bag: EmbeddedBag, context: ScoreContext): ScoredBag;
}

/** The probability of the positive class, where there is one. */
export function positiveScore(
  positive: number | undefined,
  probabilities: readonly number[] | undefined,
): number | undefined {
  return positive === undefined ? undefined : probabilities?.[positive];
}
