/** What is worth telling people, derived from changes only: planning the same again tells nothing twice. */
import { findCondition, type JobCondition } from '@wsi/api';
import type { PlanEvent } from './actions.ts';
import { EXIT_POLICY } from './exit-class.ts';
import { backoffDelay, describe, type NewEnd } from './failure-policy.ts';
import type { Verdict } from './verdict.ts';

export function endEvents(ends: readonly NewEnd[], verdict: Verdict, backoffLimit: number): PlanEvent[] {
  // The end that the job fails of is told by the job's own event.
  const told = verdict.kind === 'fail' ? verdict.message : '';
  const others = ends.filter(({ end }) => !told.includes(end.message));
  return others.map(({ place, end, record }): PlanEvent => {
    const again = verdict.kind === 'run';
    const seconds = backoffDelay(record.inARow) / 1000;
    const limit = EXIT_POLICY[end.exitClass].counts
      ? ` (failure ${record.counted} of at most ${backoffLimit})`
      : '';
    const next = again ? `; starting it again in ${seconds} s${limit}` : '';
    return {
      type: 'Warning',
      reason: `Pod${end.exitClass.slice(0, 1).toUpperCase()}${end.exitClass.slice(1)}`,
      message: `${describe(place.slot)} ${end.message}${next}`,
      pod: place.name,
    };
  });
}

/** One event for each condition that became true or, for Running, false. */
export function transitionEvents(
  before: readonly JobCondition[],
  after: readonly JobCondition[],
): PlanEvent[] {
  return after.flatMap((now): PlanEvent[] => {
    const was = findCondition(before, now.type)?.status ?? 'False';
    if (was === now.status) return [];
    if (now.status !== 'True' && now.type !== 'Running') return [];
    const type = now.type === 'Failed' ? 'Warning' : 'Normal';
    return [{ type, reason: now.reason, message: `${now.type} is ${now.status}: ${now.message}` }];
  });
}
