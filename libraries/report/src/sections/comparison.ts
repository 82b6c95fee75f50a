/** The run beside others, e.g. the same encoder trained on single patches. */
import { asList, asText, member, numbersIn } from '../json-shape.ts';
import { html, type Markup } from '../markup.ts';
import { formatNumber, formatShare, sentenceCase } from '../format.ts';
import type { Run } from '../run.ts';
import { barChart } from '../svg/bar-chart.ts';
import { card, section, table } from './section.ts';
import { metricName } from './training.ts';

/** Nothing when the run was not compared. */
export function comparisonSection({ result }: Run): Markup | undefined {
  const entries = (asList(result?.['comparison']) ?? []).flatMap((entry) => {
    const name = asText(member(entry, 'name'));
    return name === undefined ? [] : [{ name, metrics: numbersIn(member(entry, 'metrics')) }];
  });
  if (entries.length === 0) return undefined;
  const metrics = [...new Set(entries.flatMap(({ metrics: of }) => Object.keys(of)))];
  const charts = metrics
    .filter((metric) => /(^|\.)(auc|cIndex|accuracy)$/.test(metric))
    .map((metric) => {
      const bars = entries.flatMap(({ name, metrics: of }) => {
        const value = of[metric];
        return value === undefined ? [] : [{ name, value, text: formatShare(value) }];
      });
      return card(title(metric), barChart(`${title(metric)} compared`, bars, 2, 1));
    });
  return section(
    'comparison',
    'Comparison',
    charts.length > 0 && html`<div class="grid-2 above">${charts}</div>`,
    table(
      ['', ...metrics.map(title)],
      entries.map(({ name, metrics: of }) => [
        name,
        ...metrics.map((metric) => (of[metric] === undefined ? '–' : number(of[metric]))),
      ]),
    ),
  );
}

function number(value: number): string {
  return Math.abs(value) <= 1 ? formatShare(value) : formatNumber(value);
}

/** `test.auc` -> `AUC (test)`. */
function title(metric: string): string {
  const [first, second] = metric.split('.');
  return second === undefined
    ? sentenceCase(metricName(metric))
    : `${sentenceCase(metricName(second))} (${first!})`;
}
