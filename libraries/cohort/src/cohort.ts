/**
 * A cohort: who is in a run, which slides they have, what happened to them, and on which side of the split they are.
 * It is data only; it is made by `parseCohort` and never changed afterwards.
 */
import type { MissingSpec } from './missing.ts';

export type Split = 'train' | 'validation' | 'test';

/** In the order in which they are written everywhere. */
export const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

export type OutcomeSpec =
  | {
      readonly type: 'classification';
      readonly column: string;
      /** The class of which the score is the probability. */
      readonly positive?: string | undefined;
    }
  | {
      readonly type: 'survival';
      /** Column of the follow-up time; any unit, but the same for all. */
      readonly time: string;
      /** Column of the event: 1 when it happened at `time`, 0 when the follow-up was censored then. */
      readonly event: string;
      /** Column of the treatment arm, when there is one. */
      readonly treatment?: string | undefined;
      /** Words of the event column that mean 1, and 0; 1 and 0 themselves need not be named. */
      readonly observed?: readonly string[] | undefined;
      readonly censored?: readonly string[] | undefined;
    };

/** One of: `column` (the table says it), `folds` with `fold` (that fold is the test set), or fractions. */
export interface SplitSpec {
  readonly column?: string | undefined;
  readonly folds?: number | undefined;
  readonly fold?: number | undefined;
  /** Fraction of the patients held out for the test, 0.25 if unset. */
  readonly test?: number | undefined;
  /** Fraction of the patients for validation, 0 if unset. */
  readonly validation?: number | undefined;
  readonly seed?: number | undefined;
}

/** Where s3:// leads; the environment says what is not given. */
export interface S3Spec {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly forcePathStyle?: boolean | undefined;
}

/** What becomes of names that differ only in spelling; `refuse` by default. */
export type SpellingPolicy = 'refuse' | 'merge' | 'distinct';

/** The part of a job's `spec.cohort` that says how the table is read. */
export interface CohortSpec {
  /** A path, or s3://BUCKET/KEY. */
  readonly table: string;
  /** Directory (or s3://BUCKET/PREFIX) against which the slide column is resolved; the table's own directory if unset. */
  readonly slides?: string | undefined;
  /** Directory of files of features, which are read in the place of the slides. */
  readonly features?: string | undefined;
  /** What one prediction is for: all slides of a patient together (default), or each slide. */
  readonly bag?: 'slide' | 'patient' | undefined;
  readonly outcome: OutcomeSpec;
  readonly patientColumn?: string | undefined;
  readonly s3?: S3Spec | undefined;
  readonly slideColumn?: string | undefined;
  readonly split?: SplitSpec | undefined;
  /** The resolution of slides whose files do not say it. */
  readonly resolution?:
    | {
        readonly column?: string | undefined;
        /** Micrometres for a level-0 pixel, where the column says nothing. */
        readonly mpp?: number | undefined;
        readonly prefer?: 'file' | 'statement' | undefined;
      }
    | undefined;
  /** With `skip` an empty file is not refused here: it is quarantined with the others that cannot be read. */
  readonly unreadableSlides?: 'fail' | 'skip' | undefined;
  /** `fail` by default. */
  readonly duplicateSlides?: 'fail' | 'allow' | undefined;
  readonly missing?: MissingSpec | undefined;
  readonly spellings?:
    | {
        readonly patients?: SpellingPolicy | undefined;
        /** Of classes and of treatments. */
        readonly classes?: SpellingPolicy | undefined;
      }
    | undefined;
}

/** What the table says happened to a case, and as it is stored: `event` 0 = censored at `time`. */
export type ObservedOutcome =
  | { readonly type: 'classification'; readonly class: string; readonly classIndex: number }
  | { readonly type: 'survival'; readonly time: number; readonly event: 0 | 1 };

/** One bag: what the model gives one prediction for. */
export interface CohortCase {
  readonly patient: string;
  /** Unique in the cohort: the patient's id, or with `bag: slide` the slide as the table names it. */
  readonly bag: string;
  /** Absolute paths or s3:// addresses, sorted. */
  readonly slides: readonly string[];
  readonly outcome: ObservedOutcome;
  readonly treatment?: string;
  readonly split: Split;
}

export interface Cohort {
  readonly outcomeType: ObservedOutcome['type'];
  /** Sorted by bag id, so that the order of the table's rows has no influence on anything. */
  readonly cases: readonly CohortCase[];
  /** Sorted class names (`classIndex` points here); empty for survival. */
  readonly classes: readonly string[];
  /** Sorted treatment arms; empty when there is no treatment column. */
  readonly treatments: readonly string[];
  /** Micrometres for a level-0 pixel that the table or the job states, by the slide's path; absent without any. */
  readonly statedMpp?: Readonly<Record<string, number>>;
}

/** Order of strings by UTF-16 code units: the same on every machine, unlike the locale's. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
