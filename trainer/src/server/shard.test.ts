import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addInto, reduceTree } from '../aggregate/tree.ts';
import { joinSquares, normOf } from '../aggregate/exact-squares.ts';
import { createOptimizer } from '../optimizer/index.ts';
import { ParameterShard } from './shard.ts';

const bodyLength = 40;
const length = 50;
const spec = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

function shardOf(start: number, end: number, generation = 1): ParameterShard {
  const shard = new ParameterShard(
    generation,
    { start, end, bodyLength },
    createOptimizer(spec, end - start, []),
  );
  const parameters = Float32Array.from({ length: end - start }, (_, index) => Math.sin(start + index));
  shard.restore(0, { parameters });
  return shard;
}

function gradientOf(step: number, leaf: number, start: number, end: number): Float32Array {
  return Float32Array.from({ length: end - start }, (_, index) =>
    Math.cos(step * 7 + leaf * 3 + start + index),
  );
}

/** Pushes everything of a step that belongs to this shard, leaves in the given order. */
function pushStep(shard: ParameterShard, step: number, order: readonly number[]): void {
  for (const segment of ['body', 'head'] as const) {
    const { start, end } = shard.segmentRange(segment);
    if (start >= end) continue;
    const leaves = segment === 'body' ? order : [0];
    for (const leaf of leaves) {
      const header = { generation: 1, step, segment, leaf, leaves: new Set(leaves).size, start, end };
      shard.push(header, gradientOf(step, leaf, start, end));
    }
  }
}

function commitOf(step: number, leaves: number): Parameters<ParameterShard['commit']>[0] {
  return { generation: 1, step, learningRate: 0.1, oldestNeeded: step, leaves };
}

