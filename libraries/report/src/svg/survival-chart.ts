/** Kaplan-Meier curves with confidence bands, marks of censoring and the numbers at risk below. */
import type { SurvivalCurve } from '@wsi-operator/statistics';
import { formatNumber } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { colourOf, linePath, plotFrame, px, type Frame } from './frame.ts';

export interface SurvivalSeries {
  readonly name: string;
  readonly curve: SurvivalCurve;
  readonly colour: number;
}

const ROW = 18;

/** @param time of the axis, with its unit */
export function survivalChart(title: string, series: readonly SurvivalSeries[], time: string): Markup {
  const latest = Math.max(0, ...series.flatMap(({ curve }) => curve.steps.map(({ time }) => time)));
  const frame = plotFrame({
    title,
    x: { label: time, domain: [0, latest], format: formatNumber },
    y: { label: 'share without the event', domain: [0, 1] },
    legend: series,
    height: 300,
    foot: 26 + ROW * series.length,
  });
  return frame.draw(
    ...series.map((item) => band(frame, item)),
    ...series.map((item) => curveLine(frame, item)),
    numbersAtRisk(frame, series),
  );
}

function curveLine(frame: Frame, { curve, colour }: SurvivalSeries): Markup {
  const points = stairs(curve, ({ survival }) => survival);
  const censored = curve.steps.filter((step) => step.censored > 0);
  const marks = censored.map(
    ({ time, survival }) => `M${px(frame.x.at(time))} ${px(frame.y.at(survival) - 4)}v8`,
  );
  return html`<path
      class="line"
      d="${linePath(points.map(([x, y]) => [frame.x.at(x), frame.y.at(y)]))}"
      stroke="${colourOf(colour)}"
    /><path class="censored" d="${marks.join('')}" stroke="${colourOf(colour)}" />`;
}

function band(frame: Frame, { curve, colour }: SurvivalSeries): Markup {
  // Where nobody is left the interval is undefined; the band ends there.
  const known = { ...curve, steps: curve.steps.filter((step) => Number.isFinite(step.lower)) };
  const upper = stairs(known, (step) => step.upper);
  const lower = stairs(known, (step) => step.lower).reverse();
  const outline = linePath([...upper, ...lower].map(([x, y]) => [frame.x.at(x), frame.y.at(y)]));
  return html`<path class="band" d="${outline}Z" fill="${colourOf(colour)}" />`;
}

/** The corners of the step function from time 0. */
function stairs(
  curve: Pick<SurvivalCurve, 'steps'>,
  value: (step: SurvivalCurve['steps'][number]) => number,
): [number, number][] {
  let before = 1;
  const corners: [number, number][] = [[0, 1]];
  for (const step of curve.steps) {
    corners.push([step.time, before], [step.time, value(step)]);
    before = value(step);
  }
  return corners;
}

function numbersAtRisk(frame: Frame, series: readonly SurvivalSeries[]): Markup {
  const top = frame.plot.bottom + 58;
  const rows = series.map(({ curve, colour }, row) => {
    const y = top + ROW * (row + 1);
    const cells = frame.x.ticks.map(
      (tick) =>
        html`<text x="${px(frame.x.at(tick))}" y="${y}" text-anchor="middle">${atRisk(curve, tick)}</text>`,
    );
    return html`<path d="M14 ${y - 4}h14" stroke="${colourOf(colour)}" stroke-width="3" />${cells}`;
  });
  return html`<g class="tick"><text x="14" y="${top}">patients at risk</text>${rows}</g>`;
}

/** How many were still under observation just before `time`. */
function atRisk(curve: SurvivalCurve, time: number): number {
  return curve.steps.find((step) => step.time >= time)?.atRisk ?? 0;
}
