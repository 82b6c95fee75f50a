import { describe, expect, it } from '@jest/globals';
import type { BagOutcome } from '../../heads/index.ts';
import { lastEpochLoss } from './epoch-loss.ts';

const steps = [
  { step: 0, epoch: 0, bags: [0, 1, 2] },
  { step: 1, epoch: 1, bags: [2, 0, 3] },
  { step: 2, epoch: 1, bags: [1] },
];
const line = (step: number, loss: number): string => `${JSON.stringify({ step, epoch: 1, loss })}\n`;
const metrics = [
  line(0, 100),
  line(1, 1),
  `${JSON.stringify({ step: 2, epoch: 1, split: 'validation', metrics: { loss: 50 } })}\n`,
  line(2, 5),
  '{"step":3,"lo',
].join('');
const bagsOf = (outcomes: readonly BagOutcome[]): { outcome: BagOutcome }[] =>
  outcomes.map((outcome) => ({ outcome }));
const classes = bagsOf([0, 1, 0, 1].map((index) => ({ type: 'classification', index })));
const survivals = bagsOf(
  [false, true, true, false].map((event, time) => ({ type: 'survival', time: time + 1, event })),
);

describe('the training loss of a result', () => {
  it('is the mean over the bags of the last epoch', () => {
    expect(lastEpochLoss(metrics, steps, classes)).toBe((3 * 1 + 5) / 4);
  });

  it('is the mean over the events for a survival model', () => {
    expect(lastEpochLoss(metrics, steps, survivals)).toBe((1 + 5) / 2);
    const censored = survivals.map(() => ({ outcome: { type: 'survival', time: 1, event: false } as const }));
    expect(lastEpochLoss(metrics, steps, censored)).toBeUndefined();
  });

  it('is absent if part of the epoch is unknown', () => {
    expect(lastEpochLoss(line(2, 5), steps, classes)).toBeUndefined();
    expect(lastEpochLoss('', [], [])).toBeUndefined();
  });
});
