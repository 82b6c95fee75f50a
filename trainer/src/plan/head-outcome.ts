/** A case of the cohort as heads take it. */
import type { CohortCase } from '@wsi-operator/cohort';
import type { CaseOutcome } from '@wsi-operator/statistics';
import type { BagOutcome } from '../heads/index.ts';

/** An outcome of the cohort, as heads and evaluations take it. */
export function caseOutcome(outcome: CohortCase['outcome']): CaseOutcome {
  switch (outcome.type) {
    case 'classification':
      return { type: 'classification', index: outcome.classIndex };
    case 'survival':
      return { type: 'survival', time: outcome.time, event: outcome.event === 1 };
  }
}

/** @param bags of the patient; a patient is on one side of the split, and so are they */
export function headOutcome({ outcome, patient }: CohortCase, bags: number): BagOutcome {
  const of = caseOutcome(outcome);
  return of.type === 'survival' && bags > 1 ? { ...of, subject: { patient, bags } } : of;
}
