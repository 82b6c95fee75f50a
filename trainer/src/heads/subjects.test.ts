import { describe, expect, it } from '@jest/globals';
import { createHead } from './heads.ts';
import type { BagOutcome } from './head.ts';

const head = createHead({ name: 'cox', ties: 'efron', hidden: 3 }, 2);
const parameters = head.initial(5);
const embedding = (index: number): Float64Array => Float64Array.of(Math.sin(3 * index), Math.cos(2 * index));
const patients = [0, 1, 2, 3, 4].map((index) => ({ time: [4, 2, 6, 2, 9][index]!, event: index !== 2 }));

const outcomes = (bags: number): BagOutcome[] =>
  patients.map(({ time, event }, index) => ({
    type: 'survival',
    time,
    event,
    ...(bags > 1 && { subject: { patient: `p${index}`, bags } }),
  }));

describe('subjects of a risk set', () => {
  it("do not change when every patient's slide is given several times", () => {
    const once = head.lossAndGradient(
      parameters,
      patients.map((_, index) => embedding(index)),
      outcomes(1),
    );
    const thrice = head.lossAndGradient(
      parameters,
      [0, 1, 2].flatMap(() => patients.map((_, index) => embedding(index))),
      [0, 1, 2].flatMap(() => outcomes(3)),
    );
    expect(thrice.loss).toBeCloseTo(once.loss, 12);
    thrice.parameterGradient.forEach((value, index) => {
      expect(value).toBeCloseTo(once.parameterGradient[index]!, 6);
    });
    // The tiles' share of the gradient is split among the copies.
    thrice.embeddingGradients.forEach((row, bag) => {
      row.forEach((value, place) => {
        expect(value).toBeCloseTo(once.embeddingGradients[bag % 5]![place]! / 3, 12);
      });
    });
  });

  it('do not compete with themselves, so a step of one patient has no loss', () => {
    const [first] = outcomes(2);
    const result = head.lossAndGradient(parameters, [embedding(1), embedding(7)], [first!, first!]);
    expect(result.loss).toBeCloseTo(0, 12);
    for (const row of result.embeddingGradients) for (const value of row) expect(value).toBeCloseTo(0, 12);
  });

  it("weigh each slide by its share of the patient's slides", () => {
    const alone = head.lossAndGradient(parameters, [0, 1, 4].map(embedding), [
      outcomes(1)[0]!,
      outcomes(1)[1]!,
      outcomes(1)[4]!,
    ]);
    // A patient with a slide of four in the step pulls a quarter as hard.
    const quarter = head.lossAndGradient(parameters, [0, 1, 4].map(embedding), [
      outcomes(1)[0]!,
      outcomes(4)[1]!,
      outcomes(1)[4]!,
    ]);
    expect(Math.abs(quarter.embeddingGradients[1]![0]!)).toBeLessThan(
      0.5 * Math.abs(alone.embeddingGradients[1]![0]!),
    );
  });

  it('equal the bags, bit by bit, if every patient has one', () => {
    const embeddings = patients.map((_, index) => embedding(index));
    const plain = head.lossAndGradient(parameters, embeddings, outcomes(1));
    const named = head.lossAndGradient(
      parameters,
      embeddings,
      outcomes(1).map(
        (outcome, index) => ({ ...outcome, subject: { patient: `p${index}`, bags: 1 } }) as BagOutcome,
      ),
    );
    expect(named).toEqual(plain);
  });
});
