/** What is worth telling people, derived from changes only: planning the same again tells nothing twice. */
import { findCondition, type JobCondition } from '@wsi-operator/api';
import type { PlanEvent } from '../job/actions.ts';
import { backoffDelay, describe, type NewEnd } from './failure-policy.ts';
import type { Course } from './course.ts';

/** A whole node, or all of them, may go at once: a thousand events would say no more. */
const MOST_END_EVENTS = 10;

export function endEvents(ends: readonly NewEnd[], course: Course, backoffLimit: number): PlanEvent[] {
  // The end that the job fails of is reported by the job's own event.
  const reported = course.kind === 'fail' ? course.message : '';
  const others = ends.filter(({ end }) => !reported.includes(end.message));
  const events = others.slice(0, MOST_END_EVENTS).map(({ slot, end, record, counts }): PlanEvent => {
    const again = course.kind === 'run';
    const seconds = backoffDelay(record.inARow) / 1000;
    const limit = counts ? ` (failure ${record.counted} of at most ${backoffLimit})` : '';
    const next = again ? `; starting it again in ${seconds} s${limit}` : '';
    return {
      type: 'Warning',
      reason: `Pod${end.exitClass.slice(0, 1).toUpperCase()}${end.exitClass.slice(1)}`,
      message: `${describe(slot)} ${end.message}${next}`,
      pod: slot.name,
    };
  });
  const more = others.length - events.length;
  if (more > 0) {
    events.push({
      type: 'Warning',
      reason: 'PodsEnded',
      message: `${more} more pods ended at the same time`,
    });
  }
  return events;
}

/** Reasons that are reported also when the condition as such stays what it was: somebody may have to do something. */
const NOTEWORTHY_REASONS: readonly string[] = [
  'Unschedulable',
  'ImagePullFailed',
  'ContainerConfigInvalid',
  'ContainerFailing',
  'PodStuck',
  'InitContainerRunning',
  'NodeUnreachable',
  'QuotaExceeded',
  'ObjectRefused',
  'QueuePending',
  'GangUnavailable',
  'Evicted',
  'NotAllowed',
  'InvalidSpec',
  'InternalError',
];
const WARNING_REASONS = NOTEWORTHY_REASONS.filter((reason) => reason !== 'QueuePending');

/** One event for each condition that became true or, for Running, false, or that has a new reason to be reported. */
export function transitionEvents(
  before: readonly JobCondition[],
  after: readonly JobCondition[],
): PlanEvent[] {
  return after.flatMap((now): PlanEvent[] => {
    const was = findCondition(before, now.type);
    const changed =
      (was?.status ?? 'False') !== now.status && (now.status === 'True' || now.type === 'Running');
    const newReason = NOTEWORTHY_REASONS.includes(now.reason) && was?.reason !== now.reason;
    // Two conditions may have one cause: it is reported once.
    const isKnown = before.some(({ type, reason }) => type !== now.type && reason === now.reason);
    if ((!changed && !newReason) || (isKnown && NOTEWORTHY_REASONS.includes(now.reason))) return [];
    const warns = now.type === 'Failed' || WARNING_REASONS.includes(now.reason);
    const message = `${now.type} is ${now.status}: ${now.message}`;
    return [{ type: warns ? 'Warning' : 'Normal', reason: now.reason, message }];
  });
}
