/** What an engine and its thread say to each other. */
import type { ErrorCode } from '@wsi-operator/foundation';
import type { Tiles } from '../network/input.ts';
import type { Network } from '../network/network.ts';

export interface EngineThreadData {
  readonly network: Network;
  readonly threads: number;
  readonly device: 'cpu' | 'gpu';
}

/** Parameters are named by a number that the engine gives them. */
export type EngineCall =
  | { readonly kind: 'load'; readonly parameters: number; readonly data: Float32Array }
  | { readonly kind: 'release'; readonly parameters: number }
  | { readonly kind: 'embed'; readonly parameters: number; readonly tiles: Tiles; readonly n: number }
  | {
      readonly kind: 'attentionGradient';
      readonly parameters: number;
      readonly tiles: Tiles;
      readonly n: number;
      readonly bagGradient: Float32Array;
      readonly bagEmbedding: Float32Array;
      readonly logSumExp: number;
    }
  | {
      readonly kind: 'embeddingGradient';
      readonly parameters: number;
      readonly tiles: Tiles;
      readonly n: number;
      readonly cotangent: Float32Array;
    }
  | { readonly kind: 'close' };

export interface EngineRequest {
  readonly id: number;
  readonly call: EngineCall;
}

export interface ThreadError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly publicMessage: string;
  readonly stack: string | undefined;
}

/** Results are in the order of the program's outputs. The first answer, with id 0, says that the thread is ready. */
export interface EngineAnswer {
  readonly id: number;
  readonly result?: readonly Float32Array[];
  readonly error?: ThreadError;
  /** Seconds inside TensorFlow, its copies in and out included. */
  readonly seconds: number;
  /** Tensors that TensorFlow holds for the engine after the call: its parameter sets. */
  readonly tensors: number;
}
