import { describe, expect, it } from '@jest/globals';
import { kaplanMeier, rocCurve } from '@wsi-operator/statistics';
import sharp from 'sharp';
import { html, type Markup } from '../markup.ts';
import { attentionMap, coarsened, colourAt, type Box } from './attention-map.ts';
import { barChart } from './bar-chart.ts';
import { confusionChart } from './confusion-chart.ts';
import { linePath, plotFrame } from './frame.ts';
import { lineChart, smoothed, thinned, type Point } from './line-chart.ts';
import { rocChart } from './roc-chart.ts';
import { survivalChart } from './survival-chart.ts';

const hostile = `<b>"&'</b>\u0007`;
const curve = kaplanMeier([
  { time: 2, event: true },
  { time: 3, event: false },
  { time: 5, event: true },
]);
const picture =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const figures: [string, Markup][] = [
  [
    'line',
    lineChart({
      title: hostile,
      x: { label: hostile },
      y: { label: 'y' },
      series: [0, 1].map((colour) => ({
        name: hostile,
        colour,
        dots: true,
        points: [
          [0, 1],
          [1, NaN],
          [2, 3],
        ],
      })),
    }),
  ],
  ['empty line', lineChart({ title: 'none', x: { label: 'x' }, y: { label: 'y' }, series: [] })],
  [
    'flat line',
    lineChart({
      title: 'one',
      x: { label: 'x' },
      y: { label: 'y' },
      series: [{ name: 'a', colour: 0, points: [[3, 7]] }],
    }),
  ],
  [
    'roc',
    rocChart(hostile, [
      { name: hostile, value: '0.5', colour: 0, points: rocCurve([1, 2, 3], [false, true, true]) },
    ]),
  ],
  [
    'confusion',
    confusionChart(
      hostile,
      [
        [3, 1],
        [0, 0],
      ],
      [hostile, 'a class with a very long name indeed'],
    ),
  ],
  ['survival', survivalChart(hostile, [{ name: hostile, curve, colour: 1 }], hostile)],
  [
    'survival of nobody',
    survivalChart('none', [{ name: 'none', curve: kaplanMeier([]), colour: 0 }], 'days'),
  ],
  [
    'bars',
    barChart(hostile, [
      { name: hostile, value: 0, text: hostile },
      { name: 'b', value: 2, text: '2' },
    ]),
  ],
  [
    'attention',
    attentionMap({
      title: hostile,
      width: 40,
      height: 20,
      picture,
      tiles: [
        [0, 0, 10, 10],
        [10, 0, 10, 10],
      ],
      values: [0, 1],
    }),
  ],
];

describe('a figure', () => {
  // librsvg takes well-formed XML only.
  it.each(figures)('of %s is well-formed SVG without injected markup', async (_name, { text }) => {
    expect(text).not.toContain('<b>');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    const { width, height } = await sharp(Buffer.from(text)).metadata();
    expect(Math.min(width, height)).toBeGreaterThan(10);
  });

  it('draws data at the pixels of its scales', () => {
    const frame = plotFrame({
      title: '',
      x: { label: '', domain: [0, 10] },
      y: { label: '', domain: [0, 1] },
    });
    const { plot } = frame;
    expect([frame.x.at(0), frame.x.at(5), frame.x.at(10)]).toEqual([
      plot.left,
      (plot.left + plot.right) / 2,
      plot.right,
    ]);
    expect([frame.y.at(0), frame.y.at(1)]).toEqual([plot.bottom, plot.top]);
    expect(frame.draw(html`<circle />`).text).toContain('<circle />');
    const chart = lineChart({
      title: '',
      x: { label: '' },
      y: { label: '', domain: [0, 1] },
      series: [
        {
          name: '',
          colour: 0,
          points: [
            [0, 0],
            [10, 1],
          ],
        },
      ],
    });
    expect(chart.text.replace(/\s+/g, ' ')).toContain(
      `d="M${plot.left} ${plot.bottom}L${plot.right} ${plot.top}"`,
    );
  });

  it('breaks a line where a value is missing', () => {
    expect(
      linePath([
        [0, 0],
        [1, 2],
        [2, NaN],
        [3, 1],
      ]),
    ).toBe('M0 0L1 2M3 1');
  });

  it('draws each tile once, in the colour of its value', () => {
    const { text } = figures.find(([name]) => name === 'attention')![1];
    expect(text.match(/M0 0h10v10h-10z/g)).toHaveLength(1);
    expect(text).toMatch(new RegExp(`M10 0h10v10h-10z"\\s+fill="${colourAt(1)}"`));
    expect([colourAt(-1), colourAt(2)]).toEqual(['#440154', '#fde725']);
  });
});

describe('coarsened', () => {
  it('keeps the hottest tile of a slide with very many tiles visible', () => {
    const tiles = Array.from({ length: 90_000 }, (_, index): Box => [
      (index % 300) * 2,
      Math.floor(index / 300) * 2,
      2,
      2,
    ]);
    const drawn = coarsened(
      tiles,
      tiles.map((_, index) => (index === 45_678 ? 1 : 0)),
    );
    expect(drawn.tiles.length).toBeLessThanOrEqual(4000);
    const [x, y] = tiles[45_678]!;
    const [left, top, width, height] = drawn.tiles[drawn.values.indexOf(1)]!;
    expect([x >= left, x < left + width, y >= top, y < top + height]).toEqual([true, true, true, true]);
    expect(drawn.values.filter((value) => value > 0)).toHaveLength(1);
  });
});

describe('line summaries', () => {
  const points = Array.from({ length: 1000 }, (_, index): Point => [index, index % 2]);

  it('average neighbouring points, and keep short series as they are', () => {
    const few = thinned(points, 100);
    expect(few).toHaveLength(100);
    expect(few.every(([, y]) => y === 0.5)).toBe(true);
    expect(thinned(points.slice(0, 5), 100)).toEqual(points.slice(0, 5));
  });

  it('are smoothed without a shift', () => {
    const line = Array.from({ length: 9 }, (_, index): Point => [index, 2 * index]);
    expect(smoothed(line, 3)).toEqual(line);
  });
});
