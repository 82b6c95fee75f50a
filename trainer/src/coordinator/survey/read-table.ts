/** What is known of the cohort's table before a slide is opened. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import { CohortError, examineCohort, type Cohort, type CohortExamination } from '@wsi-operator/cohort';
import type { Logger } from '@wsi-operator/foundation';
import type { S3Store } from '@wsi-operator/slides';

export type ReadTable = Pick<CohortExamination, 'lines' | 'copies' | 'notes'> & { readonly cohort: Cohort };

/** @throws CohortError with everything that is wrong in the table; WsiError when it cannot be read */
export async function readTable(
  { cohort: spec }: WsiTrainingJob['spec'],
  { store, logger }: { readonly store: S3Store; readonly logger: Pick<Logger, 'warn'> },
): Promise<ReadTable> {
  const examined = await examineCohort(spec, { baseDirectory: '/', store });
  const { cohort, problems, notes, lines, copies } = examined;
  for (const note of notes) logger.warn({ table: spec.table, note }, 'of the cohort');
  if (cohort === undefined) throw new CohortError(spec.table, problems);
  return { cohort, lines, copies, notes };
}
