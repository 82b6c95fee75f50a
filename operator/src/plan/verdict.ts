/** What is to become of the job: an ordered list of checks, the first that holds decides. */
import { isTrue, type ConditionReason, type WsiTrainingJob } from '@wsi/api';
import type { Observed } from '../cluster/port.ts';
import { hasCertificates } from './certificates.ts';
import { deadline } from './deadline-policy.ts';
import { fatalFailure, isSuccess, type Failures } from './failure-policy.ts';
import { revision } from './revision.ts';
import type { GangAdmission } from './gangs/index.ts';
import { isAlive, revisionOf, type Snapshot } from './snapshot.ts';

export type Verdict =
  /** The status says so already: only clean-up is left. */
  | { readonly kind: 'finished' }
  | { readonly kind: 'succeed' }
  | { readonly kind: 'fail'; readonly reason: ConditionReason; readonly message: string }
  /** Every process is to end, in order; `changed`: and to start anew from the checkpoint. */
  | { readonly kind: 'stop'; readonly why: 'suspended' | 'deleted' | 'changed' }
  /** The same, because the admission was withdrawn; the job then waits for another one. */
  | { readonly kind: 'stop'; readonly why: 'evicted'; readonly message: string }
  /** No pod may be made yet. */
  | {
      readonly kind: 'wait';
      readonly reason: 'QueuePending' | 'GangUnavailable';
      readonly message: string;
    }
  | { readonly kind: 'run' };

export interface JudgedWorld {
  readonly job: WsiTrainingJob;
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly admission: GangAdmission;
  readonly certificates: Observed['certificates'];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function judge(world: JudgedWorld): Verdict {
  const { job, snapshot, failures, admission, now } = world;
  const conditions = job.status?.conditions;
  if (isTrue(conditions, 'Succeeded') || isTrue(conditions, 'Failed')) return { kind: 'finished' };
  if (job.metadata.deletionTimestamp !== undefined) return { kind: 'stop', why: 'deleted' };
  const current = revision(job);
  const places = [...snapshot.places, ...snapshot.surplus];
  if (places.some((place) => isSuccess(place) && revisionOf(place.pod) === current))
    return { kind: 'succeed' };
  const fatal = fatalFailure(job, failures, snapshot.places);
  if (fatal !== undefined) return { kind: 'fail', ...fatal };
  if (job.spec.suspend) return { kind: 'stop', why: 'suspended' };
  const end = deadline(job);
  if (end !== undefined && end <= now) {
    const seconds = job.spec.runPolicy.activeDeadlineSeconds ?? 0;
    const message = `not finished after ${seconds} s (runPolicy.activeDeadlineSeconds)`;
    return { kind: 'fail', reason: 'DeadlineExceeded', message };
  }
  const changed = places.some(
    (place) =>
      isAlive(place) &&
      (revisionOf(place.pod) !== current || !hasCertificates(place.pod, world.certificates)),
  );
  return changed ? { kind: 'stop', why: 'changed' } : admitted(admission);
}

function admitted(admission: GangAdmission): Verdict {
  switch (admission.kind) {
    case 'admitted':
      return { kind: 'run' };
    case 'evicted':
      return { kind: 'stop', why: 'evicted', message: admission.message };
    case 'waiting':
      return { kind: 'wait', reason: 'QueuePending', message: admission.message };
    case 'unavailable':
      return { kind: 'wait', reason: 'GangUnavailable', message: admission.message };
  }
}
