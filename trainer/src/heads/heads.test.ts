import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { HEADS, type HeadName } from '@wsi-operator/api';
import { createHead, describeHead, heads } from './heads.ts';
import type { Head, HeadSpec, JobHead, BagOutcome } from './head.ts';

const STEP = 2 ** -12;

/** Float32 parameters on a grid of the finite-difference step, so that adding it is exact. */
function gridParameters(head: Head): Float32Array {
  return head.initial(3).map((value, index) => Math.round((value + 0.1 * Math.sin(index)) / STEP) * STEP);
}

function embeddings(count: number, size: number): Float64Array[] {
  const stream = new RandomStream(11, 'embeddings');
  return Array.from({ length: count }, () => Float64Array.from({ length: size }, () => stream.normal()));
}

const classes: BagOutcome[] = [2, 0, 1, 2, 0].map((index) => ({ type: 'classification', index }));
const survivals: BagOutcome[] = [3, 1, 3, 5, 3].map((time, index) => ({
  type: 'survival',
  time,
  event: index !== 3,
}));
/** Of every head: does not compile while a row is missing. */
const cases: { readonly [Name in HeadName]: Readonly<Record<string, HeadSpec & { readonly name: Name }>> } = {
  classification: {
    classification: { name: 'classification', classes: 3, hidden: 4 },
    'linear classification': { name: 'classification', classes: 3, hidden: 0 },
  },
  cox: {
    'Cox, Efron': { name: 'cox', ties: 'efron', hidden: 4 },
    'Cox, Breslow': { name: 'cox', ties: 'breslow', hidden: 3 },
    'linear Cox': { name: 'cox', ties: 'efron', hidden: 0 },
  },
};
const survives = (spec: HeadSpec): boolean => HEADS[spec.name].outcome === 'survival';
const specs = Object.values<Readonly<Record<string, HeadSpec>>>(cases).flatMap((rows) =>
  Object.entries(rows).map(([name, spec]): [string, HeadSpec, BagOutcome[]] => [
    name,
    spec,
    survives(spec) ? survivals : classes,
  ]),
);

describe.each(specs)('head: %s', (_name, spec, outcomes) => {
  const head = createHead(spec, 6);
  const bags = embeddings(outcomes.length, 6);

  it('has gradients that agree with finite differences', () => {
    const parameters = gridParameters(head);
    const { parameterGradient, embeddingGradients } = head.lossAndGradient(parameters, bags, outcomes);
    const lossWith = (changed: Float32Array, changedBags: readonly Float64Array[]): number =>
      head.lossAndGradient(changed, changedBags, outcomes).loss;
    parameterGradient.forEach((gradient, index) => {
      const value = parameters[index]!;
      const above = lossWith(parameters.with(index, value + STEP), bags);
      const below = lossWith(parameters.with(index, value - STEP), bags);
      expect(gradient).toBeCloseTo((above - below) / (2 * STEP), 6);
    });
    embeddingGradients.forEach((row, bag) => {
      row.forEach((gradient, index) => {
        const moved = (by: number): Float64Array[] =>
          bags.with(bag, bags[bag]!.with(index, bags[bag]![index]! + by));
        const difference = lossWith(parameters, moved(1e-5)) - lossWith(parameters, moved(-1e-5));
        expect(gradient).toBeCloseTo(difference / 2e-5, 8);
      });
    });
  });

  it('predicts what it trains on, and describes every parameter once', () => {
    const parameters = head.initial(5);
    const step = head.lossAndGradient(parameters, bags, outcomes);
    expect(head.predict(parameters, bags).scores).toEqual(step.scores);
    expect(head.parameters.reduce((sum, { length }) => sum + length, 0)).toBe(head.length);
    expect(parameters).toHaveLength(head.length);
    expect(Buffer.from(head.initial(5).buffer)).toEqual(Buffer.from(parameters.buffer));
    for (const { name, shape, length, decay } of head.parameters) {
      expect(shape.reduce((product, size) => product * size, 1)).toBe(length);
      expect(decay).toBe(name.endsWith('.weight'));
    }
  });

  it('refuses outcomes and embeddings that do not fit', () => {
    const parameters = head.initial(1);
    const other = survives(spec) ? classes : survivals;
    expect(() => head.lossAndGradient(parameters, bags, other)).toThrow('head takes');
    expect(() => head.lossAndGradient(parameters, bags.slice(1), outcomes)).toThrow('one outcome a bag');
    expect(() => head.predict(parameters, embeddings(1, 5))).toThrow('6 numbers');
    expect(() => head.predict(parameters.slice(1), bags)).toThrow('parameters');
  });
});

