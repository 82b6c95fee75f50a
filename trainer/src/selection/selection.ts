/**
 * Which epoch of a run is kept, by a metric of the validation set (`spec.training.selection`). Pure functions of what was
 * measured after each epoch so far; so a run that goes back or starts again comes to the same choice.
 */
import { SELECTION_METRICS, type SelectionMetric } from '@wsi-operator/api';

/** What was measured after an epoch. */
export interface EpochScore {
  readonly epoch: number;
  /** The version that was evaluated: steps applied. */
  readonly version: number;
  /** The selection's metric; undefined where it is not defined for these predictions. */
  readonly value?: number | undefined;
}

export interface SelectionRule {
  readonly metric: SelectionMetric;
  /** Epochs in a row without a better one after which training ends. */
  readonly patience?: number | undefined;
}

export interface Selected {
  /** The best epoch; of equal ones the earliest. Undefined while the metric was never defined. */
  readonly best: EpochScore | undefined;
  /** Epochs since the best one. */
  readonly waited: number;
  /** Whether patience has run out: training ends with the last of the epochs. */
  readonly exhausted: boolean;
}

/** @param scores in the order of the epochs */
export function select(scores: readonly EpochScore[], { metric, patience }: SelectionRule): Selected {
  let best: EpochScore | undefined;
  let waited = 0;
  for (const score of scores) {
    waited += 1;
    if (!isBetter(score.value, best?.value, metric)) continue;
    best = score;
    waited = 0;
  }
  return { best, waited, exhausted: patience !== undefined && waited >= patience };
}

function isBetter(value: number | undefined, than: number | undefined, metric: SelectionMetric): boolean {
  if (value === undefined || !Number.isFinite(value)) return false;
  if (than === undefined) return true;
  return SELECTION_METRICS[metric].better === 'higher' ? value > than : value < than;
}

/** The scores with one more; those of this version and later ones are replaced by it. */
export function withScore(scores: readonly EpochScore[], score: EpochScore): EpochScore[] {
  return [...scores.filter(({ version }) => version < score.version), score];
}

/** How the choice reads in the result and in the report. */
export interface WrittenSelection extends SelectionRule {
  /** Numbered from 0, as in `metrics.jsonl`. */
  readonly epoch: number;
  readonly step: number;
  readonly value: number;
  /** Epochs that were trained, and that were to be trained. */
  readonly trainedEpochs: number;
  readonly epochs: number;
  readonly reason: string;
}

/** @returns undefined while nothing can be chosen */
export function writtenSelection(
  scores: readonly EpochScore[],
  rule: SelectionRule,
  epochs: number,
): WrittenSelection | undefined {
  const { best, exhausted } = select(scores, rule);
  if (best?.value === undefined) return undefined;
  const trainedEpochs = Math.max(...scores.map(({ epoch }) => epoch)) + 1;
  const { metric, patience } = rule;
  const { epoch, version, value } = best;
  const end =
    exhausted && trainedEpochs < epochs
      ? `training ended after ${trainedEpochs} of ${epochs} epochs, ${patience} in a row of which were not better`
      : `all ${epochs} epochs were trained`;
  const extreme = SELECTION_METRICS[metric].better === 'higher' ? 'highest' : 'lowest';
  const reason = `epoch ${epoch + 1} has the ${extreme} ${metric} of the validation set (${value}); ${end}`;
  return { ...rule, epoch, step: version, value, trainedEpochs, epochs, reason };
}
