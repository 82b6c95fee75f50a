/** Which gang and which queue a job asks for. */
import { queueLabelOf, type GangName } from '@wsi-operator/api';
import type { GangInput } from './gang.ts';

export function gangOf({ job, settings }: Pick<GangInput, 'job' | 'settings'>): 'none' | GangName {
  const labelled = queueLabelOf(job) === undefined ? undefined : 'kueue';
  return job.spec.runPolicy.gang ?? labelled ?? settings.defaultGang;
}

/** The job's own queue or the administrator's; undefined: neither says. */
export function queueOf({ job, settings }: GangInput): string | undefined {
  return job.spec.runPolicy.queue ?? queueLabelOf(job) ?? settings.defaultQueue;
}
