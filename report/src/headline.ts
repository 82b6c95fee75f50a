/** The key result in a sentence or two, with its uncertainty and what it does not say. */
import type { ClassificationFinding, Estimate, SurvivalFinding } from './findings.ts';
import { count, formatInterval, formatPercent, formatPValue, formatShare, sentenceCase } from './format.ts';

export interface Headline {
  /** The number that the page shows large. */
  readonly figure: string;
  readonly label: string;
  readonly sentences: readonly string[];
}

/** @param classes names by index */
export function headlineOf(
  classification: readonly ClassificationFinding[],
  survival: readonly SurvivalFinding[],
  classes: readonly string[],
): Headline | undefined {
  const [classified] = classification;
  if (classified !== undefined) return classificationHeadline(classified, classes);
  const [followed] = survival;
  return followed && survivalHeadline(followed);
}

function classificationHeadline(finding: ClassificationFinding, classes: readonly string[]): Headline {
  const { correct, cases, accuracy } = finding.accuracy;
  const right = `${correct} of ${cases} are classified correctly (${formatPercent(accuracy)}; 95% CI ${formatPercent(finding.accuracy.lower)} to ${formatPercent(finding.accuracy.upper)}).`;
  const [area] = finding.areas;
  if (classes.length !== 2 || area === undefined) {
    return {
      figure: formatShare(accuracy),
      label: `accuracy, ${finding.split}`,
      sentences: [`Among ${populationOf(finding)}, ${right}`, ...caveat(finding.split)],
    };
  }
  return {
    figure: formatShare(area.area.value),
    label: `AUC, ${finding.split}`,
    sentences: [
      `On ${populationOf(finding)}, the model tells “${classes[1]!}” from “${classes[0]!}” with an area under the ROC curve of ${withInterval(area.area)}.`,
      sentenceCase(right),
      ...caveat(finding.split),
    ],
  };
}

function survivalHeadline(finding: SurvivalFinding): Headline {
  const { concordance, groupings } = finding;
  const byRisk = groupings[0]?.test;
  return {
    figure: concordance === undefined ? '–' : formatShare(concordance.value),
    label: `C-index, ${finding.split}`,
    sentences: [
      concordance === undefined
        ? `Among ${populationOf(finding)}, no two can be compared: the C-index is undefined.`
        : `On ${populationOf(finding)} with ${count(finding.events, 'event')}, the predicted risk orders the survival times with a C-index of ${withInterval(concordance)}.`,
      ...(byRisk === undefined
        ? []
        : [`Patients predicted at high and at low risk: log-rank ${formatPValue(byRisk.pValue)}.`]),
      ...caveat(finding.split),
    ],
  };
}

function withInterval(estimate: Estimate): string {
  // Of a perfect order the jackknife's variance is zero: that is no certainty.
  if (estimate.lower === estimate.upper)
    return `${formatShare(estimate.value)} (no interval can be estimated)`;
  return `${formatShare(estimate.value)} (95% CI ${formatInterval(estimate)})`;
}

function populationOf({ split, patients, bags }: { split: string; patients: number; bags: number }): string {
  const names: Record<string, string> = {
    test: 'held-out test',
    validation: 'validation',
    train: 'training',
  };
  const of = names[split] === undefined ? '' : `${names[split]} `;
  const slides = bags === patients ? '' : ` (${count(bags, 'bag')})`;
  return `${patients.toLocaleString('en-US')} ${of}patient${patients === 1 ? '' : 's'}${slides}`;
}

function caveat(split: string): string[] {
  if (split === 'train')
    return ['These are the patients the model was trained on: this says nothing of new ones.'];
  if (split === 'validation') return ['Choices made on these patients make this number too good.'];
  return [];
}
