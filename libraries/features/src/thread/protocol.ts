/** What a reader or writer of features and its thread say to each other. */
import type { ErrorCode } from '@wsi-operator/foundation';
import type { FeatureFile } from '../feature-file.ts';
import type { FeatureContent } from '../layouts/content.ts';

export type FeatureCall =
  | { readonly kind: 'describe'; readonly path: string }
  | { readonly kind: 'survey'; readonly path: string }
  | { readonly kind: 'places'; readonly path: string }
  | { readonly kind: 'rows'; readonly path: string; readonly start: number; readonly count: number }
  | { readonly kind: 'create'; readonly path: string; readonly content: FeatureContent }
  | { readonly kind: 'append'; readonly features: Float32Array; readonly coordinates: Float64Array }
  | { readonly kind: 'finish' };

export interface FeatureAnswers {
  readonly describe: FeatureFile;
  readonly survey: {
    readonly file: FeatureFile;
    readonly coordinates: Float64Array;
    readonly digest: string;
    readonly zeroRows: number;
  };
  readonly places: Float64Array;
  readonly rows: Float32Array;
  readonly create: null;
  readonly append: null;
  readonly finish: null;
}

export interface FeatureRequest {
  readonly id: number;
  readonly call: FeatureCall;
}

/** The parts of a WsiError; `shown` is its public message. */
export interface ThreadError {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly where?: string;
  readonly remedy?: string;
  readonly shown: string;
  /** Whether the library failed in a way that it does not foresee. */
  readonly isFault: boolean;
}

/** The id of the thread's first word: HDF5 is loaded. */
export const READY = 0;

/** With neither a result nor an error: a part of the work is done. */
export interface FeatureAnswer {
  readonly id: number;
  readonly result?: FeatureAnswers[keyof FeatureAnswers];
  readonly error?: ThreadError;
}
