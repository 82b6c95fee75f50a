/**
 * Who gets which motifs, and the outcome that follows: a pure function of the parameters.
 *
 * `cooccurrence`, with K motifs a slide: positive slides have K/2 of A and K/2 of B; half of the negatives have K of
 * A, half K of B. Over the cohort the number of A tiles in positives, P * K/2, is that in negatives, N/2 * K, for
 * P = N; so P(A | positive) = P(A | negative), and likewise for B: the label of a single tile's slide is a coin toss
 * whatever the tile shows. And for any function f of a tile, the mean of f over a positive slide lies exactly midway
 * between the means over the two kinds of negatives, so ranking by it has an AUC of 1/2.
 */
import { RandomStream } from '@wsi-operator/foundation';
import type { Split } from '../cohort.ts';
import { splitPatients } from '../split.ts';
import type { SynthesisParameters } from './options.ts';
import { drawSurvival, type SurvivalOutcome } from './survival.ts';

export interface Assignment {
  readonly patient: string;
  /** File name. */
  readonly slide: string;
  readonly motifs: { readonly A: number; readonly B: number };
  readonly outcome:
    | { readonly type: 'classification'; readonly label: 'positive' | 'negative' }
    | ({ readonly type: 'survival' } & SurvivalOutcome);
  readonly split: Split;
}

export interface Assignments {
  readonly patients: readonly Assignment[];
  /** Survival: the rate of the censoring distribution, a month. */
  readonly censoringRate?: number;
  /** What the user should know about this cohort. */
  readonly notes: readonly string[];
}

type Composition = Pick<Assignment, 'motifs' | 'outcome'>;

/** Below this, splitting by the hidden composition would leave kinds of slides with one member, all in training. */
const SPLIT_BY_COMPOSITION = 16;

export function assignTask(parameters: SynthesisParameters): Assignments {
  const { slides, seed, testFraction, task } = parameters;
  const drawn = task === 'survival' ? survival(parameters) : { compositions: classes(parameters) };
  const digits = Math.max(4, String(slides).length);
  const patients = drawn.compositions.map((composition, index) => {
    const number = String(index + 1).padStart(digits, '0');
    return { patient: `patient-${number}`, slide: `slide-${number}.tiff`, ...composition };
  });
  const strata = patients.map(({ patient, motifs, outcome }) => ({
    patient,
    stratum: stratumOf({ motifs, outcome }, slides),
  }));
  const splits = splitPatients(strata, { test: testFraction, validation: 0, seed });
  return {
    patients: patients.map((patient) => ({ ...patient, split: splits.get(patient.patient) ?? 'train' })),
    ...('censoringRate' in drawn ? { censoringRate: drawn.censoringRate } : {}),
    notes: balanceNotes(parameters),
  };
}

function classes({ task, slides, motifs, seed }: SynthesisParameters): Composition[] {
  const positives = Math.ceil(slides / 2);
  const compositions = Array.from({ length: slides }, (_, index): Composition => {
    const positive = index < positives;
    const label = positive ? 'positive' : 'negative';
    const counts = task === 'needle' ? needle(positive, motifs) : pair(positive, index, motifs);
    return { motifs: counts, outcome: { type: 'classification', label } };
  });
  return new RandomStream(seed, 'task/order').shuffled(compositions);
}

function needle(positive: boolean, motifs: number): Composition['motifs'] {
  return { A: positive ? motifs : 0, B: 0 };
}

function pair(positive: boolean, index: number, motifs: number): Composition['motifs'] {
  if (positive) return { A: motifs / 2, B: motifs / 2 };
  return index % 2 === 0 ? { A: motifs, B: 0 } : { A: 0, B: motifs };
}

function survival({ slides, motifs, seed, censoring }: SynthesisParameters): {
  compositions: Composition[];
  censoringRate: number;
} {
  const random = new RandomStream(seed, 'task/survival');
  const arms = random.shuffled(
    Array.from({ length: slides }, (_, index): 0 | 1 => (index % 2 === 0 ? 0 : 1)),
  );
  const counts = arms.map(() => ({ A: random.integer(motifs + 1), B: random.integer(motifs + 1) }));
  const covariates = counts.map(({ A, B }, index) => ({
    burdenA: A / motifs,
    burdenB: B / motifs,
    treatment: arms[index] ?? 0,
  }));
  const drawn = drawSurvival(covariates, censoring, random);
  return {
    compositions: drawn.outcomes.map((outcome, index) => ({
      motifs: counts[index] ?? { A: 0, B: 0 },
      outcome: { type: 'survival', ...outcome },
    })),
    censoringRate: drawn.censoringRate,
  };
}

function stratumOf({ motifs, outcome }: Composition, slides: number): string {
  if (outcome.type === 'survival') return `${outcome.event} ${outcome.treatment}`;
  if (slides < SPLIT_BY_COMPOSITION) return outcome.label;
  // Test sets with more of one kind of negatives would let a single tile's kind reveal something about the label.
  return `${outcome.label} ${motifs.A} ${motifs.B}`;
}

function balanceNotes({ task, slides }: SynthesisParameters): string[] {
  if (task === 'survival') return [];
  if (slides % 2 !== 0) return ['an odd number of slides cannot be half positive: use an even one.'];
  if (task === 'cooccurrence' && slides % 4 !== 0) {
    return [
      `${slides} slides cannot hold as many negatives with motif A as with B: ` +
        'use a multiple of 4, or single tiles reveal something about the outcome.',
    ];
  }
  return [];
}
