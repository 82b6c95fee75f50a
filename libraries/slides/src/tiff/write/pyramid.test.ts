import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assembleTile, levelSizes, reduceTile } from './pyramid.ts';

describe('levelSizes', () => {
  it('goes down to one tile, each level rounded down, with enough children for every parent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300_000 }),
        fc.integer({ min: 1, max: 300_000 }),
        fc.constantFrom(2, 4),
        (width, height, levelFactor) => {
          const levels = levelSizes(width, height, { tileSize: 256, levelFactor });
          for (const [index, level] of levels.entries()) {
            const scale = levelFactor ** index;
            expect(level.width).toBe(Math.max(1, Math.floor(width / scale)));
            expect(level.height).toBe(Math.max(1, Math.floor(height / scale)));
            const below = levels[index - 1];
            if (below === undefined) continue;
            expect(level.columns).toBeLessThanOrEqual(Math.ceil(below.columns / levelFactor));
            expect(level.rows).toBeLessThanOrEqual(Math.ceil(below.rows / levelFactor));
          }
          expect(Math.max(levels.at(-1)!.width, levels.at(-1)!.height)).toBeLessThanOrEqual(256);
        },
      ),
    );
  });
});

describe('reduceTile', () => {
  it.each([2, 4])('is the rounded mean of %p x %p boxes', (factor) => {
    const side = 16;
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, index) => (index * 2654435761) >>> 24);
    const reduced = reduceTile(pixels, side, factor);
    const small = side / factor;
    expect(reduced.length).toBe(small * small * 3);
    for (let at = 0; at < reduced.length; at++) {
      const channel = at % 3;
      const x = Math.floor(at / 3) % small;
      const y = Math.floor(at / 3 / small);
      let sum = 0;
      for (let dy = 0; dy < factor; dy++) {
        for (let dx = 0; dx < factor; dx++) {
          sum += pixels[((y * factor + dy) * side + x * factor + dx) * 3 + channel]!;
        }
      }
      expect(reduced[at]).toBe(Math.floor(sum / factor ** 2 + 0.5));
    }
  });
});

describe('assembleTile', () => {
  it('puts children in their places, white where there is none', () => {
    const child = (value: number): Uint8Array => new Uint8Array(3).fill(value);
    expect([...assembleTile([child(1), child(2), undefined, child(4)], 2, 2)]).toEqual([
      ...[1, 1, 1, 2, 2, 2],
      ...[255, 255, 255, 4, 4, 4],
    ]);
  });
});
