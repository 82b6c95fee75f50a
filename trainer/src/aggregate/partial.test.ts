import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bagOf, mergePartials, partialOf, type Partial } from './partial.ts';

const size = 3;
const bagArbitrary = fc
  .array(
    fc.tuple(
      fc.float({ min: -50, max: 50, noNaN: true }),
      fc.array(fc.float({ min: -10, max: 10, noNaN: true }), { minLength: size, maxLength: size }),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((tiles) => ({
    attention: Float32Array.from(tiles.map(([score]) => score)),
    embeddings: Float32Array.from(tiles.flatMap(([, embedding]) => embedding)),
    count: tiles.length,
  }));

function split(
  bag: { attention: Float32Array; embeddings: Float32Array; count: number },
  part: number,
): Partial[] {
  const partials: Partial[] = [];
  for (let start = 0; start < bag.count; start += part) {
    const end = Math.min(bag.count, start + part);
    partials.push(
      partialOf(bag.attention.subarray(start, end), bag.embeddings.subarray(start * size, end * size)),
    );
  }
  return partials;
}

describe('a partial aggregate', () => {
  it('merges to softmax pooling, however the bag is divided', () => {
    fc.assert(
      fc.property(bagArbitrary, fc.integer({ min: 1, max: 9 }), (bag, part) => {
        const top = Math.max(...bag.attention);
        const weights = Array.from(bag.attention, (score) => Math.exp(score - top));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const { embedding, logSumExp } = bagOf(split(bag, part));
        expect(logSumExp).toBeCloseTo(top + Math.log(total), 9);
        for (let feature = 0; feature < size; feature++) {
          const expected = weights.reduce(
            (sum, weight, tile) => sum + (weight / total) * bag.embeddings[tile * size + feature]!,
            0,
          );
          expect(embedding[feature]).toBeCloseTo(expected, 9);
        }
      }),
    );
  });

  it('merges commutatively', () => {
    fc.assert(
      fc.property(bagArbitrary, bagArbitrary, (a, b) => {
        const left = partialOf(a.attention, a.embeddings);
        const right = partialOf(b.attention, b.embeddings);
        const one = mergePartials(left, right);
        const other = mergePartials(right, left);
        expect([one.maximum, one.sum, ...one.weighted]).toEqual([
          other.maximum,
          other.sum,
          ...other.weighted,
        ]);
      }),
    );
  });

  it('does not overflow for scores that are far apart', () => {
    const far = bagOf([
      partialOf(Float32Array.of(-1000), Float32Array.of(1, 1, 1)),
      partialOf(Float32Array.of(1000), Float32Array.of(2, 3, 4)),
    ]);
    expect(Array.from(far.embedding)).toEqual([2, 3, 4]);
    expect(far.logSumExp).toBe(1000);
  });

  it('cannot be made of no tiles', () => {
    expect(() => partialOf(new Float32Array(0), new Float32Array(0))).toThrow('0 tiles');
  });
});
