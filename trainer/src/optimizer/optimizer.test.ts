import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decayMask, decayRanges } from './decay.ts';
import { createOptimizer, type OptimizerSpec } from './optimizer.ts';

const sgd: OptimizerSpec = { name: 'sgd', momentum: 0.9, weightDecay: 0.1 };
const adamw: OptimizerSpec = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
const specs = fc.constantFrom<OptimizerSpec>(sgd, { ...sgd, momentum: 0 }, adamw);
const floats = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: length, maxLength: length });
const bytes = (values: Float32Array): string => Buffer.from(values.slice().buffer).toString('hex');

/** One parameter, the update rule written out in float64. */
function trajectory(spec: OptimizerSpec, start: number, gradients: readonly number[], rate: number): number {
  let value = start;
  let first = 0;
  let second = 0;
  gradients.forEach((slope, index) => {
    if (spec.name === 'sgd') {
      first = spec.momentum * first + slope + spec.weightDecay * value;
      value -= rate * first;
      return;
    }
    value -= rate * spec.weightDecay * value;
    first = spec.beta1 * first + (1 - spec.beta1) * slope;
    second = spec.beta2 * second + (1 - spec.beta2) * slope ** 2;
    const unbiased = {
      first: first / (1 - spec.beta1 ** (index + 1)),
      second: second / (1 - spec.beta2 ** (index + 1)),
    };
    value -= (rate * unbiased.first) / (Math.sqrt(unbiased.second) + spec.epsilon);
  });
  return value;
}

describe('createOptimizer', () => {
  it('follows the update rule written out in float64', () => {
    fc.assert(
      fc.property(specs, floats(1), floats(12), (spec, [start], gradients) => {
        const optimizer = createOptimizer(spec, 1, [{ start: 0, end: 1 }]);
        const parameters = Float32Array.of(start!);
        gradients.forEach((slope, step) => optimizer.apply(parameters, Float32Array.of(slope), 0.05, step));
        expect(parameters[0]).toBeCloseTo(trajectory(spec, start!, gradients, 0.05), 4);
      }),
    );
  });

  it('moves by the learning rate in the first AdamW step, whatever the gradient, and decays only masked parameters', () => {
    const parameters = Float32Array.of(1, 1);
    createOptimizer(adamw, 2, Uint8Array.of(1, 0)).apply(parameters, Float32Array.of(1e-3, -20), 0.25, 0);
    expect(parameters[0]).toBeCloseTo(1 * (1 - 0.25 * 0.1) - 0.25, 5);
    expect(parameters[1]).toBeCloseTo(1.25, 6);
  });

  it('gives the same bytes however the vector is divided', () => {
    fc.assert(
      fc.property(
        specs,
        fc.array(floats(11), { minLength: 1, maxLength: 4 }),
        fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 })),
        (spec, steps, cuts) => {
          const tensors = [
            { length: 4, decay: true },
            { length: 2, decay: false },
            { length: 5, decay: true },
          ];
          const [low, high] = cuts.sort((a, b) => a - b);
          const initial = Float32Array.from({ length: 11 }, (_, index) => Math.sin(index));
          const run = (slices: [number, number][]): string => {
            const parameters = initial.slice();
            const servers = slices.map(([start, end]) => ({
              start,
              end,
              optimizer: createOptimizer(spec, end - start, decayRanges(tensors, start, end)),
            }));
            steps.forEach((gradient, step) => {
              for (const { start, end, optimizer } of servers) {
                optimizer.apply(
                  parameters.subarray(start, end),
                  Float32Array.from(gradient.slice(start, end)),
                  0.1,
                  step,
                );
              }
            });
            return bytes(parameters);
          };
          expect(
            run([
              [0, low],
              [low, high],
              [high, 11],
            ]),
          ).toBe(run([[0, 11]]));
        },
      ),
    );
  });

  it('continues with the same bytes from a saved state', () => {
    fc.assert(
      fc.property(specs, floats(3), floats(3), (spec, before, after) => {
        const whole = createOptimizer(spec, 3, []);
        const parameters = Float32Array.of(0.5, -1, 2);
        whole.apply(parameters, Float32Array.from(before), 0.1, 0);
        const saved = Object.fromEntries(
          Object.entries(whole.state()).map(([name, value]) => [name, value.slice()]),
        );
        const resumedParameters = parameters.slice();
        const resumed = createOptimizer(spec, 3, []);
        resumed.restore(saved);
        whole.apply(parameters, Float32Array.from(after), 0.1, 1);
        resumed.apply(resumedParameters, Float32Array.from(after), 0.1, 1);
        expect(bytes(resumedParameters)).toBe(bytes(parameters));
      }),
    );
  });

  it('refuses the state of another optimizer or length without a change', () => {
    const optimizer = createOptimizer(adamw, 2, []);
    expect(() => optimizer.restore({ momentum: new Float32Array(2) })).toThrow('firstMoment');
    const short = { firstMoment: Float32Array.of(1, 2), secondMoment: new Float32Array(1) };
    expect(() => optimizer.restore(short)).toThrow('secondMoment has 1');
    expect(Array.from(optimizer.state()['firstMoment']!)).toEqual([0, 0]);
    expect(() => optimizer.apply(new Float32Array(2), new Float32Array(3), 1, 0)).toThrow('3 gradients');
    expect(() => createOptimizer(adamw, 2, new Uint8Array(3))).toThrow('mask');
  });
});

describe('decayRanges', () => {
  it('cuts the mask of the whole vector', () => {
    const tensors = fc.array(fc.record({ length: fc.integer({ min: 0, max: 5 }), decay: fc.boolean() }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(tensors, fc.nat(), fc.nat(), (list, a, b) => {
        const flat = list.flatMap(({ length, decay }) => new Array<number>(length).fill(decay ? 1 : 0));
        const [start, end] = [a % (flat.length + 1), b % (flat.length + 1)].sort((x, y) => x - y) as [
          number,
          number,
        ];
        expect(Array.from(decayMask(decayRanges(list, start, end), end - start))).toEqual(
          flat.slice(start, end),
        );
      }),
    );
  });
});
