import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, parseDuration } from './durations.ts';
import { parseQuantity } from './quantities.ts';

test.each([
  ['256Mi', 268435456],
  ['1.5Gi', 1610612736],
  ['100m', 0.1],
  ['2', 2],
  [3, 3],
  ['1e3', 1000],
  ['1E3', 1000],
  ['2E', 2e18],
  ['.5', 0.5],
  ['5.', 5],
  ['+1k', 1000],
])('the quantity %s is %d', (quantity, value) => {
  expect(parseQuantity(quantity)).toBeCloseTo(value, 9);
});

test.each(['', 'Mi', '1MB', '-1', '1 Gi', '1e', '1..2', 'NaN', -1])('"%s" is not a quantity', (quantity) => {
  expect(() => parseQuantity(quantity)).toThrow('not a resource quantity');
});

test.each([
  ['45s', 45],
  ['90m', 5400],
  ['1h30m', 5400],
  ['2d', 172800],
  ['1d2h3m4s', 93784],
  ['1h5s', 3605],
])('the duration %s is %d s', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', '5', 'h', '1m1h', '1s1s', '-1s', '1.5h', '1h ', '99999999h'])(
  '"%s" is not a duration',
  (text) => {
    expect(() => parseDuration(text)).toThrow('not a duration');
  },
);

test('a formatted duration is parsed back to within its second unit', () => {
  expect(['0s', formatDuration(Number.NaN), formatDuration(-1)]).toEqual(['0s', '-', '-']);
  expect(formatDuration(3_900)).toBe('1h 5m');
  expect(formatDuration(3_605)).toBe('1h');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (seconds) => {
      const back = parseDuration(formatDuration(seconds).replaceAll(' ', ''));
      expect(back).toBeLessThanOrEqual(seconds);
      expect(seconds - back).toBeLessThanOrEqual(seconds / 24);
    }),
  );
});
