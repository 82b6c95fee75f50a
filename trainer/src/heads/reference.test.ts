/** The Cox loss against statsmodels' proportional hazards regression, on random cohorts with many ties. */
import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { execFileSync } from 'node:child_process';
import { readSetup } from '@wsi-operator/setup/locations';
import { createHead } from './heads.ts';
import type { BagOutcome, TieMethod } from './head.ts';

interface Case {
  readonly covariates: number[][];
  readonly beta: number[];
  readonly times: number[];
  readonly events: boolean[];
  readonly ties: TieMethod;
}

function randomCase(seed: number, ties: TieMethod): Case {
  const stream = new RandomStream(seed, 'reference');
  const patients = Array.from({ length: 60 }, () => [stream.normal(), stream.normal(), stream.normal()]);
  return {
    covariates: patients,
    // Exact in float32, as the head's parameters are.
    beta: [0.75, -0.5, 0.125],
    times: patients.map(([x]) => Math.ceil(-8 * Math.log(1 - stream.uniform()) * Math.exp(-x!))),
    events: patients.map(() => stream.uniform() < 0.7),
    ties,
  };
}

const { pythonReference } = readSetup();
const whenSetUp = pythonReference === null ? describe.skip : describe;

whenSetUp('Cox head against Python (skipped without `node tools/setup/setup.mjs --python-reference`)', () => {
  it("has statsmodels' partial likelihood and score", () => {
    const cases = [1, 2].flatMap((seed) => [randomCase(seed, 'efron'), randomCase(seed, 'breslow')]);
    const script = new URL('./reference.py', import.meta.url).pathname;
    const output = execFileSync(pythonReference!, [script], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
    });
    const answers = JSON.parse(output) as { logLikelihood: number; score: number[] }[];
    cases.forEach(({ covariates, beta, times, events, ties }, index) => {
      const head = createHead({ name: 'cox', ties, hidden: 0 }, beta.length);
      const outcomes = times.map((time, patient): BagOutcome => ({
        type: 'survival',
        time,
        event: events[patient]!,
      }));
      const embeddings = covariates.map((row) => Float64Array.from(row));
      const { loss, parameterGradient } = head.lossAndGradient(Float32Array.from(beta), embeddings, outcomes);
      const eventCount = events.filter(Boolean).length;
      expect(-loss * eventCount).toBeCloseTo(answers[index]!.logLikelihood, 9);
      // The gradient is handed over in float32.
      parameterGradient.forEach((value, place) => {
        expect(-value * eventCount).toBeCloseTo(answers[index]!.score[place]!, 4);
      });
    });
  });
});
