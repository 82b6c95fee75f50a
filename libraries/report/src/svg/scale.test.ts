import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { extent, linearScale } from './scale.ts';

describe('linearScale', () => {
  it('keeps every value and a handful of ticks inside the pixels', () => {
    const ends = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(ends, ends, fc.boolean(), (a, b, nice) => {
        // Below a double's resolution there is nothing to distinguish.
        if (Math.abs(a - b) < 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-6)) return;
        const domain = [Math.min(a, b), Math.max(a, b)] as const;
        const scale = linearScale(domain, [0, 100], { nice });
        for (const value of [...domain, ...scale.ticks]) {
          expect(scale.at(value)).toBeGreaterThan(-1e-3);
          expect(scale.at(value)).toBeLessThan(100 + 1e-3);
        }
        expect(scale.ticks.length).toBeGreaterThanOrEqual(1);
        expect(scale.ticks.length).toBeLessThanOrEqual(8);
      }),
    );
  });

  it('has round ticks, integers on request, and accepts a domain of zero width', () => {
    expect(linearScale([0.03, 0.97], [0, 1]).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearScale([0, 2], [0, 1], { whole: true }).ticks).toEqual([0, 1, 2]);
    expect(linearScale([0, 0], [0, 1]).domain).toEqual([0, 1]);
    expect(linearScale([-3, -3], [0, 1]).ticks.length).toBeGreaterThan(1);
  });
});

describe('extent', () => {
  it('ignores non-finite values', () => {
    expect(extent([NaN, 3, Infinity, -1])).toEqual([-1, 3]);
    expect(extent([])).toEqual([0, 1]);
  });
});
