/**
 * What is to become of the job: what is meant to (see intent.ts), held against what its pods have done. An ordered list of
 * checks, the first that holds decides; a run that is over counts before the job is suspended or refused.
 */
import type { ConditionReason, WsiTrainingJob } from '@wsi-operator/api';
import type { Observed } from './observed.ts';
import { hasCertificates } from './certificates.ts';
import { deadline } from './deadline-policy.ts';
import { fatalFailure, type Failures } from './failure-policy.ts';
import { hasFinished } from './finish.ts';
import type { RunIntent } from '../job/intent.ts';
import { revision } from '../objects/revision.ts';
import type { GangAdmission } from '../gangs/index.ts';
import {
  allUp,
  holdsResources,
  isAlive,
  revisionOf,
  type ObservedSlot,
  type Snapshot,
} from '../job/snapshot.ts';

export type Course =
  /** The status says so already: only clean-up is left. */
  | { readonly kind: 'finished' }
  | { readonly kind: 'succeed' }
  | { readonly kind: 'fail'; readonly reason: ConditionReason; readonly message: string }
  /** Every process is to end, in order; `changed`: and to start again from the checkpoint. */
  | { readonly kind: 'stop'; readonly why: 'suspended' | 'deleted' | 'changed' }
  /** The same, because the admission was withdrawn; the job then waits for another one. */
  | { readonly kind: 'stop'; readonly why: 'evicted'; readonly message: string }
  /** The same, because it asks for what the administrator does not allow (any more). */
  | { readonly kind: 'stop'; readonly why: 'notAllowed'; readonly message: string }
  /** No pod may be made yet. */
  | {
      readonly kind: 'wait';
      readonly reason: 'QueuePending' | 'GangUnavailable' | 'NotAllowed';
      readonly message: string;
      /** To wait is in vain: the queue can never admit so much. */
      readonly never?: true;
    }
  | { readonly kind: 'run' };

export interface CourseInput {
  readonly job: WsiTrainingJob;
  readonly intent: RunIntent;
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly admission: GangAdmission;
  readonly observed: Pick<Observed, 'certificates' | 'progress'>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function courseOf(input: CourseInput): Course {
  const { job, intent, snapshot, failures, admission, now } = input;
  if (intent.kind === 'finished') return { kind: 'finished' };
  if (intent.kind === 'deleted') return { kind: 'stop', why: 'deleted' };
  const current = revision(job);
  const slots = [...snapshot.slots, ...snapshot.surplus];
  const heard = { job, progress: input.observed.progress };
  const finished = slots.some(
    (slot) => hasFinished(slot, heard) && revisionOf(slot.pod ?? slot.gone) === current,
  );
  if (finished) return { kind: 'succeed' };
  const fatal = fatalFailure(heard, failures, snapshot.slots);
  if (fatal !== undefined) return { kind: 'fail', ...fatal };
  if (intent.kind === 'suspended') return { kind: 'stop', why: 'suspended' };
  if (intent.kind === 'notAllowed') return refused(intent.message, slots);
  const end = deadline(job);
  // A job that has stopped running since has stopped using time up.
  if (end !== undefined && end <= now && allUp(job, snapshot.slots)) {
    const seconds = job.spec.runPolicy.activeDeadlineSeconds ?? 0;
    const message = `not finished after ${seconds} s of active time (runPolicy.activeDeadlineSeconds)`;
    return { kind: 'fail', reason: 'DeadlineExceeded', message };
  }
  const changed = slots.some(
    (slot) =>
      isAlive(slot) &&
      (revisionOf(slot.pod) !== current || !hasCertificates(slot.pod, input.observed.certificates)),
  );
  return changed ? { kind: 'stop', why: 'changed' } : admitted(admission);
}

/** Its pods end in order, with a checkpoint; it goes on when job or settings are mended. */
function refused(message: string, slots: readonly ObservedSlot[]): Course {
  return slots.some(holdsResources)
    ? { kind: 'stop', why: 'notAllowed', message }
    : { kind: 'wait', reason: 'NotAllowed', message };
}

function admitted(admission: GangAdmission): Course {
  switch (admission.kind) {
    case 'admitted':
      return { kind: 'run' };
    case 'evicted':
      return { kind: 'stop', why: 'evicted', message: admission.message };
    case 'waiting':
      return {
        kind: 'wait',
        reason: 'QueuePending',
        message: admission.message,
        ...(admission.never === undefined ? {} : { never: true }),
      };
    case 'unavailable':
      return { kind: 'wait', reason: 'GangUnavailable', message: admission.message };
  }
}
