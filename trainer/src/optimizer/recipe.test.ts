/** What an optimizer does beside its rule: rates by range, and the average. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOptimizer, type OptimizerSpec, type UpdateSpec } from './optimizer.ts';

const sgd: OptimizerSpec = { name: 'sgd', momentum: 0.9, weightDecay: 0.1 };
const adamw: OptimizerSpec = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
const all = [{ start: 0, end: 6 }];
const gradients = fc.array(
  fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }),
  { minLength: 1, maxLength: 5 },
);
const initial = (): Float32Array => Float32Array.from({ length: 6 }, (_, index) => Math.cos(index));

describe('rates by range', () => {
  it.each([sgd, adamw])('give each range what an optimizer with that rate gives: $name', (spec) => {
    fc.assert(
      fc.property(gradients, (steps) => {
        const parameters = initial();
        const rates = [
          { start: 1, end: 3, factor: 0.25 },
          { start: 4, end: 5, factor: 0 },
        ];
        const mixed = createOptimizer(spec, 6, all, rates);
        steps.forEach((gradient, step) => mixed.apply(parameters, Float32Array.from(gradient), 0.1, step));
        const alone = (rate: number): Float32Array => {
          const values = initial();
          const optimizer = createOptimizer(spec, 6, all);
          steps.forEach((gradient, step) => optimizer.apply(values, Float32Array.from(gradient), rate, step));
          return values;
        };
        const [whole, quarter] = [alone(0.1), alone(0.1 * 0.25)];
        const expected = [whole[0], quarter[1], quarter[2], whole[3], initial()[4], whole[5]];
        expect([...parameters]).toEqual(expected);
        expect(mixed.learning).toEqual([
          { start: 0, end: 1, factor: 1 },
          { start: 1, end: 3, factor: 0.25 },
          { start: 3, end: 4, factor: 1 },
          { start: 5, end: 6, factor: 1 },
        ]);
      }),
    );
  });
});

describe('the average of the parameters', () => {
  it('is the weighted sum that its definition gives, also of a restored optimizer', () => {
    fc.assert(
      fc.property(gradients, fc.constantFrom(0, 0.3, 0.9), (steps, averageDecay) => {
        const spec: UpdateSpec = { ...sgd, averageDecay };
        let optimizer = createOptimizer(spec, 6, all);
        const parameters = initial();
        let expected = Array.from(parameters);
        steps.forEach((gradient, step) => {
          optimizer.apply(parameters, Float32Array.from(gradient), 0.1, step);
          const decay = Math.min(averageDecay, (step + 2) / (step + 11));
          expected = expected.map((value, index) => decay * value + (1 - decay) * parameters[index]!);
          const state = Object.fromEntries(
            Object.entries(optimizer.state()).map(([name, values]) => [name, values.slice()]),
          );
          optimizer = createOptimizer(spec, 6, all);
          optimizer.restore(state);
        });
        const average = optimizer.state()['average']!;
        expected.forEach((value, index) => expect(average[index]).toBeCloseTo(value, 5));
      }),
    );
  });

  it('leaves the parameters as they are without it', () => {
    const [plain, averaged] = [initial(), initial()];
    createOptimizer(adamw, 6, all).apply(plain, initial(), 0.1, 0);
    createOptimizer({ ...adamw, averageDecay: 0.9 }, 6, all).apply(averaged, initial(), 0.1, 0);
    expect(averaged).toEqual(plain);
    expect(createOptimizer(adamw, 6, all).state()).not.toHaveProperty('average');
  });
});
