import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@wsi-operator/foundation';
import { ReadingProgress } from './reading-progress.ts';

function shown(isTTY: boolean, steps: readonly (readonly [seconds: number, fraction: number])[]): string[] {
  const lines: string[] = [];
  let seconds = 0;
  const clock: Pick<Clock, 'monotonic'> = { monotonic: () => seconds * 1000 };
  const stream = { isTTY, columns: 100, write: (text: string): void => void lines.push(text) };
  const progress = new ReadingProgress('/data/big.tif', stream, clock as Clock);
  for (const [at, fraction] of steps) {
    seconds = at;
    progress.onPart(fraction);
  }
  progress.clear();
  return lines;
}

describe('the progress of reading a slide', () => {
  it('is an occasional line with the time left', () => {
    const steps = [
      [10, 0.1],
      [20, 0.2],
      [21, 0.21],
      [60, 0.5],
      [120, 1],
    ] as const;
    expect(shown(false, steps)).toEqual([
      'big.tif: 20 % of its pixels read, about 1m 20s left\n',
      'big.tif: 50 % of its pixels read, about 1m left\n',
    ]);
  });

  it('is a single line on a terminal, erased at the end', () => {
    const lines = shown(true, [
      [0.5, 0.4],
      [2, 0.5],
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('50 % of its pixels read, about 2s left');
  });

  it('is not shown for a slide that is read quickly', () => {
    expect(shown(false, [[0.2, 1]])).toEqual([]);
    expect(shown(true, [[0.2, 1]])).toEqual([]);
  });
});
