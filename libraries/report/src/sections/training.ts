/** Curves over the steps and epochs. */
import { formatNumber, sentenceCase } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { bySplit } from '@wsi-operator/statistics';
import type { Run } from '../run.ts';
import { lineChart, smoothed, thinned, type Point } from '../svg/line-chart.ts';
import { extent, type Domain } from '../svg/scale.ts';
import { absent, card, section } from './section.ts';

/** Points in one line: more than the figure has pixels says nothing. */
const POINTS = 500;
const PALETTE: Readonly<Record<string, number>> = { test: 0, validation: 1, train: 2 };
/** Metrics that lie in [0, 1], whatever values they took. */
const SHARES = new Set(['auc', 'accuracy', 'balancedAccuracy', 'cIndex', 'brier']);
const METRIC_NAMES: Readonly<Record<string, string>> = {
  auc: 'AUC',
  accuracy: 'accuracy',
  balancedAccuracy: 'balanced accuracy',
  cIndex: 'C-index',
  logLoss: 'log loss',
  brier: 'Brier score',
};

export function metricName(key: string): string {
  return METRIC_NAMES[key] ?? key;
}

export function trainingSection(run: Run): Markup {
  if (run.steps.length === 0) {
    return section('training', 'Training', absent(run.missing['metrics.jsonl'] ?? 'No step was recorded.'));
  }
  return section(
    'training',
    'Training',
    html`<div class="grid-2">${[lossCard(run), rateCard(run), ...metricCards(run)]}</div>`,
  );
}

/** A quantity that is not negative is read against zero. */
function fromZero(points: readonly Point[]): Domain {
  const [low, high] = extent(points.map(([, value]) => value));
  return [Math.min(0, low), high];
}

function lossCard({ steps }: Run): Markup {
  const points = thinned(
    steps.map(({ step, loss }): Point => [step, loss]),
    POINTS,
  );
  const radius = Math.max(1, Math.round(points.length / 30));
  return card(
    'Loss',
    lineChart({
      title: 'Training loss by step',
      x: { label: 'step', whole: true },
      y: { label: 'loss', domain: fromZero(points), format: formatNumber },
      series: [
        { name: 'step', points, colour: 0, faint: true },
        { name: 'mean', points: smoothed(points, radius), colour: 0 },
      ],
    }),
    `Pale: every step. Bold: the mean over ${2 * radius + 1} neighbouring points.`,
  );
}

function rateCard({ steps }: Run): Markup | undefined {
  const points = steps.flatMap(({ step, learningRate }): Point[] =>
    learningRate === undefined ? [] : [[step, learningRate]],
  );
  if (points.length === 0) return undefined;
  return card(
    'Learning rate',
    lineChart({
      title: 'Learning rate by step',
      x: { label: 'step', whole: true },
      y: { label: 'learning rate', domain: fromZero(points), format: formatNumber },
      series: [{ name: 'learning rate', points: thinned(points, POINTS), colour: 3 }],
    }),
  );
}

/** One figure a metric, one line a split. A single evaluation makes no curve; its numbers are below anyway. */
function metricCards({ evaluations }: Run): Markup[] {
  const metrics = [...new Set(evaluations.flatMap((line) => Object.keys(line.metrics)))];
  return metrics.flatMap((metric) => {
    const series = bySplit(evaluations).flatMap(([split, lines]) => {
      const points = lines.flatMap((line): Point[] => {
        const value = line.metrics[metric];
        return value === undefined ? [] : [[line.epoch, value]];
      });
      return points.length < 2
        ? []
        : [{ name: split, points, colour: PALETTE[split] ?? 4, dots: points.length <= 40 }];
    });
    if (series.length === 0) return [];
    const title = metricName(metric);
    return card(
      `${sentenceCase(title)} by epoch`,
      lineChart({
        title: `${title} by epoch`,
        x: { label: 'epoch', whole: true },
        y: {
          label: title,
          format: formatNumber,
          domain: SHARES.has(metric) ? [0, 1] : fromZero(series.flatMap(({ points }) => points)),
        },
        series,
      }),
      series.length === 1 ? `Split: ${series[0]!.name}.` : undefined,
    );
  });
}
