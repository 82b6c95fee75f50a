import { describe, expect, it } from '@jest/globals';
import { learningRateAt, type ScheduleSpec } from './schedule.ts';

const rates = (schedule: ScheduleSpec, total: number): number[] =>
  Array.from({ length: total }, (_, step) => learningRateAt({ learningRate: 2, schedule }, step, total));

describe('learningRateAt', () => {
  it('is constant without a schedule', () => {
    expect(learningRateAt({ learningRate: 0.3 }, 7, 10)).toBe(0.3);
  });

  it('rises linearly to its full value during the warm-up', () => {
    expect(rates({ name: 'constant', warmupSteps: 3 }, 6)).toEqual([0.5, 1, 1.5, 2, 2, 2]);
  });

  it('halves at the middle of the cosine and ends above its final fraction', () => {
    const values = rates({ name: 'cosine', finalFraction: 0.5 }, 8);
    expect(values[0]).toBe(2);
    expect(values[4]).toBeCloseTo(1.5, 12);
    expect(values.at(-1)).toBeGreaterThan(1);
    expect(learningRateAt({ learningRate: 2, schedule: { name: 'cosine' } }, 99, 8)).toBeCloseTo(0, 12);
    expect([...values].sort((a, b) => b - a)).toEqual(values);
  });

  it('drops by the factor after every period that follows the warm-up', () => {
    expect(rates({ name: 'step', everySteps: 2, factor: 0.5, warmupSteps: 1 }, 7)).toEqual([
      1, 2, 2, 1, 1, 0.5, 0.5,
    ]);
  });

  it('accepts a warm-up longer than the run', () => {
    expect(rates({ name: 'cosine', warmupSteps: 50 }, 3)).toEqual([0.5, 1, 1.5]);
  });
});
