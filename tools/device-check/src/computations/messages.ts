/** What the process of a computation is asked, once, and what it answers. Each computation has a process of its own. */
import type { TileNetwork } from '@wsi-operator/engine';

export interface Subject {
  readonly network: TileNetwork;
  /** Tiles a call. */
  readonly batch: number;
  readonly device: 'cpu' | 'gpu';
  /** TensorFlow's threads within an operation. */
  readonly threads: number;
}

/** A bag whose gradient is compared: `tiles` of it in shards of `batch`. */
export interface GradientSubject extends Subject {
  readonly tiles: number;
  /** The file of the flat gradient, float32 [layout.length], which is too long for a message. */
  readonly file: string;
}

export type ComputationRequest =
  /** The gradient of a bag by two passes over its shards on the device, into the file. */
  | ({ readonly kind: 'gradient' } & GradientSubject)
  /** Compares the file with the whole bag in one graph, in float64 and on the processor. */
  | ({ readonly kind: 'reference' } & GradientSubject)
  /** What one call gives, as digests. */
  | ({ readonly kind: 'bytes' } & Subject)
  /** The same, then tiles a second, each for so long, and the bytes again. */
  | ({ readonly kind: 'speed'; readonly seconds: number } & Subject);

export interface GradientWritten {
  readonly kind: 'gradient';
}

/** Relative to a gradient in float64, in the Euclidean norm: |g - r| / |r|. */
export interface GradientErrors {
  readonly overall: number;
  /** Of the tensor where it is largest. */
  readonly worst: { readonly tensor: string; readonly error: number };
  /** Of slopes along random directions: |<g, v> - slope| over the root of its mean square, |g| |v| / sqrt(length). */
  readonly slope: number;
}

export interface GradientComparison {
  readonly kind: 'reference';
  /** Of the device. */
  readonly device: GradientErrors;
  /** Of the same bag in one graph in float32 on the processor: what rounding alone does to this network. */
  readonly rounding: GradientErrors;
}

export interface BytesComputed {
  readonly kind: 'bytes';
  /** SHA-256 of embeddings, scores and gradient, one for each time that they were computed. */
  readonly digests: readonly string[];
}

export interface SpeedMeasured {
  readonly kind: 'speed';
  readonly digests: readonly string[];
  readonly forwardTilesPerSecond: number;
  readonly gradientTilesPerSecond: number;
  /** Processors busy on average while it was measured, of this process: 1 is one whole processor. */
  readonly processors: number;
  /** The share of that time in which the engine's thread computed; the rest is messages between threads. */
  readonly engineShare: number;
  /** Peak resident memory of the process. */
  readonly peakMemoryBytes: number;
}

export type ComputationAnswer = GradientWritten | GradientComparison | BytesComputed | SpeedMeasured;

/** Before the answer: the time that is measured begins or ends. */
export interface Progress {
  readonly kind: 'begins' | 'ends';
}

export interface ComputationFailed {
  readonly kind: 'failed';
  readonly message: string;
}

export type ComputationMessage = ComputationAnswer | Progress | ComputationFailed;
