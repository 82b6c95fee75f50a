/** What a reader of a verdict should do next. */
import { FEW_EVENTS } from '../concordance.ts';
import { normalQuantile } from '../distributions.ts';
import { count, formatShare } from '../wording.ts';
import { predictedColumns } from './classification.ts';
import type { Evaluation } from './evaluate.ts';
import type { VerdictKind } from './verdict-kind.ts';

const FOLDS =
  'Test every patient once: run `cohort.split: {folds: 5, fold: 0}` to `fold: 4`, and compare the five results.';

/** Whole sentences, the most useful first. */
export function nextSteps(evaluation: Evaluation, kind: VerdictKind): string[] {
  switch (kind) {
    case 'none':
      return ['Look at the log of the run: it made no predictions that could be compared with an outcome.'];
    case 'undefined':
      return [
        evaluation.survival.length > 0
          ? 'Hold more patients with an event out: a larger `cohort.split.test`, or longer follow-up.'
          : 'Hold patients of every class out: a larger `cohort.split.test`, or a split column with all classes in it.',
        FOLDS,
      ];
    case 'untested':
      return [
        'Hold patients out: `cohort.split: {test: 0.25}`, or give patients who were never trained on to `wsi predict`.',
      ];
    case 'worse':
      return [
        evaluation.survival.length > 0
          ? 'Check the event column (1 = it happened, 0 = censored) and that training and test patients are of one kind.'
          : 'Check the classes of the table, and that training and test patients are of one kind (site, scanner, stain).',
        FOLDS,
      ];
    case 'chance':
      return [...sampleSize(evaluation), ...learned(evaluation), FOLDS];
    case 'imprecise':
      return [...thresholdStep(evaluation), FOLDS, ...confirm()];
    case 'better':
      return [...thresholdStep(evaluation), ...confirm()];
  }
}

function confirm(): string[] {
  return [
    'Check the heatmaps: does the model attend to the regions that a pathologist would?',
    'Confirm it on patients of another hospital or scanner with `wsi predict`, without training again.',
  ];
}

/** Ranks that separate the classes do not help whoever reads the most probable class. */
function thresholdStep({ classification }: Evaluation): string[] {
  const [finding] = classification;
  if (finding === undefined || predictedColumns(finding.matrix).length !== 1) return [];
  return [
    'Do not use the predicted class: choose a threshold of the probability on training or validation patients first.',
  ];
}

/** What to change depends on whether the training patients were learned. */
function learned({ classification, survival }: Evaluation): string[] {
  const inTraining = <Finding extends { readonly split: string }>(
    findings: readonly Finding[],
  ): Finding | undefined => findings.find(({ split }) => split === 'train');
  const area = inTraining(classification)?.area ?? inTraining(survival)?.concordance;
  if (area === undefined) return [];
  const name = survival.length > 0 ? 'C-index' : 'AUC';
  const value = `${name} ${formatShare(area.value)}`;
  return area.value >= 0.8
    ? [
        `It learned its training patients (${value}), but not anything that is seen to hold for others: more patients, fewer \`training.epochs\`, or \`training.augmentation: flips\`.`,
      ]
    : [
        `It has not learned its training patients either (${value}): more \`training.epochs\`, another \`training.optimizer.learningRate\`; see the loss.`,
      ];
}

function sampleSize({ classification, survival }: Evaluation): string[] {
  const [classified] = classification;
  if (classified?.area !== undefined) {
    const { patients, classPatients } = classified;
    const share = Math.max(...classPatients) / classPatients.reduce((sum, size) => sum + size, 0);
    const needed = patientsToTell(0.7, share);
    return needed <= patients
      ? []
      : [
          `Test more patients: to tell an AUC of 0.7 from chance takes about ${count(roundUp(needed), 'patient')} of these classes, not ${patients}.`,
        ];
  }
  const [survived] = survival;
  if (survived?.standardError === undefined || survived.concordance === undefined) return [];
  const few = `Test more patients: ${count(survived.events, 'event')} cannot settle a C-index.`;
  if (survived.events < FEW_EVENTS / 2 || survived.standardError === 0) return [few];
  const needed = survived.events * ((survived.standardError * powerFactor()) / 0.15) ** 2;
  return needed <= survived.events
    ? []
    : [
        `Test more patients: to tell a C-index of 0.65 from chance takes about ${count(roundUp(needed), 'event')}, not ${survived.events}.`,
      ];
}

/**
 * Patients for whom a 95% interval leaves out 0.5 with a probability of 80% when the area is `area`, by Hanley and
 * McNeil's (1982) variance.
 *
 * @param share of the patients who are on one side, between 0 and 1
 */
export function patientsToTell(area: number, share: number): number {
  if (!(share > 0 && share < 1)) return Infinity;
  const error = (theta: number, patients: number): number => {
    const [m, n] = [share * patients, (1 - share) * patients];
    const one = theta / (2 - theta);
    const two = (2 * theta * theta) / (1 + theta);
    const square = theta * theta;
    return Math.sqrt((theta * (1 - theta) + (m - 1) * (one - square) + (n - 1) * (two - square)) / (m * n));
  };
  const [critical, power] = [normalQuantile(0.975), normalQuantile(0.8)];
  let patients = 4;
  while (patients < 1e6 && critical * error(0.5, patients) + power * error(area, patients) > area - 0.5) {
    patients = Math.ceil(patients * 1.02);
  }
  return patients;
}

function powerFactor(): number {
  return normalQuantile(0.975) + normalQuantile(0.8);
}

/** To two digits: more would pretend to know. */
function roundUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}
