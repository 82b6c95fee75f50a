/** The result of a run in plain words: what was measured, on whom, what that is worth, and what to do next. */
import { count, formatInterval, formatLevel, formatShare, shortName } from '../wording.ts';
import { FEW_EVENTS } from '../concordance.ts';
import { FEW_IN_CLASS } from '../roc.ts';
import { predictedColumns, type ClassificationFinding } from './classification.ts';
import type { Estimate } from './estimate.ts';
import type { Evaluation } from './evaluate.ts';
import { nextSteps } from './next-steps.ts';
import type { SurvivalFinding } from './survival.ts';
import type { VerdictKind } from './verdict-kind.ts';

export interface Verdict {
  readonly kind: VerdictKind;
  /** The split that is judged: the most trusted that there is. */
  readonly split: string | undefined;
  readonly measure: 'AUC' | 'mean AUC' | 'C-index' | undefined;
  readonly estimate: Estimate | undefined;
  readonly patients: number;
  /** Survival: patients with an event. */
  readonly events: number | undefined;
  /** `Not distinguishable from chance; 8 patients; predicts one class only` */
  readonly headline: string;
  /** `Test AUC 0.625 (95% CI 0.221 to 0.906), 8 patients: 4 benign, 4 malignant` */
  readonly result: string;
  /** Whole sentences that explain the headline. */
  readonly reasons: readonly string[];
  /** What to do next, the most useful first; whole sentences. */
  readonly next: readonly string[];
}

/** More classes than these are counted, not listed. */
const MANY = 6;

/** An interval longer than this says little, wherever it lies. */
const WIDE = 0.25;

/** Pure. `evaluation` is {@link evaluatePredictions} of all predictions of a run. */
export function verdictOf(whole: Evaluation): Verdict {
  const evaluation = { ...whole, classes: whole.classes.map(shortName) };
  const subject = subjectOf(evaluation);
  if (subject === undefined) {
    return {
      kind: 'none',
      split: undefined,
      measure: undefined,
      estimate: undefined,
      patients: 0,
      events: undefined,
      headline:
        evaluation.unscored > 0
          ? 'No result: no prediction is a number'
          : 'No result: there are no predictions with an outcome',
      result: 'No result',
      reasons: unscoredReason(evaluation),
      next: nextSteps(evaluation, 'none'),
    };
  }
  const { finding, measure, estimate, missing, few, events, population } = subject;
  const kind = kindOf(finding.split, estimate, few);
  const split = splitName(finding.split);
  const oneClass = onlyClass(evaluation, finding);
  const value =
    estimate === undefined
      ? `${measure} undefined`
      : `${measure} ${formatShare(estimate.value)} (${formatLevel(estimate.level)} CI ${formatInterval(estimate)})`;
  const parts = [
    headlineOf(kind, finding.split),
    ...(kind === 'undefined' ? [missing] : []),
    ...(few && kind !== 'undefined' && kind !== 'untested' ? [fewWords(finding, events)] : []),
    ...(oneClass === undefined ? [] : ['predicts one class only']),
  ];
  return {
    kind,
    split: finding.split,
    measure,
    estimate,
    patients: finding.patients,
    events,
    headline: parts.join('; '),
    result: `${split} ${value}, ${population}`,
    reasons: [
      ...reasonsOf(kind, subject),
      ...(oneClass === undefined
        ? []
        : [
            `The model calls every ${split.toLowerCase()} patient “${oneClass}”: no other class is ever the most probable one.`,
          ]),
      ...unscoredReason(evaluation),
    ],
    next: nextSteps(evaluation, kind),
  };
}

interface Subject {
  readonly finding: ClassificationFinding | SurvivalFinding;
  readonly measure: 'AUC' | 'mean AUC' | 'C-index';
  readonly estimate: Estimate | undefined;
  /** Why there is no estimate. */
  readonly missing: string;
  readonly few: boolean;
  readonly events: number | undefined;
  readonly population: string;
  /** What an estimate above chance means. */
  readonly meaning: string;
}

