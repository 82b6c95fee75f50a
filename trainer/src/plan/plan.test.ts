import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planBlocks, planEpoch, planServerRanges, planShards, planSteps } from './plan.ts';

describe('the plan', () => {
  it('visits every bag exactly once per epoch, in steps of the requested size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer(),
        fc.integer({ min: 0, max: 5 }),
        (bags, slidesPerStep, seed, epoch) => {
          const steps = planEpoch(epoch, bags, { seed, slidesPerStep, minimumBags: 1 });
          expect(steps.flat().sort((a, b) => a - b)).toEqual([...Array(bags).keys()]);
          for (const step of steps.slice(0, -1)) expect(step).toHaveLength(slidesPerStep);
        },
      ),
    );
  });

  it('never leaves a step with fewer bags than the loss needs, if there are enough', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 2, max: 9 }), (bags, slidesPerStep) => {
        const steps = planEpoch(0, bags, { seed: 3, slidesPerStep, minimumBags: 2 });
        for (const step of steps) expect(step.length).toBeGreaterThanOrEqual(2);
        expect(steps.flat()).toHaveLength(bags);
      }),
    );
  });

  it('depends on the seed and the epoch only', () => {
    const spec = { seed: 5, epochs: 3, slidesPerStep: 4, minimumBags: 1 };
    expect(planSteps(20, spec)).toEqual(planSteps(20, spec));
    const epochs = [0, 1, 2].map((epoch) => planEpoch(epoch, 20, spec).flat());
    expect(new Set(epochs.map(String)).size).toBe(3);
    expect(planSteps(20, spec).map(({ step }) => step)).toEqual([...Array(15).keys()]);
  });

  it('covers all tiles with consecutive blocks and shards', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(1, 2, 4),
        (tiles, batch, blockShards) => {
          let next = 0;
          for (const block of planBlocks(tiles, { batch, blockShards })) {
            expect(block.start).toBe(next);
            let inside = 0;
            for (const shard of planShards(block.end - block.start, batch)) {
              expect(shard.start).toBe(inside);
              expect(shard.end - shard.start).toBeLessThanOrEqual(batch);
              inside = shard.end;
            }
            expect(inside).toBe(block.end - block.start);
            next = block.end;
          }
          expect(next).toBe(tiles);
        },
      ),
    );
  });

  it('splits the parameters over servers without gap or overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 7 }), (length, servers) => {
        const ranges = planServerRanges(length, servers);
        expect(ranges).toHaveLength(servers);
        let next = 0;
        for (const { start, end } of ranges) {
          expect(start).toBe(next);
          next = end;
        }
        expect(next).toBe(length);
      }),
    );
  });
});
