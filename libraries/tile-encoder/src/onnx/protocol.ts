/** What an ONNX encoder and its thread say to each other. */
import type { ErrorCode } from '@wsi-operator/foundation';
import type { OnnxOptions } from './onnx-options.ts';

export interface ThreadData {
  /** Of the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: OnnxOptions;
  /** Pixels along a tile's side. */
  readonly tileSize: number;
}

/** Tiles to embed, uint8 [n, s, s, 3]. */
export interface OnnxRequest {
  readonly id: number;
  readonly tiles: Uint8Array;
  readonly n: number;
}

/** Of the answer that says that the model is loaded, and D. */
export const LOADED = 0;

export type OnnxAnswer = { readonly id: number } & (
  | { readonly size: number }
  /** float32 [n, D]. */
  | { readonly embeddings: Float32Array<ArrayBuffer> }
  | {
      readonly error: {
        readonly code: ErrorCode;
        readonly problem: string;
        readonly where: string | undefined;
        readonly remedy: string | undefined;
      };
    }
);