describe('a parameter shard', () => {
  it('gives the same bytes for any division into servers, order of arrival and number of repeats', () => {
    const leaves = 6;
    const whole = shardOf(0, length);
    for (const step of [0, 1]) {
      pushStep(whole, step, [...Array(leaves).keys()]);
      whole.commit(commitOf(step, leaves));
    }
    const expected = Array.from(whole.pull({ generation: 1, version: 2, start: 0, end: length }));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: length - 1 }), { maxLength: 3 }),
        fc.shuffledSubarray([...Array(leaves).keys()], { minLength: leaves }),
        fc.array(fc.integer({ min: 0, max: leaves - 1 }), { maxLength: 4 }),
        (cuts, order, repeats) => {
          const edges = [0, ...cuts.sort((a, b) => a - b), length];
          const values = edges.slice(1).flatMap((end, index) => {
            const shard = shardOf(edges[index]!, end);
            for (const step of [0, 1]) {
              pushStep(shard, step, [...order, ...repeats]);
              expect(shard.commit(commitOf(step, leaves))).toBe(step + 1);
              expect(shard.commit(commitOf(step, leaves))).toBe(step + 1);
              pushStep(shard, step, repeats.length > 0 ? order : []);
            }
            return Array.from(shard.pull({ generation: 1, version: 2, start: edges[index]!, end }));
          });
          expect(values).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('gives the same norm, scaled gradient and average for any division into servers', () => {
    const averaging = { ...spec, averageDecay: 0.5 };
    const run = (edges: readonly number[]): { norm: number; average: number[] } => {
      const shards = edges.slice(1).map((end, index) => {
        const start = edges[index]!;
        const shard = new ParameterShard(
          1,
          { start, end, bodyLength },
          createOptimizer(averaging, end - start, []),
        );
        shard.restore(0, { parameters: new Float32Array(end - start) });
        pushStep(shard, 0, [0, 1, 2]);
        return shard;
      });
      const squares = shards.map((shard) => shard.squares({ generation: 1, step: 0, leaves: 3 }));
      const norm = normOf(squares.reduce(joinSquares));
      for (const shard of shards) shard.commit({ ...commitOf(0, 3), gradientScale: 1 / norm });
      const average = shards.flatMap((shard, index) =>
        Array.from(
          shard.pull({
            generation: 1,
            version: 1,
            start: edges[index]!,
            end: edges[index + 1]!,
            averaged: true,
          }),
        ),
      );
      return { norm, average };
    };
    const whole = run([0, length]);
    const gradients = [0, 1, 2].map((leaf) => gradientOf(0, leaf, 0, bodyLength));
    const all = [...reduceTree(gradients, addInto), ...gradientOf(0, 0, bodyLength, length)];
    expect(whole.norm / Math.hypot(...all)).toBeCloseTo(1, 12);
    for (const edges of [
      [0, 7, 41, length],
      [0, 40, length],
    ]) {
      expect(run(edges)).toEqual(whole);
    }
  });

  it('has the average of the newest version only', () => {
    const shard = shardOf(0, length);
    expect(() => shard.pull({ generation: 1, version: 0, start: 0, end: 1, averaged: true })).toThrow(
      'version 0 is not held here',
    );
  });

  it('sums leaves over the canonical tree', () => {
    const shard = new ParameterShard(
      1,
      { start: 0, end: 4, bodyLength: 4 },
      createOptimizer({ name: 'sgd', momentum: 0, weightDecay: 0 }, 4, []),
    );
    shard.restore(0, { parameters: new Float32Array(4) });
    const gradients = [0, 1, 2, 3, 4].map((leaf) => gradientOf(0, leaf, 0, 4));
    for (const leaf of [3, 1, 4, 0, 2]) {
      shard.push(
        { generation: 1, step: 0, segment: 'body', leaf, leaves: 5, start: 0, end: 4 },
        Float32Array.from(gradients[leaf]!),
      );
    }
    shard.commit({ ...commitOf(0, 5), learningRate: 1 });
    const sum = reduceTree(gradients, addInto);
    expect(Array.from(shard.pull({ generation: 1, version: 1, start: 0, end: 4 }))).toEqual(
      Array.from(sum, (value) => -value),
    );
  });

  it('continues with the same bits from a snapshot, older versions included', () => {
    const first = shardOf(0, length);
    for (const step of [0, 1, 2]) {
      pushStep(first, step, [0, 1]);
      first.commit({ ...commitOf(step, 2), oldestNeeded: Math.max(0, step - 1) });
    }
    const snapshot = Object.fromEntries(
      Object.entries(first.snapshot(1, 3)).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    expect(Object.keys(snapshot).sort()).toEqual([
      'firstMoment',
      'parameters',
      'parameters@1',
      'parameters@2',
      'secondMoment',
    ]);
    const second = shardOf(0, length);
    second.restore(3, snapshot);
    for (const shard of [first, second]) {
      pushStep(shard, 3, [0, 1]);
      shard.commit(commitOf(3, 2));
    }
    for (const version of [4]) {
      const request = { generation: 1, version, start: 0, end: length };
      expect(Array.from(second.pull(request))).toEqual(Array.from(first.pull(request)));
    }
  });

  it('refuses other generations, foreign ranges, gaps and steps out of order, and says why', () => {
    const shard = shardOf(0, length);
    const header = {
      generation: 1,
      step: 0,
      segment: 'body',
      leaf: 0,
      leaves: 2,
      start: 0,
      end: bodyLength,
    } as const;
    expect(() => shard.wants({ ...header, generation: 2 })).toThrow('generation 2');
    expect(() => shard.wants({ ...header, end: length })).toThrow("this server's body is [0, 40)");
    shard.push(header, gradientOf(0, 0, 0, bodyLength));
    expect(() => shard.wants({ ...header, leaves: 3 })).toThrow('2 leaves, not 3');
    expect(() => shard.commit(commitOf(0, 2))).toThrow('body leaves are missing: 1');
    expect(() => shard.commit(commitOf(1, 2))).toThrow('step 1 cannot follow version 0');
    expect(() => shard.pull({ generation: 1, version: 5, start: 0, end: 1 })).toThrow(
      'version 5 is not held',
    );
    expect(() => shard.snapshot(1, 1)).toThrow('not the newest');
  });

  it('drops versions that are no longer needed', () => {
    const shard = shardOf(0, length);
    for (const step of [0, 1]) {
      pushStep(shard, step, [0]);
      shard.commit({ ...commitOf(step, 1), oldestNeeded: step + 1 });
    }
    expect(() => shard.pull({ generation: 1, version: 1, start: 0, end: 1 })).toThrow('(held: 2)');
  });
});
