import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frontier } from './frontier.ts';
import { costPerTile, recommend } from './objectives.ts';
import { autoscalingSpec } from './spec.ts';

const SERVERS = 2;
/** Tiles a second at 0, 1, ... workers: any shape, also one that falls, but no worker brings more than the first. */
const tables = fc
  .array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((rates) => Float64Array.from([0, ...rates.map((rate, i) => Math.min(rate, (i + 1) * rates[0]!))]));
const prices = fc.record({
  workerCostPerHour: fc.double({ min: 0.01, max: 10, noNaN: true }),
  serverCostPerHour: fc.double({ min: 0, max: 10, noNaN: true }),
  waitingCostPerHour: fc.double({ min: 0, max: 1000, noNaN: true }),
});

describe('the objective cost', () => {
  it('takes the size at which a tile costs least of all sizes, with what waiting costs', () => {
    fc.assert(
      fc.property(tables, prices, (table, of) => {
        const spec = autoscalingSpec({ objective: 'cost', ...of });
        const demand = { spec, servers: SERVERS };
        const { workers } = recommend(frontier(table), demand);
        const cost = (at: number): number => costPerTile({ workers: at, rate: table[at]! }, demand);
        const least = Math.min(...[...table.keys()].slice(1).map(cost));
        // Sizes that differ by less than a millionth are equal to the frontier.
        expect(cost(workers)).toBeLessThanOrEqual(least * (1 + 1e-5));
      }),
    );
  });

  it('is what devices and the time of the run cost together, whatever is left of it', () => {
    const spec = autoscalingSpec({
      objective: 'cost',
      workerCostPerHour: 3,
      serverCostPerHour: 2,
      waitingCostPerHour: 40,
    });
    const [workers, rate, tiles] = [5, 250, 9e6];
    const hours = tiles / rate / 3600;
    const all = hours * (5 * 3 + SERVERS * 2 + 40);
    expect(costPerTile({ workers, rate }, { spec, servers: SERVERS }) * tiles).toBeCloseTo(all, 6);
  });

  it('takes no fewer workers when waiting costs more', () => {
    fc.assert(
      fc.property(tables, prices, fc.double({ min: 1.001, max: 100, noNaN: true }), (table, of, times) => {
        const corners = frontier(table);
        const sizeAt = (waitingCostPerHour: number): number => {
          const spec = autoscalingSpec({ objective: 'cost', ...of, waitingCostPerHour });
          return recommend(corners, { spec, servers: SERVERS }).workers;
        };
        const { waitingCostPerHour } = of;
        expect(sizeAt(waitingCostPerHour * times + 0.01)).toBeGreaterThanOrEqual(sizeAt(waitingCostPerHour));
      }),
    );
  });
});
