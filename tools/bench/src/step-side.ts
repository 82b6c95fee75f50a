/** What a side of the comparison of training steps is given, and what it answers. */
import type { BagCotangent, TileNetwork } from '@wsi-operator/engine';

/** One element a step. */
export interface Times {
  readonly seconds: readonly number[];
  readonly processorSeconds: readonly number[];
}

export interface Side {
  readonly name: string;
  run(steps: number): Promise<Times>;
  peakMemoryBytes(): number;
  /** The flat gradient at the first parameters. */
  gradient(): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface Problem {
  readonly network: TileNetwork;
  readonly n: number;
  readonly tiles: Uint8Array;
  readonly parameters: Float32Array;
  readonly bag: BagCotangent;
}

/** So small that the loss stays what it is over all rounds; the work of a step does not depend on it. */
export const LEARNING_RATE = 1e-6;
