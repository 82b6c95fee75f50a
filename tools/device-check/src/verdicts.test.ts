import { describe, expect, it } from '@jest/globals';
import type { ParameterTensor } from '@wsi-operator/engine';
import { gradientErrors } from './computations/comparison.ts';
import type { GradientComparison, GradientErrors } from './computations/messages.ts';
import { gradientVerdicts, processBytesVerdicts, repeatedBytesVerdict } from './verdicts.ts';

const TENSORS: readonly ParameterTensor[] = [
  { name: 'large', shape: [3], offset: 0, length: 3, decay: true },
  { name: 'small', shape: [1], offset: 3, length: 1, decay: false },
];
const REFERENCE = Float32Array.of(300, 0, 400, 0.5);
/** The loss is linear here: its slope along a direction is a product. */
const SLOPES = [{ direction: Float32Array.of(1, 1, 1, 1), slope: 700.5 }];

const errorsOf = (gradient: Float32Array): GradientErrors =>
  gradientErrors(gradient, { reference: REFERENCE, slopes: SLOPES }, TENSORS);

function comparison(gradient: Float32Array, rounding = errorsOf(REFERENCE)): GradientComparison {
  return { kind: 'reference', device: errorsOf(gradient), rounding };
}

describe('the errors of a gradient', () => {
  it('are none for the same gradient', () => {
    expect(errorsOf(REFERENCE)).toEqual({ overall: 0, worst: { tensor: 'large', error: 0 }, slope: 0 });
  });

  it('are told of the tensor in which they are largest, however small that is', () => {
    const { overall, worst, slope } = errorsOf(Float32Array.of(300, 0, 405, 0.25));
    expect(overall).toBeCloseTo(5 / 500, 4);
    expect(worst).toEqual({ tensor: 'small', error: 0.5 });
    expect(slope).toBeGreaterThan(0);
  });

  it('are infinite for numbers where there are none, and none for what is no number', () => {
    const zeros = gradientErrors(
      Float32Array.of(1, 0, 0, 0),
      { reference: new Float32Array(4), slopes: SLOPES },
      TENSORS,
    );
    expect(zeros.worst).toEqual({ tensor: 'large', error: Infinity });
    expect(errorsOf(Float32Array.of(300, 0, 400, NaN)).worst).toEqual({ tensor: 'small', error: NaN });
  });
});

describe('the verdict on a gradient', () => {
  const passedOf = (of: GradientComparison, tolerance = 1e-3): boolean[] =>
    gradientVerdicts('tiny', of, tolerance).map(({ passed }) => passed);

  it('is passed up to the tolerance, and failed above', () => {
    expect(passedOf(comparison(Float32Array.of(300, 0, 400.4, 0.5)))).toEqual([true, true, true]);
    expect(passedOf(comparison(Float32Array.of(300, 0, 400.6, 0.5)))).toEqual([false, true, false]);
    expect(passedOf(comparison(Float32Array.of(300, 0, 410, 0.5)))).toEqual([false, false, false]);
    expect(passedOf(comparison(Float32Array.of(300, 0, 400, 0.49)))).toEqual([true, false, true]);
  });

  it('allows a network as much as rounding on the processor does to it, five times', () => {
    const rounding = errorsOf(Float32Array.of(300, 0, 402, 0.5));
    expect(passedOf(comparison(Float32Array.of(300, 0, 409, 0.5), rounding))[0]).toBe(true);
    expect(passedOf(comparison(Float32Array.of(300, 0, 411, 0.5), rounding))[0]).toBe(false);
  });

  it('is failed for what is no number', () => {
    const verdicts = gradientVerdicts('tiny', comparison(Float32Array.of(300, 0, NaN, 0.5)), 1);
    expect(verdicts.map(({ passed }) => passed)).toEqual([false, false, false]);
    expect(verdicts[1]!.found).toBe('NaN (large)');
  });
});

describe('the verdict on bytes', () => {
  it('is passed for one digest that came again, and failed for two, or for one alone', () => {
    expect(repeatedBytesVerdict('tiny', ['a', 'a'])).toMatchObject({ passed: true, found: 'a, 2 times' });
    expect(repeatedBytesVerdict('tiny', ['a', 'b', 'a'])).toMatchObject({
      passed: false,
      found: '2 different of 3',
    });
    expect(repeatedBytesVerdict('tiny', ['a'])).toMatchObject({ passed: false });
  });

  it('compares processes on GPUs of one kind with each other', () => {
    const on = (device: string, digest: string) => ({ device, digests: [digest, digest] });
    const passedOf = (...processes: ReturnType<typeof on>[]): boolean[] =>
      processBytesVerdicts('tiny', processes).map(({ passed }) => passed);
    expect(passedOf(on('A100', 'a'), on('A100', 'a'))).toEqual([true]);
    expect(passedOf(on('A100', 'a'), on('A100', 'b'))).toEqual([false]);
    expect(passedOf(on('A100', 'a'), on('A100', 'a'), on('T4', 'b'))).toEqual([true, true]);
    const [, second] = processBytesVerdicts('tiny', [on('A100', 'a'), on('T4', 'b')]);
    expect(second!.check).toBe('same bytes in 1 processes on T4');
  });
});
