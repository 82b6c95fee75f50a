import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import fc from 'fast-check';
import { coxLoss } from '../heads/cox.ts';
import { planEpoch } from './plan.ts';
import { comparedEvents, eventScales, planSurvivalEpoch, type SurvivalBag } from './survival-steps.ts';

const bagOf = (time: number, event: boolean): SurvivalBag => ({ type: 'survival', time, event });
/** Few different times, so that many are tied. */
const cohorts = fc.array(
  fc
    .record({ time: fc.integer({ min: 1, max: 12 }), event: fc.boolean() })
    .map((of) => bagOf(of.time, of.event)),
  { minLength: 2, maxLength: 60 },
);
const sizes = fc.integer({ min: 2, max: 9 });
const seeds = fc.nat();
const stream = (seed: number): RandomStream => new RandomStream(seed, 'epoch/0/order');
const all = (bags: readonly SurvivalBag[]): number[] => [...bags.keys()];
const hasPairs = (bags: readonly SurvivalBag[]): boolean => comparedEvents(bags, all(bags)).length > 0;

function randomCohort(bags: number, share: number): SurvivalBag[] {
  const draws = new RandomStream(1, 'cohort');
  return Array.from({ length: bags }, () => bagOf(Math.ceil(draws.uniform() * 100), draws.uniform() < share));
}

describe('the steps of an epoch for Cox', () => {
  it('hold every bag exactly once, each with an event that is compared', () => {
    fc.assert(
      fc.property(cohorts.filter(hasPairs), sizes, seeds, (bags, slidesPerStep, seed) => {
        const steps = planSurvivalEpoch(bags, slidesPerStep, stream(seed));
        expect(steps.flatMap((step) => step.bags).sort((a, b) => a - b)).toEqual(all(bags));
        for (const step of steps) expect(comparedEvents(bags, step.bags)).not.toEqual([]);
      }),
    );
  });

  it('depend on the stream only, and differ between streams', () => {
    const bags = randomCohort(40, 0.3);
    expect(planSurvivalEpoch(bags, 4, stream(1))).toEqual(planSurvivalEpoch(bags, 4, stream(1)));
    expect(planSurvivalEpoch(bags, 4, stream(1))).not.toEqual(planSurvivalEpoch(bags, 4, stream(2)));
  });

  it.each([
    [0.3, 1],
    [0.5, 1],
    [0.7, 0.9],
  ])('compare all events where enough bags are censored, and else most: of %d', (share, least) => {
    const bags = randomCohort(200, share);
    const possible = comparedEvents(bags, all(bags)).length;
    for (const seed of [0, 1, 2]) {
      const steps = planSurvivalEpoch(bags, 4, stream(seed));
      expect(steps).toHaveLength(50);
      expect(steps.every((step) => step.bags.length === 4)).toBe(true);
      expect(
        steps.flatMap((step) => comparedEvents(bags, step.bags)).length / possible,
      ).toBeGreaterThanOrEqual(least);
    }
  });

  it('have a gradient where steps in random order have none', () => {
    const bags = randomCohort(400, 0.3);
    const random = planEpoch(0, bags.length, { seed: 1, slidesPerStep: 4, minimumBags: 2 });
    const idle = random.filter((step) => comparedEvents(bags, step).length === 0);
    expect(idle.length / random.length).toBeGreaterThan(0.2);
    for (const { bags: step } of planSurvivalEpoch(bags, 4, stream(1))) {
      const outcomes = step.map((index) => bags[index]!);
      const { gradient } = coxLoss(new Float64Array(step.length), outcomes, 'efron');
      expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(0.05);
    }
  });

  it('are fewer and larger than asked for when events are few', () => {
    const bags = [...Array.from({ length: 29 }, (_, time) => bagOf(time + 2, false)), bagOf(1, true)];
    expect(planSurvivalEpoch(bags, 4, stream(3)).map((step) => step.bags.length)).toEqual([30]);
  });

  it('know that of equal times the censored one was still at risk, and the other event was not', () => {
    expect(comparedEvents([bagOf(5, true), bagOf(5, false)], [0, 1])).toEqual([0]);
    expect(comparedEvents([bagOf(5, true), bagOf(5, true)], [0, 1])).toEqual([]);
    expect(comparedEvents([bagOf(5, true), bagOf(4, false)], [0, 1])).toEqual([]);
    expect(comparedEvents([bagOf(5, true), bagOf(6, true)], [0, 1])).toEqual([0]);
  });

  it('never count slides of one patient as a pair', () => {
    const subject = { patient: 'p', bags: 2 };
    const bags: SurvivalBag[] = [
      { ...bagOf(5, true), subject },
      { ...bagOf(5, true), subject },
    ];
    expect(() => planSurvivalEpoch(bags, 2, stream(0))).toThrow('followed for longer');
  });

  it('are refused when no event can be compared', () => {
    expect(() => planSurvivalEpoch([bagOf(1, false), bagOf(2, true)], 2, stream(0))).toThrow(
      'no training patient with an event has another who was followed for longer',
    );
  });
});

describe('the weight of events', () => {
  it('is that of the epoch: the mean of the scaled losses is the sum over all events by their number', () => {
    fc.assert(
      fc.property(cohorts.filter(hasPairs), sizes, seeds, (bags, slidesPerStep, seed) => {
        const steps = planSurvivalEpoch(bags, slidesPerStep, stream(seed));
        const hazards = bags.map((_, index) => Math.sin(index));
        let [scaled, terms] = [0, 0];
        for (const { bags: step, gradientScale } of steps) {
          const outcomes = step.map((index) => bags[index]!);
          const { loss, events } = coxLoss(
            Float64Array.from(step, (index) => hazards[index]!),
            outcomes,
            'breslow',
          );
          scaled += (gradientScale * loss) / steps.length;
          terms += loss * events;
        }
        expect(scaled).toBeCloseTo(terms / bags.filter(({ event }) => event).length, 10);
      }),
    );
  });

  it('is the same alone and among many', () => {
    const bags = [
      bagOf(1, true),
      bagOf(9, false),
      bagOf(1, true),
      bagOf(2, true),
      bagOf(3, true),
      bagOf(9, false),
    ];
    // (2 steps x 1 event) / 4 events, (2 x 3) / 4.
    expect(
      eventScales(
        [
          [0, 1],
          [2, 3, 4, 5],
        ],
        bags,
      ),
    ).toEqual([0.5, 1.5]);
  });
});
