/** What a run left, as the report reads it. Every part may be missing: a run can be under way, or have failed. */
import type { JsonRecord } from './json-shape.ts';
import type { Box } from './svg/attention-map.ts';

export interface Run {
  readonly directory: string;
  /** `result.json`; undefined while the run has not finished. */
  readonly result: JsonRecord | undefined;
  readonly steps: readonly StepMetrics[];
  readonly evaluations: readonly Evaluation[];
  readonly predictions: readonly Prediction[];
  readonly heatmaps: readonly Heatmap[];
  /** Slides with a heatmap in the index, of which the report shows the first ones. */
  readonly heatmapCount: number;
  /** Why a part is missing, by file name. */
  readonly missing: Readonly<Record<string, string>>;
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

export type Outcome =
  | { readonly type: 'classification'; readonly name: string; readonly index: number }
  | { readonly type: 'survival'; readonly time: number; readonly event: boolean };

export interface Prediction {
  readonly patient: string;
  readonly bag: string;
  readonly slides: readonly string[];
  readonly split: string;
  readonly outcome: Outcome;
  readonly treatment: string | undefined;
  /** Survival: log hazard ratio. Two classes: probability of class 1. More: the largest probability. */
  readonly score: number;
  readonly probabilities: readonly number[] | undefined;
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
}

/** Splits in the order of trust: what the model never saw comes first. */
export const SPLIT_ORDER = ['test', 'validation', 'train'];

/** The items by split, in the order of trust; splits of other names come last. */
export function bySplit<Item extends { readonly split: string }>(items: readonly Item[]): [string, Item[]][] {
  const rank = (split: string): number => (SPLIT_ORDER.includes(split) ? SPLIT_ORDER.indexOf(split) : 99);
  return [...Map.groupBy(items, ({ split }) => split)].sort(([a], [b]) => rank(a) - rank(b));
}
