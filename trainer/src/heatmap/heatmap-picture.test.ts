import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { coloursAt, HEATMAP_SCALES, positionOf, shownValues } from '@wsi-operator/report/heatmap';
import { hasGlyphs, textWidth } from './glyphs.ts';
import { heatmapPicture, LEGEND_HEIGHT } from './heatmap-picture.ts';

const thumbnail = { width: 300, height: 100, data: new Uint8Array(300 * 100 * 3).fill(255) };
const boxes = [0, 100, 200].map((x) => [x, 0, 100, 100] as const);

async function colours(tileScores: readonly number[], bagTiles = 3): Promise<number[][]> {
  const png = await heatmapPicture(thumbnail, { kind: 'attention', tileScores, bagTiles, boxes });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([300, 100 + LEGEND_HEIGHT]);
  return boxes.map(([x]) => Array.from(data.subarray((50 * 300 + x + 50) * 3, (50 * 300 + x + 51) * 3)));
}

describe('the picture of a heatmap', () => {
  it('shows nearly uniform attention in nearly one colour, and a focus as such', async () => {
    const flat = await colours([0.33, 0.34, 0.33]);
    for (const channel of [0, 1, 2]) {
      const values = flat.map((colour) => colour[channel]!);
      expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(4);
    }
    const [cold, , hot] = await colours([0.002, 0.08, 0.9], 10);
    expect(hot![0]! - hot![2]!).toBeGreaterThan(60);
    expect(cold![2]!).toBeGreaterThan(cold![1]!);
  });

  it('has the same colour for the same multiple of the mean, whatever the slide', async () => {
    const [, middle] = await colours([0.1, 1 / 3, 0.5]);
    // One of the slides of a larger bag, whose mean weight is a hundredth.
    const [, other] = await colours([0.001, 0.01, 0.05], 100);
    expect(other).toEqual(middle);
  });

  it('draws its legend without fonts, within the available width', () => {
    for (const { title, ticks } of Object.values(HEATMAP_SCALES)) {
      for (const text of [title, ...ticks.map(([, label]) => label)]) {
        expect(hasGlyphs(text)).toBe(true);
        expect(textWidth(text)).toBeLessThan(240);
      }
    }
  });
});

describe('the scale of heatmaps', () => {
  it('goes from an eighth to eight times the mean, with the mean in the middle', () => {
    const at = (value: number): number => positionOf('attention', value);
    expect([at(0), at(1 / 8), at(1), at(8), at(100), at(NaN)]).toEqual([0, 0, 0.5, 1, 1, 0]);
    for (const [position, label] of HEATMAP_SCALES.attention.ticks) {
      const [over, under = '1'] = label.split('/');
      expect(at(Number(over) / Number(under))).toBeCloseTo(position, 12);
    }
    expect([-1, 0, 0.25, 1, 2].map((score) => positionOf('score', score))).toEqual([0, 0, 0.25, 1, 1]);
  });

  it('shows attention as a multiple of the mean of the bag, scores as they are', () => {
    expect(shownValues('attention', Float32Array.of(0.25, 0.5), 4)).toEqual([1, 2]);
    expect(shownValues('score', [0.25, 0.5], 4)).toEqual([0.25, 0.5]);
  });

  it('goes from dark blue to yellow, and is clamped at its ends', () => {
    expect([coloursAt(0), coloursAt(1)]).toEqual([
      [68, 1, 84],
      [253, 231, 37],
    ]);
    expect([coloursAt(-1), coloursAt(2)]).toEqual([coloursAt(0), coloursAt(1)]);
  });
});
