/** What a prediction is in the files of `wsi predict` (pure). */
import { HEADS, type OutcomeType } from '@wsi-operator/api';
import { csvText } from '@wsi-operator/cohort';
import { canonicalJson, sha256, type WsiError } from '@wsi-operator/foundation';
import type { BagPrediction, Predictor } from '@wsi-operator/trainer';

/** Which model made the results of a directory, and what they mean: `model.json`. */
export interface ModelCard {
  readonly format: 1;
  readonly checkpoint: string;
  readonly step: number;
  readonly parametersSha256: string;
  readonly head: string;
  /** Of a survival model none. */
  readonly classes: readonly string[];
  /** What a score is, as a sentence. */
  readonly score: string;
  /** What one prediction is for. */
  readonly bag: 'patient' | 'slide';
  /** Of all that decides the numbers: another model's results do not belong beside these. */
  readonly sha256: string;
}

/** An entry of `predictions.json`: as of a run, with what a prediction adds. */
export interface PredictionRecord {
  readonly patient?: string;
  readonly bag: string;
  /** Those that the score is of. */
  readonly slides: readonly string[];
  /** On which side the training had patient or slides: null when it had neither, absent when that is not known. */
  readonly split?: string | null;
  readonly score: number;
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly tiles: number;
  /** Slides of the bag that could not be used: the score is of the others. */
  readonly leftOut?: readonly string[];
  readonly files: readonly SlideFiles[];
}

export interface SlideFiles {
  readonly slide: string;
  readonly tiles: string;
  readonly heatmap?: string;
}

/** An entry of `failures.json`. */
export interface FailureRecord {
  readonly slide: string;
  readonly patient?: string;
  readonly code: string;
  readonly problem: string;
  readonly remedy?: string;
}

export function modelCard(predictor: Predictor, bag: ModelCard['bag']): ModelCard {
  const { checkpoint, step, parametersSha256, description } = predictor;
  const { cacheBytes: _memoryOnly, ...patches } = description.patches;
  const deciding = { parametersSha256, bag, ...description, patches };
  return {
    format: 1,
    checkpoint,
    step,
    parametersSha256,
    head: description.head.name,
    classes: description.classes,
    score: scoreMeaning(predictor),
    bag,
    sha256: sha256(canonicalJson(deciding)),
  };
}

function scoreMeaning({ description, positive }: Predictor): string {
  const meanings: Readonly<Record<OutcomeType, string>> = {
    survival: 'log hazard ratio: the higher, the earlier the event is expected',
    classification:
      positive === undefined
        ? 'the largest of the probabilities of the classes'
        : `probability of the class '${positive}'`,
  };
  return meanings[HEADS[description.head.name].outcome];
}

export function predictionRecord(
  prediction: BagPrediction,
  card: ModelCard,
  about: {
    readonly files: readonly SlideFiles[];
    readonly leftOut: readonly string[];
    readonly isKnown: boolean;
  },
): PredictionRecord {
  const { bag, slides, score, probabilities, tiles, split } = prediction;
  const { patient } = bag;
  return {
    ...(patient === undefined ? {} : { patient }),
    bag: bag.bag,
    slides: slides.map(({ slide }) => slide),
    ...(about.isKnown ? { split: split ?? null } : {}),
    score,
    ...(probabilities === undefined ? {} : { probabilities: named(card.classes, probabilities) }),
    tiles,
    ...(about.leftOut.length > 0 ? { leftOut: about.leftOut } : {}),
    files: about.files,
  };
}

function named(classes: readonly string[], probabilities: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, index) => [name, probabilities[index]!]));
}

export function failureRecord(slide: string, error: WsiError, patient?: string): FailureRecord {
  const { code, problem, remedy } = error;
  return {
    slide,
    ...(patient === undefined ? {} : { patient }),
    code,
    problem,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** The class with the largest probability. */
export function likeliest({ probabilities }: PredictionRecord): string | undefined {
  const entries = Object.entries(probabilities ?? {});
  return (
    entries.reduce((best, entry) => (entry[1] > best[1] ? entry : best), entries[0] ?? ['', 0])[0] ||
    undefined
  );
}

/**
 * `predictions.csv`: a row a bag, for spreadsheets and statistics. Names come from tables and files of others: one that a
 * spreadsheet would compute gets an apostrophe; `predictions.json` has it as it is.
 */
export function asCsv(records: readonly PredictionRecord[], classes: readonly string[]): string {
  const header = ['patient', 'bag', 'slides', 'split', 'score', 'tiles', 'left_out'];
  if (classes.length > 0) header.push('class', ...classes.map((name) => `probability of ${name}`));
  const rows = records.map((record) => [
    record.patient ?? '',
    record.bag,
    record.slides.join(';'),
    record.split === undefined ? 'unknown' : (record.split ?? 'new'),
    String(record.score),
    String(record.tiles),
    (record.leftOut ?? []).join(';'),
    ...(classes.length > 0
      ? [likeliest(record) ?? '', ...classes.map((name) => String(record.probabilities?.[name] ?? ''))]
      : []),
  ]);
  return csvText([header, ...rows].map((row) => row.map(inert)));
}

/** https://owasp.org/www-community/attacks/CSV_Injection; numbers, and signs alone (a class `+`), are no formulas. */
function inert(cell: string): string {
  const isFormula = /^[=@\t\r]/.test(cell) || (/^[+-]./s.test(cell) && !Number.isFinite(Number(cell)));
  return isFormula ? `'${cell}` : cell;
}
