/** Which gang and which queue a job asks for. */
import type { GangName } from '../../cluster/port.ts';
import type { GangWorld } from './gang.ts';

export function gangOf({ job, settings }: Pick<GangWorld, 'job' | 'settings'>): 'none' | GangName {
  return job.spec.runPolicy.gang ?? settings.defaultGang;
}

/** The job's own queue or the administrator's; undefined: neither says. */
export function queueOf({ job, settings }: GangWorld): string | undefined {
  return job.spec.runPolicy.queue ?? settings.defaultQueue;
}
