/** What a run left, as the report reads it. Every part may be missing: a run can be under way, or have failed. */
import type { CaseOutcome } from '@wsi-operator/statistics';
import type { JsonRecord } from './json-shape.ts';
import type { Box } from './svg/attention-map.ts';

export interface Run {
  readonly directory: string;
  /** `result.json`; undefined while the run has not finished. */
  readonly result: JsonRecord | undefined;
  /** The job's name, and where the run is: from `job.json` and `status.json`, as far as they are there. */
  readonly name?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly steps: readonly StepMetrics[];
  readonly evaluations: readonly Evaluation[];
  readonly predictions: readonly Prediction[];
  readonly heatmaps: readonly Heatmap[];
  /** Slides with a heatmap in the index, of which the report shows the first ones. */
  readonly heatmapCount: number;
  /** Why a part is missing, by file name. */
  readonly missing: Readonly<Record<string, string>>;
}

export interface RunStatus {
  /** `Running`, `Failed`, ... */
  readonly phase: string | undefined;
  readonly message: string | undefined;
  readonly step: number | undefined;
  readonly steps: number | undefined;
  readonly epoch: number | undefined;
  readonly epochs: number | undefined;
  /** Time left, as the status says it. */
  readonly eta: string | undefined;
  /** When it was written, ISO 8601. */
  readonly at: string | undefined;
}

export interface StepMetrics {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number | undefined;
  readonly tilesPerSecond: number | undefined;
  /** Unix milliseconds. */
  readonly time: number | undefined;
}

export interface Evaluation {
  readonly epoch: number;
  readonly split: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** As it is evaluated, a class with its name. */
export type NamedOutcome =
  | (Extract<CaseOutcome, { readonly type: 'classification' }> & { readonly name: string })
  | Extract<CaseOutcome, { readonly type: 'survival' }>;

export interface Prediction {
  readonly patient: string;
  readonly bag: string;
  readonly slides: readonly string[];
  readonly split: string;
  readonly outcome: NamedOutcome;
  readonly treatment: string | undefined;
  /** Survival: log hazard ratio. Classification: the probability of the positive class, else the largest. NaN: none. */
  readonly score: number;
  readonly probabilities: readonly number[] | undefined;
  /** Names of the classes that the probabilities are of, where the file gives them. */
  readonly classes?: readonly string[] | undefined;
}

export interface Heatmap {
  readonly slide: string;
  readonly split: string;
  readonly outcome: string | undefined;
  readonly score: number | undefined;
  /** Data URI. */
  readonly picture: string;
  readonly width: number;
  readonly height: number;
  readonly tiles: readonly Box[];
  readonly attention: readonly number[];
  /** Of the whole bag; undefined in runs of an older version. */
  readonly bagTiles: number | undefined;
}
