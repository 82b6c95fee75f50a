import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { crossEntropy, softmax } from './cross-entropy.ts';

const classes = 3;
const labels = [2, 0, 1, 2];
const stream = new RandomStream(3, 'logits');
const logits = Float64Array.from({ length: labels.length * classes }, () => 2 * stream.normal());
const targets = [
  { weight: 2, smoothing: 0.3 },
  undefined,
  { weight: 0.5, smoothing: 0 },
  { weight: 0, smoothing: 0.9 },
];

/** As it is defined: sum_rows w sum_c -q_c log p_c / rows. */
function defined(values: Float64Array): number {
  const p = softmax(values, classes);
  return labels.reduce((sum, label, row) => {
    const { weight, smoothing } = targets[row] ?? { weight: 1, smoothing: 0 };
    for (let index = 0; index < classes; index++) {
      const q = (index === label ? 1 - smoothing : 0) + smoothing / classes;
      sum -= (weight * q * Math.log(p[row * classes + index]!)) / labels.length;
    }
    return sum;
  }, 0);
}

describe('the cross-entropy with weights and smoothed labels', () => {
  it('is as it is defined, and its gradient is that of finite differences', () => {
    const { loss, gradient } = crossEntropy(logits, classes, labels, targets);
    expect(loss).toBeCloseTo(defined(logits), 12);
    gradient.forEach((slope, index) => {
      const shifted = (by: number): Float64Array =>
        logits.map((value, at) => value + (at === index ? by : 0));
      const difference = (defined(shifted(1e-5)) - defined(shifted(-1e-5))) / 2e-5;
      expect(slope).toBeCloseTo(difference, 8);
    });
  });

  it('is the plain one, to the bit, with a weight of 1 and no smoothing', () => {
    const plain = crossEntropy(logits, classes, labels);
    const neutral = labels.map(() => ({ weight: 1, smoothing: 0 }));
    expect(crossEntropy(logits, classes, labels, neutral)).toEqual(plain);
  });
});
