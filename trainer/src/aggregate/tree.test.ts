import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addInto, reduceTree, TreeAccumulator } from './tree.ts';

const join = (left: string, right: string): string => `(${left}${right})`;

describe('the canonical tree', () => {
  it('has the documented shape', () => {
    expect(reduceTree(['0', '1', '2', '3', '4'], join)).toBe('(((01)(23))4)');
    expect(reduceTree(['0', '1', '2', '3', '4', '5', '6'], join)).toBe('(((01)(23))((45)6))');
    expect(reduceTree(['0'], join)).toBe('0');
  });

  it('is the same for any order of arrival, with repeats', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 70 })
          .chain((leaves) =>
            fc.tuple(
              fc.constant(leaves),
              fc.shuffledSubarray([...Array(leaves).keys()], { minLength: leaves, maxLength: leaves }),
              fc.array(fc.integer({ min: 0, max: leaves - 1 }), { maxLength: 20 }),
            ),
          ),
        ([leaves, order, repeats]) => {
          const accumulator = new TreeAccumulator<string>(leaves, join);
          for (const leaf of [...repeats, ...order, ...repeats]) {
            const fresh = !accumulator.has(leaf);
            expect(accumulator.add(leaf, `${leaf},`)).toBe(fresh);
          }
          const expected = reduceTree(
            [...Array(leaves).keys()].map((leaf) => `${leaf},`),
            join,
          );
          expect(accumulator.root).toBe(expected);
          expect(accumulator.complete).toBe(true);
        },
      ),
    );
  });

  it('has the same sum if aligned blocks of 2^j leaves are reduced first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.constantFrom(1, 2, 4, 8), (leaves, block) => {
        const names = [...Array(leaves).keys()].map((leaf) => `${leaf},`);
        const blocks: string[] = [];
        for (let start = 0; start < leaves; start += block) {
          blocks.push(reduceTree(names.slice(start, start + block), join));
        }
        expect(reduceTree(blocks, join)).toBe(reduceTree(names, join));
      }),
    );
  });

  it('holds few values if leaves arrive nearly in order', () => {
    const accumulator = new TreeAccumulator<number>(1000, (left, right) => left + right);
    let most = 0;
    for (let leaf = 0; leaf < 1000; leaf++) {
      accumulator.add(leaf, 1);
      most = Math.max(most, accumulator.held);
    }
    expect(accumulator.root).toBe(1000);
    expect(most).toBeLessThanOrEqual(10);
  });

  it('lists missing leaves, and refuses to sum before it is complete', () => {
    const accumulator = new TreeAccumulator<string>(3, join);
    accumulator.add(1, 'b');
    expect(accumulator.missing).toEqual([0, 2]);
    expect(() => accumulator.root).toThrow('2 of 3 leaves are missing');
    expect(() => accumulator.add(3, 'x')).toThrow('leaf 3');
  });

  it('adds in float32', () => {
    const sum = addInto(Float32Array.of(0.1, 16777216), Float32Array.of(0.2, 1));
    expect(Array.from(sum)).toEqual([Math.fround(Math.fround(0.1) + Math.fround(0.2)), 16777216]);
    expect(() => addInto(new Float32Array(2), new Float32Array(3))).toThrow('lengths');
  });
});
