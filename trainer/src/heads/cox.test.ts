import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coxLoss } from './cox.ts';
import type { TieMethod } from './head.ts';

interface Survival {
  readonly time: number;
  readonly event: boolean;
}

/** The definition, written out: no shifts, no running sums. */
function byDefinition(eta: readonly number[], outcomes: readonly Survival[], ties: TieMethod): number {
  const events = outcomes.filter(({ event }) => event).length;
  let logLikelihood = 0;
  for (const time of new Set(outcomes.filter(({ event }) => event).map((outcome) => outcome.time))) {
    const sumOver = (wanted: (outcome: Survival) => boolean): number =>
      eta.reduce((sum, value, index) => (wanted(outcomes[index]!) ? sum + Math.exp(value) : sum), 0);
    const atRisk = sumOver((outcome) => outcome.time >= time);
    const tiedHazard = sumOver((outcome) => outcome.event && outcome.time === time);
    const tied = eta.filter((_, index) => outcomes[index]!.event && outcomes[index]!.time === time);
    tied.forEach((value, position) => {
      const removed = ties === 'efron' ? (position / tied.length) * tiedHazard : 0;
      logLikelihood += value - Math.log(atRisk - removed);
    });
  }
  return events === 0 ? 0 : -logLikelihood / events;
}