function subjectOf({ classification, survival, classes, positive }: Evaluation): Subject | undefined {
  const [classified] = classification;
  if (classified !== undefined) {
    const { classPatients, area } = classified;
    const present = [...classes.keys()].filter((index) => classPatients[index]! > 0);
    const sizes = present.map(
      (index) => `${classPatients[index]!.toLocaleString('en-US')} ${classes[index]!}`,
    );
    const slides = classified.bags === classified.patients ? '' : ` (${count(classified.bags, 'slide')})`;
    return {
      finding: classified,
      measure: positive === undefined ? 'mean AUC' : 'AUC',
      estimate: area,
      missing: `all ${count(classified.patients, 'patient')} are “${classes[present[0] ?? 0] ?? ''}”`,
      few: Math.min(...present.map((index) => classPatients[index]!)) < FEW_IN_CLASS,
      events: undefined,
      population: `${count(classified.patients, 'patient')}${slides}${sizes.length > MANY ? ` of ${sizes.length} classes` : `: ${sizes.join(', ')}`}`,
      meaning:
        positive === undefined
          ? 'Of a patient of a class and a patient of another, the first gets the higher probability of that class'
          : `A patient with “${classes[positive]!}” gets a higher probability of it than one without`,
    };
  }
  const [survived] = survival;
  if (survived === undefined) return undefined;
  const { patients, events, bags } = survived;
  const slides = bags === patients ? '' : ` (${count(bags, 'slide')})`;
  return {
    finding: survived,
    measure: 'C-index',
    estimate: survived.concordance,
    missing:
      events === 0
        ? `none of ${count(patients, 'patient')} had an event`
        : `no two of ${count(patients, 'patient')} can be compared`,
    few: events < FEW_EVENTS,
    events,
    population: `${count(patients, 'patient')}${slides}, ${count(events, 'event')}`,
    meaning: 'Of two patients, the one with the higher predicted risk has the event first',
  };
}

function kindOf(split: string, estimate: Estimate | undefined, few: boolean): VerdictKind {
  if (estimate === undefined) return 'undefined';
  if (split === 'train') return 'untested';
  const chance = estimate.chance ?? 0.5;
  if (estimate.upper < chance) return 'worse';
  if (estimate.lower <= chance) return 'chance';
  return few || estimate.upper - estimate.lower > WIDE ? 'imprecise' : 'better';
}

function headlineOf(kind: VerdictKind, split: string): string {
  const where = split === 'validation' ? ' on the validation patients' : '';
  switch (kind) {
    case 'none':
    case 'undefined':
      return 'No result';
    case 'untested':
      return 'Not tested on new patients';
    case 'chance':
      return `Not distinguishable from chance${where}`;
    case 'worse':
      return `Worse than chance${where}`;
    case 'imprecise':
      return `Better than chance${where}, but imprecise`;
    case 'better':
      return `Better than chance${where}`;
  }
}

function fewWords({ patients }: { readonly patients: number }, events: number | undefined): string {
  return events === undefined
    ? count(patients, 'patient')
    : `${count(patients, 'patient')}, ${count(events, 'event')}`;
}

function reasonsOf(kind: VerdictKind, { estimate, measure, missing, finding, meaning }: Subject): string[] {
  if (estimate === undefined) return [`The ${measure} does not exist: ${missing}.`];
  const percent =
    estimate.value === 1 ? 'every time' : `about ${Math.round(estimate.value * 100)} of 100 times`;
  const range = `from ${formatShare(estimate.lower)} to ${formatShare(estimate.upper)}`;
  const reasons: Record<VerdictKind, string> = {
    none: '',
    undefined: '',
    untested: 'These patients were trained on: the number says nothing of new ones.',
    chance: `True values ${range} agree with these patients, 0.5 (a coin) among them.`,
    worse: `Every value that agrees with these patients, ${range}, is below 0.5 (a coin): the score points the wrong way.`,
    imprecise: `${meaning} ${percent}; with so few cases true values ${range} agree with that.`,
    better: `${meaning} ${percent}; 50 would be a coin.`,
  };
  return [
    reasons[kind],
    ...(finding.split === 'validation'
      ? ['Choices that were made on the validation patients make this number too good.']
      : []),
  ];
}

/** The class that all patients were given, where that is one. */
function onlyClass(evaluation: Evaluation, finding: Subject['finding']): string | undefined {
  if (!('matrix' in finding)) return undefined;
  const columns = predictedColumns(finding.matrix);
  return columns.length === 1 && finding.cases > 1 ? evaluation.classes[columns[0]!] : undefined;
}

function unscoredReason({ unscored }: Evaluation): string[] {
  return unscored === 0
    ? []
    : [`${count(unscored, 'prediction')} ${unscored === 1 ? 'is' : 'are'} not a number and counted nowhere.`];
}

export function splitName(split: string): string {
  const names: Record<string, string> = { test: 'Test', validation: 'Validation', train: 'Training' };
  return Object.hasOwn(names, split) ? names[split]! : split;
}
