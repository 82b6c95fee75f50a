/** How well the predictions agree with the outcomes. */
import {
  splitName,
  type ClassificationFinding,
  type Estimate,
  type SurvivalFinding,
  type SurvivalGroups,
} from '@wsi-operator/statistics';
import { followUp, type FollowUp } from '../follow-up.ts';
import type { Judgement } from '../judge.ts';
import { count, formatInterval, formatNumber, formatPValue, formatShare } from '../format.ts';
import { html, type Content, type Markup } from '../markup.ts';
import type { Run } from '../run.ts';
import { confusionChart, shortened } from '../svg/confusion-chart.ts';
import { rocChart } from '../svg/roc-chart.ts';
import { survivalChart } from '../svg/survival-chart.ts';
import { absent, card, section, table } from './section.ts';

export function outcomeSection(run: Run, judgement: Judgement): Markup {
  const { evaluation } = judgement;
  const { classification, survival } = evaluation;
  const parts = [
    ...(classification.length === 0 ? [] : classificationParts(judgement)),
    ...(survival.length === 0 ? [] : survivalParts(survival, run)),
  ];
  const reason = run.missing['predictions.json'] ?? 'predictions.json holds no predictions with an outcome.';
  return section('results', 'Results', parts.length === 0 ? absent(reason) : parts);
}

function classificationParts({ evaluation, classes }: Judgement): Markup[] {
  const { classification: findings, positive } = evaluation;
  const rows = findings.map((finding): Content[] => [
    splitName(finding.split),
    patientsText(finding),
    areaText(finding, classes),
    estimate(finding.accuracy),
    shareOfLargest(finding, classes),
    balancedText(finding),
    brierText(finding),
  ]);
  const areas = findings.flatMap(({ area, areas: each }) => [area, ...each.map((one) => one.area)]);
  return [
    table(
      [
        'Split',
        'Patients',
        positive === undefined ? 'AUC, each class against the rest (95% CI)' : 'AUC (95% CI)',
        'Accuracy (95% CI)',
        'Accuracy of always the same class',
        'Balanced accuracy (95% CI)',
        'Brier score (0 is best; of the classes’ shares alone)',
      ],
      rows,
    ),
    html`<p class="note">
      ${
        positive === undefined
          ? 'The mean AUC is over the classes.'
          : `Positive class: “${classes[positive]!}”, of which a score is the probability (cohort.outcome.positive; unless given, the second in sorted order).`
      }
      Accuracy: the most probable class is the actual one. ${unitWords(findings[0]!)} Intervals:
      ${methodsOf(areas)}${
        areas.some((area) => area !== undefined) && ' for the AUC; '
      }${findings[0]!.accuracy.method}
      for the
      accuracy${
        findings[0]!.balancedInterval !== undefined && ', and from those of the classes for the balanced one'
      }.
      ${trainingWords(findings)}
    </p>`,
    html`<div class="grid-2">
      ${[rocCard(findings, classes), ...findings.map((finding) => confusionCard(finding, classes))]}
    </div>`,
  ];
}

function balancedText({
  balancedAccuracy: value,
  balancedInterval: interval,
}: ClassificationFinding): Content {
  if (value === undefined) return '–';
  return interval === undefined ? formatShare(value) : estimate({ value, ...interval });
}

function brierText({ brier, brierOfShares }: ClassificationFinding): string {
  if (brier === undefined || brierOfShares === undefined) return '–';
  return `${formatShare(brier)} (${formatShare(brierOfShares)})`;
}

/** The numbers of those who were trained on look like results. */
function trainingWords(findings: readonly { readonly split: string }[]): string | false {
  return (
    findings.some(({ split }) => split === 'train') &&
    'Training: the model was fitted to these patients, so their numbers and p-values say nothing of new ones.'
  );
}

function patientsText({ patients, classPatients, bags }: ClassificationFinding): string {
  const slides = bags === patients ? '' : `, ${count(bags, 'slide')}`;
  return `${patients.toLocaleString('en-US')} (${classPatients.join(' + ')}${slides})`;
}

/** What needs no model at all: the class that most of these cases have. */
function shareOfLargest({ matrix, cases }: ClassificationFinding, classes: readonly string[]): string {
  const sizes = matrix.map((row) => row.reduce((sum, value) => sum + value, 0));
  const largest = Math.max(...sizes);
  return `${formatShare(largest / cases)} (${classes[sizes.indexOf(largest)]!})`;
}

function unitWords({ unit, bags, patients }: ClassificationFinding): string {
  if (unit === 'slide') {
    return 'Slides of a patient differ in class: slides are counted, and the intervals take those of a patient together.';
  }
  return bags === patients ? '' : 'The slides of a patient are averaged: every patient counts once.';
}