const cases = fc
  .array(
    fc.record({
      eta: fc.double({ min: -3, max: 3, noNaN: true }),
      time: fc.integer({ min: 1, max: 6 }),
      event: fc.boolean(),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((rows) => ({
    eta: rows.map((row) => row.eta),
    outcomes: rows.map(({ time, event }) => ({ time, event })),
  }));
const tieMethods = fc.constantFrom<TieMethod>('efron', 'breslow');

describe('coxLoss', () => {
  // Therneau and Grambsch (2000), appendix E.1: their first test data, worked by hand and reproduced by R's survival.
  const textbook: { x: number; time: number; event: boolean }[] = [
    { time: 9, event: true, x: 0 },
    { time: 1, event: true, x: 1 },
    { time: 1, event: false, x: 1 },
    { time: 6, event: true, x: 1 },
    { time: 6, event: true, x: 0 },
    { time: 8, event: false, x: 0 },
  ];
  const textbookEvents = 4;
  /** The appendix's closed forms, r = exp(beta). */
  const closedForms = {
    breslow: (r: number) => 2 * Math.log(r) - Math.log(3 * r + 3) - 2 * Math.log(r + 3),
    efron: (r: number) => 2 * Math.log(r) - Math.log(3 * r + 3) - Math.log(r + 3) - Math.log(r / 2 + 5 / 2),
  };
  it.each([
    ['breslow' as const, 0, -4.564348],
    ['breslow' as const, 1.475285, -3.82475],
    ['efron' as const, 0, -4.276666],
    ['efron' as const, 1.676857, -3.358975],
  ])('has the textbook log likelihood (%s, beta = %d)', (ties, beta, logLikelihood) => {
    const result = coxLoss(
      Float64Array.from(textbook, ({ x }) => beta * x),
      textbook,
      ties,
    );
    expect(-result.loss * textbookEvents).toBeCloseTo(logLikelihood, 6);
    expect(-result.loss * textbookEvents).toBeCloseTo(closedForms[ties](Math.exp(beta)), 12);
    // At the published maximum the score in beta is zero.
    const score = textbook.reduce((sum, { x }, index) => sum + x * result.gradient[index]!, 0);
    if (beta !== 0) expect(score).toBeCloseTo(0, 6);
  });

  it('equals its definition, and its gradient the finite differences', () => {
    fc.assert(
      fc.property(cases, tieMethods, ({ eta, outcomes }, ties) => {
        const { loss, gradient } = coxLoss(Float64Array.from(eta), outcomes, ties);
        expect(loss).toBeCloseTo(byDefinition(eta, outcomes, ties), 10);
        const step = 1e-5;
        eta.forEach((value, index) => {
          const above = byDefinition(eta.with(index, value + step), outcomes, ties);
          const below = byDefinition(eta.with(index, value - step), outcomes, ties);
          expect(gradient[index]).toBeCloseTo((above - below) / (2 * step), 7);
        });
      }),
      { numRuns: 150 },
    );
  });

  it('is invariant to a constant added to all hazards, and to a monotone change of the times', () => {
    fc.assert(
      fc.property(
        cases,
        tieMethods,
        fc.double({ min: -500, max: 500, noNaN: true }),
        (sample, ties, shift) => {
          const plain = coxLoss(Float64Array.from(sample.eta), sample.outcomes, ties);
          const moved = coxLoss(
            Float64Array.from(sample.eta, (value) => value + shift),
            sample.outcomes.map(({ time, event }) => ({ time: time ** 3, event })),
            ties,
          );
          expect(moved.loss).toBeCloseTo(plain.loss, 9);
          expect(Array.from(plain.gradient).reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 9);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('stays finite and accurate for hazards that differ beyond the range of a double', () => {
    const outcomes = [
      { time: 1, event: true },
      { time: 2, event: true },
      { time: 3, event: true },
      { time: 3, event: false },
    ];
    const { loss, gradient } = coxLoss(Float64Array.of(900, 0, -900, -900), outcomes, 'efron');
    // Only the last event has anyone beside it that matters: log 2, over three events.
    expect(loss).toBeCloseTo(Math.log(2) / 3, 12);
    expect(Array.from(gradient)).toEqual([0, 0, expect.closeTo(-1 / 6, 12), expect.closeTo(1 / 6, 12)]);
    const wrongWay = coxLoss(Float64Array.of(-900, 0, 900, 900), outcomes, 'efron');
    expect(wrongWay.loss).toBeCloseTo((1800 + Math.log(2) + 900 + Math.log(2) + Math.log(2)) / 3, 9);
  });

  it('is zero without events', () => {
    const result = coxLoss(
      Float64Array.of(1, 2),
      [
        { time: 1, event: false },
        { time: 2, event: false },
      ],
      'efron',
    );
    expect(result).toEqual({ loss: 0, gradient: new Float64Array(2), events: 0 });
  });

  it('treats weights as copies without ties and by Breslow, and as R does by Efron', () => {
    const weighted = cases.chain((sample) =>
      fc
        .array(fc.integer({ min: 1, max: 3 }), {
          minLength: sample.eta.length,
          maxLength: sample.eta.length,
        })
        .map((weights) => ({ ...sample, weights })),
    );
    fc.assert(
      fc.property(weighted, ({ eta, outcomes, weights }) => {
        const rows = outcomes.map((outcome, index) => ({ ...outcome, weight: weights[index]! }));
        const copies = weights.flatMap((weight, index) => new Array<number>(weight).fill(index));
        const { loss } = coxLoss(Float64Array.from(eta), rows, 'breslow');
        const repeated = copies.map((index) => outcomes[index]!);
        const copied = coxLoss(
          Float64Array.from(copies, (index) => eta[index]!),
          repeated,
          'breslow',
        );
        expect(loss).toBeCloseTo(copied.loss, 9);
        // Efron's by R's definition: the mean weight of the tied times each logarithm.
        const efron = coxLoss(Float64Array.from(eta), rows, 'efron');
        expect(efron.loss).toBeCloseTo(weightedEfron(eta, rows), 9);
        const step = 1e-6;
        eta.forEach((_, index) => {
          const at = (shift: number): number =>
            coxLoss(
              Float64Array.from(eta, (value, other) => value + (other === index ? shift : 0)),
              rows,
              'efron',
            ).loss;
          expect(efron.gradient[index]).toBeCloseTo((at(step) - at(-step)) / (2 * step), 6);
        });
      }),
      { numRuns: 40 },
    );
  });
});

function weightedEfron(
  eta: readonly number[],
  outcomes: readonly (Survival & { readonly weight: number })[],
): number {
  const events = outcomes.filter(({ event }) => event);
  let logLikelihood = 0;
  for (const time of new Set(events.map((outcome) => outcome.time))) {
    const sumOver = (wanted: (outcome: Survival) => boolean): number =>
      eta.reduce((sum, value, index) => {
        const outcome = outcomes[index]!;
        return wanted(outcome) ? sum + outcome.weight * Math.exp(value) : sum;
      }, 0);
    const isTied = (outcome: Survival): boolean => outcome.event && outcome.time === time;
    const tied = [...outcomes.keys()].filter((index) => isTied(outcomes[index]!));
    const mean = tied.reduce((sum, index) => sum + outcomes[index]!.weight, 0) / tied.length;
    tied.forEach((index, position) => {
      const atRisk = sumOver((outcome) => outcome.time >= time) - (position / tied.length) * sumOver(isTied);
      logLikelihood += outcomes[index]!.weight * eta[index]! - mean * Math.log(atRisk);
    });
  }
  const total = events.reduce((sum, { weight }) => sum + weight, 0);
  return total === 0 ? 0 : -logLikelihood / total;
}