describe('describeHead', () => {
  it.each(specs)('stores every field of the job of %s', (_name, spec) => {
    const { classes: count, ...fields } = { classes: undefined, ...spec };
    const names = Array.from({ length: count ?? 0 }, (_, index) => `class ${index}`);
    expect(describeHead(fields as JobHead<HeadName>, names)).toEqual(spec);
  });

  it('has a type of stored head for every name of the table, and for no other', () => {
    const stored: Record<HeadSpec['name'], true> = { classification: true, cox: true };
    expect(Object.keys(heads).sort()).toEqual(Object.keys(stored).sort());
  });
});

describe('createHead', () => {
  it('names its parameters in order', () => {
    const names = (spec: HeadSpec): string[] => createHead(spec, 2).parameters.map(({ name }) => name);
    expect(names({ name: 'classification', classes: 2, hidden: 3 })).toEqual([
      'head.hidden.weight',
      'head.hidden.bias',
      'head.output.weight',
      'head.output.bias',
    ]);
    // The partial likelihood does not see a constant, so Cox has no output bias to drift.
    expect(names({ name: 'cox', ties: 'efron', hidden: 0 })).toEqual(['head.output.weight']);
  });

  it('gives probabilities that sum to one, and the score of class 1 for two classes', () => {
    const head = createHead({ name: 'classification', classes: 2, hidden: 0 }, 1);
    const { scores, probabilities } = head.predict(Float32Array.of(0, 2, 0, 0), [
      Float64Array.of(1),
      Float64Array.of(-800),
    ]);
    expect(scores[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
    expect(probabilities?.[1]).toEqual([1, 0]);
  });

  it('learns the conjunction that a linear head cannot', () => {
    const corners: [number, number, number][] = [
      [0, 0, 0],
      [1, 0, 1],
      [0, 1, 1],
      [1, 1, 0],
    ];
    const bags = corners.map(([a, b]) => Float64Array.of(2 * a - 1, 2 * b - 1));
    const outcomes: BagOutcome[] = corners.map(([, , index]) => ({ type: 'classification', index }));
    const finalLoss = (hidden: number): number => {
      const head = createHead({ name: 'classification', classes: 2, hidden }, 2);
      const parameters = head.initial(0);
      let loss = Infinity;
      for (let step = 0; step < 400; step++) {
        const result = head.lossAndGradient(parameters, bags, outcomes);
        loss = result.loss;
        result.parameterGradient.forEach(
          (gradient, index) => (parameters[index] = parameters[index]! - gradient),
        );
      }
      return loss;
    };
    expect(finalLoss(8)).toBeLessThan(0.05);
    expect(finalLoss(0)).toBeGreaterThan(0.69);
  });

  it('refuses invalid sizes', () => {
    expect(() => createHead({ name: 'classification', classes: 1, hidden: 0 }, 4)).toThrow('two classes');
    expect(() => createHead({ name: 'cox', ties: 'efron', hidden: -1 }, 4)).toThrow('hidden size');
    expect(() => createHead({ name: 'cox', ties: 'efron', hidden: 2 }, 0)).toThrow('embedding');
  });
});
