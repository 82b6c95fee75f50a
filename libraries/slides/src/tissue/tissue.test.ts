import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPixels, type Pixels } from '../pixels.ts';
import { dilated, eroded, MaskSums, withoutSpecks, type Mask } from './mask.ts';
import { otsuThreshold } from './otsu.ts';
import { otsuTissue } from './otsu-mask.ts';
import { detectTissue } from './detect.ts';
import { LABELS, TissueLabel } from './labels.ts';
import { DEFAULT_TISSUE } from './tissue.ts';

const masks = fc
  .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }))
  .chain(([width, height]) =>
    fc
      .array(fc.nat(1), { minLength: width * height, maxLength: width * height })
      .map((values): Mask => ({ width, height, data: Uint8Array.from(values) })),
  );

describe('otsuThreshold', () => {
  it('is the split with the smallest variance within the classes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 2, maxLength: 24 }), (histogram) => {
        const within = (from: number, to: number): number => {
          const counts = histogram.slice(from, to);
          const total = counts.reduce((sum, count) => sum + count, 0);
          if (total === 0) return 0;
          const mean = counts.reduce((sum, count, at) => sum + count * (from + at), 0) / total;
          return counts.reduce((sum, count, at) => sum + count * (from + at - mean) ** 2, 0);
        };
        const cost = (threshold: number): number =>
          within(0, threshold + 1) + within(threshold + 1, histogram.length);
        const threshold = otsuThreshold(histogram);
        if (threshold < 0) {
          expect(histogram.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
          return;
        }
        const best = Math.min(...histogram.map((_, at) => cost(at)));
        expect(cost(threshold)).toBeCloseTo(best, 6);
      }),
    );
  });
});

describe('tissue masks', () => {
  it('are summed over any rectangle, weighting partial pixels by area', () => {
    const edge = fc.double({ min: -3, max: 18, noNaN: true });
    fc.assert(
      fc.property(masks, edge, edge, edge, edge, (mask, x1, y1, x2, y2) => {
        const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
        const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
        let sum = 0;
        for (let y = 0; y < mask.height; y++) {
          for (let x = 0; x < mask.width; x++) {
            const wide = Math.max(0, Math.min(right, x + 1) - Math.max(left, x));
            const high = Math.max(0, Math.min(bottom, y + 1) - Math.max(top, y));
            sum += mask.data[y * mask.width + x]! * wide * high;
          }
        }
        const area = (right - left) * (bottom - top);
        if (area > 1e-3)
          expect(new MaskSums(mask).fraction(left, top, right, bottom)).toBeCloseTo(sum / area, 6);
      }),
    );
  });

  it('are dilated and eroded by a square', () => {
    fc.assert(
      fc.property(masks, fc.nat(3), (mask, radius) => {
        const near = (x: number, y: number): number[] => {
          const found: number[] = [];
          for (let row = Math.max(0, y - radius); row <= Math.min(mask.height - 1, y + radius); row++) {
            for (
              let column = Math.max(0, x - radius);
              column <= Math.min(mask.width - 1, x + radius);
              column++
            ) {
              found.push(mask.data[row * mask.width + column]!);
            }
          }
          return found;
        };
        const positions = Array.from(mask.data, (_, at) =>
          near(at % mask.width, Math.floor(at / mask.width)),
        );
        expect(Array.from(dilated(mask, radius).data)).toEqual(positions.map((all) => Math.max(...all)));
        expect(Array.from(eroded(mask, radius).data)).toEqual(positions.map((all) => Math.min(...all)));
      }),
    );
  });

  it('lose only their specks', () => {
    const rows = ['11000', '11000', '00010', '00000', '01110'];
    const mask = { width: 5, height: 5, data: Uint8Array.from(rows.join(''), Number) };
    const kept = withoutSpecks(mask, 3).data;
    expect(Array.from(kept).join('')).toBe('1100011000000000000001110');
    expect(withoutSpecks(mask, 1).data).toEqual(mask.data);
  });
});

/** A picture of one colour with a square of another in the middle half. */
function withSquare(background: readonly number[], colour: readonly number[]): Pixels {
  const side = 100;
  const picture = createPixels(side, side);
  for (let at = 0; at < side * side; at++) {
    const inside = [at % side, Math.floor(at / side)].every((value) => value >= 25 && value < 75);
    picture.data.set(inside ? colour : background, at * 3);
  }
  return picture;
}

const share = (data: Uint8Array, value: number): number =>
  data.reduce((sum, each) => sum + (each === value ? 1 : 0), 0) / data.length;
const coveredByOtsu = (picture: Pixels): number => share(otsuTissue(picture).data, 1);
const labelled = (picture: Pixels, label: number = TissueLabel.Tissue): number =>
  share(detectTissue(picture, 8, DEFAULT_TISSUE).labels, label);

const WHITE = [245, 244, 246];

describe('otsuTissue', () => {
  it.each([
    ['eosin', [220, 130, 170], 0.25],
    ['haematoxylin', [90, 60, 140], 0.25],
    ['DAB', [140, 90, 60], 0.25],
    ['pale tissue', [238, 220, 232], 0.25],
    ['a green pen', [30, 140, 70], 0],
    ['a blue pen', [40, 80, 190], 0],
    ['a black frame', [12, 10, 11], 0],
    ['grey dust', [150, 150, 152], 0],
    ['nothing', WHITE, 0],
  ] as const)('handles %s', (_, colour, part) => {
    expect(coveredByOtsu(withSquare(WHITE, colour))).toBeCloseTo(part, 1);
  });
});

describe('detectTissue', () => {
  it.each([
    ['eosin', [220, 130, 170], 'tissue'],
    ['haematoxylin', [90, 60, 140], 'tissue'],
    ['DAB', [140, 90, 60], 'tissue'],
    ['pale tissue', [238, 220, 232], 'tissue'],
    ['pale blue tissue', [214, 212, 228], 'tissue'],
    ['light green of a trichrome', [120, 175, 150], 'tissue'],
    ['a green pen', [30, 140, 70], 'pen'],
    ['a blue pen', [40, 80, 190], 'pen'],
    ['a black frame', [12, 10, 11], 'unscanned'],
    ['grey dust', [150, 150, 152], 'grey'],
    ['nothing', WHITE, 'glass'],
  ] as const)('handles %s', (_, colour, name) => {
    const picture = withSquare(WHITE, colour);
    const label = LABELS.findIndex((each) => each.name === name);
    // The square, or all where there is none; the mask reaches a pixel beyond what it finds.
    expect(labelled(picture, label)).toBeCloseTo(name === 'glass' ? 1 : 0.26, 1);
    if (name !== 'tissue') expect(labelled(picture)).toBe(0);
  });

  it('does not split a picture that is all tissue, and finds none in noisy white', () => {
    const whole = withSquare([200, 110, 160], [225, 150, 190]);
    expect(labelled(whole)).toBeCloseTo(1, 2);
    expect(coveredByOtsu(whole)).toBeCloseTo(1, 2);
    const noisy = createPixels(100, 100);
    noisy.data.forEach((_, at) => (noisy.data[at] = 248 + ((at * 7919) % 6)));
    expect(labelled(noisy)).toBe(0);
    expect(coveredByOtsu(noisy)).toBe(0);
  });
});
