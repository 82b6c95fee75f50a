/** How well the predictions agree with the outcomes. */
import type { ClassificationFinding, Estimate, SurvivalFinding } from '../findings.ts';
import { count, formatInterval, formatPValue, formatShare } from '../format.ts';
import { html, type Content, type Markup } from '../markup.ts';
import type { Run } from '../run.ts';
import { confusionChart } from '../svg/confusion-chart.ts';
import { rocChart } from '../svg/roc-chart.ts';
import { survivalChart } from '../svg/survival-chart.ts';
import { absent, card, section, table } from './section.ts';

export function outcomeSection(
  run: Run,
  classification: readonly ClassificationFinding[],
  survival: readonly SurvivalFinding[],
  classes: readonly string[],
): Markup {
  const parts = [
    ...(classification.length === 0 ? [] : classificationParts(classification, classes)),
    ...(survival.length === 0 ? [] : survivalParts(survival)),
  ];
  const reason = run.missing['predictions.json'] ?? 'predictions.json holds no predictions with an outcome.';
  return section('results', 'Results', parts.length === 0 ? absent(reason) : parts);
}

function classificationParts(
  findings: readonly ClassificationFinding[],
  classes: readonly string[],
): Markup[] {
  const rows = findings.map((finding): Content[] => [
    finding.split,
    finding.patients,
    areaText(finding),
    estimate({ ...finding.accuracy, value: finding.accuracy.accuracy, method: 'Wilson' }),
    finding.balancedAccuracy === undefined ? '–' : formatShare(finding.balancedAccuracy),
    finding.brier === undefined ? '–' : formatShare(finding.brier),
  ]);
  const methods = [...new Set(findings.flatMap(({ areas }) => areas.map(({ area }) => area.method)))];
  return [
    table(
      ['Split', 'Patients', 'AUC (95% CI)', 'Accuracy (95% CI)', 'Balanced accuracy', 'Brier score'],
      rows,
    ),
    html`<p class="note">
      Intervals: ${methods.map(methodText).join(', ')}${methods.length > 0 && ' for the AUC; '}Wilson for the
      accuracy.
    </p>`,
    html`<div class="grid-2">
      ${[rocCard(findings), ...findings.map((finding) => confusionCard(finding, classes))]}
    </div>`,
  ];
}

function areaText({ areas }: ClassificationFinding): Content {
  if (areas.length === 0) return 'undefined: one class only';
  if (areas.length === 1) return estimate(areas[0]!.area);
  return areas.map(({ name, area }) => html`<div>${name}: ${estimate(area)}</div>`);
}

function rocCard(findings: readonly ClassificationFinding[]): Markup | undefined {
  const several = findings.some(({ areas }) => areas.length > 1);
  // One curve a split; with more classes than two the curves of the most trusted split, one a class.
  const series = several
    ? findings[0]!.areas.map(({ name, area, curve }, colour) => ({
        name: `${name} ${formatShare(area.value)}`,
        points: curve,
        colour,
      }))
    : findings.flatMap(({ split, areas }, colour) =>
        areas.map(({ area, curve }) => ({
          name: `${split} ${formatShare(area.value)}`,
          points: curve,
          colour,
        })),
      );
  if (series.length === 0) return undefined;
  return card(
    several ? `ROC, ${findings[0]!.split}: each class against the rest` : 'ROC',
    rocChart('Receiver operating characteristic', series),
    'The number beside a name is the area under its curve. Dashed: chance.',
    findings.length > 1 ? 'tall' : '',
  );
}

function confusionCard({ split, matrix, bags }: ClassificationFinding, classes: readonly string[]): Markup {
  return card(
    `Confusion matrix, ${split}`,
    confusionChart(`Confusion matrix of the ${split} split`, matrix, classes),
    `${count(bags, 'prediction')}. Shade and percentage: share of the actual class.`,
  );
}

function survivalParts(findings: readonly SurvivalFinding[]): Markup[] {
  const rows = findings.map((finding): Content[] => [
    finding.split,
    finding.patients,
    finding.events,
    finding.concordance === undefined ? 'undefined: no comparable pair' : estimate(finding.concordance),
    finding.groupings[0]?.test === undefined ? '–' : formatPValue(finding.groupings[0].test.pValue),
  ]);
  const methods = [...new Set(findings.flatMap(({ concordance }) => concordance?.method ?? []))];
  const curves = findings.flatMap(({ split, groupings }, place) =>
    groupings
      .filter(({ groups }, index) => groups.length > 0 && (place === 0 || index === 0))
      .map(({ title, groups, test }) =>
        card(
          `Survival ${title} (${split})`,
          survivalChart(
            `Kaplan-Meier curves ${title}, ${split}`,
            groups.map((group, colour) => ({ ...group, colour })),
          ),
          test === undefined
            ? 'No log-rank test: there are not two groups with events to compare.'
            : `Log-rank test: χ² = ${test.chiSquared.toFixed(2)}, ${count(test.degreesOfFreedom, 'degree')} of freedom, ${formatPValue(test.pValue)}.`,
        ),
      ),
  );
  return [
    table(['Split', 'Patients', 'Events', 'C-index (95% CI)', 'High against low risk'], rows),
    html`<p class="note">
      ${methods.length > 0 && `Intervals: ${methods.join(', ')}. `}Low and high risk: below and above the
      median risk of the training patients. Curves: Kaplan-Meier with 95% bands (log-log), ticks where
      follow-up was censored.
    </p>`,
    html`<div class="grid-2">${curves}</div>`,
  ];
}

function methodText(method: string): string {
  return method === 'Newcombe' ? 'Newcombe (where every pair is ordered alike)' : method;
}

function estimate({ value, lower, upper }: Estimate): string {
  return lower === upper
    ? `${formatShare(value)} (no interval)`
    : `${formatShare(value)} (${formatInterval({ lower, upper })})`;
}
