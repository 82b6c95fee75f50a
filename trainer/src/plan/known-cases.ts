/**
 * What a checkpoint remembers of the cohort that it was trained on: enough to find for a patient or a slide on which side of
 * the split it was, but no identifier. A checkpoint may be given away.
 */
import { patientSkeletonOf } from '@wsi-operator/cohort';
import { sha256 } from '@wsi-operator/foundation';
import type { PlannedBag } from './bags.ts';

export type KnownSplit = PlannedBag['case']['split'];

export interface KnownCases {
  /** What one prediction is for. */
  readonly bag: 'patient' | 'slide';
  /** By split, digests of the patients' identifiers. */
  readonly patients: Readonly<Partial<Record<KnownSplit, readonly string[]>>>;
  /** By split, digests of the slides' fingerprints: a slide is known under another name, too. */
  readonly slides: Readonly<Partial<Record<KnownSplit, readonly string[]>>>;
}

/** @param identity of the run: the digests of two runs cannot be compared */
export function knownCases(
  bags: readonly Pick<PlannedBag, 'case' | 'slides'>[],
  { bag, identity }: { readonly bag: KnownCases['bag']; readonly identity: string },
): KnownCases {
  const patients = new Map<KnownSplit, Set<string>>();
  const slides = new Map<KnownSplit, Set<string>>();
  for (const { case: of, slides: surveyed } of bags) {
    add(patients, of.split, digestOf(identity, patientSkeletonOf(of.patient)));
    for (const { fingerprint } of surveyed) add(slides, of.split, digestOf(identity, fingerprint));
  }
  return { bag, patients: lists(patients), slides: lists(slides) };
}

export interface AskedCase {
  readonly patient: string | undefined;
  readonly fingerprints: readonly string[];
}

/**
 * The split in which the run had this patient or one of these slides, or undefined when it knows neither; the worst for
 * an evaluation where these differ: training, then validation, then test.
 */
export function splitOfCase(known: KnownCases, identity: string, asked: AskedCase): KnownSplit | undefined {
  const patient =
    asked.patient === undefined ? undefined : digestOf(identity, patientSkeletonOf(asked.patient));
  const fingerprints = asked.fingerprints.map((fingerprint) => digestOf(identity, fingerprint));
  return (['train', 'validation', 'test'] as const).find(
    (split) =>
      (patient !== undefined && known.patients[split]?.includes(patient) === true) ||
      fingerprints.some((fingerprint) => known.slides[split]?.includes(fingerprint) === true),
  );
}

function digestOf(identity: string, text: string): string {
  return sha256(`${identity}\n${text}`).slice(0, 16);
}

function add(sets: Map<KnownSplit, Set<string>>, split: KnownSplit, digest: string): void {
  const set = sets.get(split) ?? new Set();
  sets.set(split, set.add(digest));
}

function lists(sets: ReadonlyMap<KnownSplit, ReadonlySet<string>>): Partial<Record<KnownSplit, string[]>> {
  return Object.fromEntries([...sets].map(([split, digests]) => [split, [...digests].sort()]));
}