function methodsOf(estimates: readonly (Estimate | undefined)[]): string {
  return [...new Set(estimates.flatMap((one) => one?.method ?? []))].join('; ');
}

function areaText({ areas }: ClassificationFinding, classes: readonly string[]): Content {
  if (areas.length === 0) return 'none: one class only';
  if (areas.length === 1) return estimate(areas[0]!.area);
  return areas.map(({ index, area }) => html`<div>${classes[index]}: ${estimate(area)}</div>`);
}

function rocCard(findings: readonly ClassificationFinding[], classes: readonly string[]): Markup | undefined {
  const several = findings.some(({ areas }) => areas.length > 1);
  // One curve a split; with more classes than two the curves of the most trusted split, one a class.
  const series = several
    ? findings[0]!.areas.map(({ index, area, curve }, colour) => ({
        name: shortened(classes[index]!, 30),
        value: formatShare(area.value),
        points: curve,
        colour,
      }))
    : findings.flatMap(({ split, areas }, colour) =>
        areas.map(({ area, curve }) => ({
          name: shortened(splitName(split), 30),
          value: formatShare(area.value),
          points: curve,
          colour,
        })),
      );
  if (series.length === 0) return undefined;
  return card(
    several ? `ROC, ${findings[0]!.split}: each class against the rest` : 'ROC',
    rocChart('Receiver operating characteristic', series),
    'True positive rate: share of patients with the class who are above a threshold; false positive rate: of those without. The number beside a name is the area under its curve. Dashed: chance.',
    findings.length > 1 ? 'tall' : '',
  );
}

function confusionCard(
  { split, matrix, cases, unit }: ClassificationFinding,
  classes: readonly string[],
): Markup {
  return card(
    `Confusion matrix, ${split}`,
    confusionChart(`Confusion matrix of the ${split} split`, matrix, classes),
    `${count(cases, unit)}, each at the most probable class. Shade and percentage: share of the actual class.`,
  );
}

function survivalParts(findings: readonly SurvivalFinding[], run: Run): Markup[] {
  const words = followUp(run);
  const rows = findings.map((finding): Content[] => [
    splitName(finding.split),
    finding.bags === finding.patients
      ? finding.patients
      : `${finding.patients} (${count(finding.bags, 'slide')})`,
    finding.events,
    finding.concordance === undefined ? 'none: no comparable pair' : estimate(finding.concordance),
    finding.groupings[0]?.test === undefined ? '–' : formatPValue(finding.groupings[0].test.pValue),
  ]);
  const curves = findings.flatMap(({ split, groupings }, place) =>
    groupings
      .filter(({ groups }, index) => groups.length > 0 && (place === 0 || index === 0))
      .map((grouping) => survivalCard(grouping, split, words)),
  );
  return [
    table(
      ['Split', 'Patients', 'Patients with an event', 'C-index (95% CI)', 'High against low risk (log-rank)'],
      rows,
    ),
    html`<p class="note">
      ${words.event === undefined ? '' : `Event: ${words.event}. `}A higher log hazard ratio means that the
      event is expected earlier. High risk: above ${formatNumber(findings[0]!.cut)}, the median of the
      training patients; low risk: up to it. Every patient counts
      once${findings.some(({ bags, patients }) => bags !== patients) && ', with the mean over the slides'}.
      Intervals: ${methodsOf(findings.map(({ concordance }) => concordance))}. Curves: Kaplan-Meier with 95%
      bands, ticks where follow-up was censored. ${trainingWords(findings)}
    </p>`,
    html`<div class="grid-2">${curves}</div>`,
  ];
}

function survivalCard({ title, groups, test }: SurvivalGroups, split: string, words: FollowUp): Markup {
  const events = groups.reduce((sum, { curve }) => sum + curve.events, 0);
  const rough = events < 10 ? ' With so few events p is rough.' : '';
  return card(
    `Survival ${title} (${split})`,
    survivalChart(
      `Kaplan-Meier curves ${title}, ${split}`,
      groups.map(({ name, curve }, colour) => ({
        name: `${shortened(name, 30)} (${curve.cases})`,
        curve,
        colour,
      })),
      words.time,
    ),
    test === undefined
      ? 'No log-rank test: there are not two groups with events to compare.'
      : `${split === 'train' ? 'Patients of the training, to whom the model was fitted. ' : ''}Log-rank test: χ² = ${test.chiSquared.toFixed(2)}, ${count(test.degreesOfFreedom, 'degree')} of freedom, ${formatPValue(test.pValue)}.${rough} In brackets: patients.`,
  );
}

function estimate({ value, lower, upper }: Pick<Estimate, 'value' | 'lower' | 'upper'>): Markup {
  const [number, interval] = [formatShare(value), `(${formatInterval({ lower, upper })})`];
  return html`<span><span class="whole">${number}</span> <span class="whole">${interval}</span></span>`;
}
