/** Status changes that deserve a line of their own while a job is followed (pure). */
import type { JobCondition, WsiTrainingJobStatus } from '@wsi-operator/api';

/** Reasons that every job goes through, and that the moving lines show anyway. */
const ORDINARY: readonly string[] = [
  'JobCreated',
  'PodsStarting',
  'PodsReady',
  'ReplicasReached',
  'JobFinished',
  'JobResumed',
];

/** Lines for what has changed between two states: conditions with their reasons, and pods that have ended. */
export function noteworthyChanges(before: WsiTrainingJobStatus, after: WsiTrainingJobStatus): string[] {
  return [...ends(before, after), ...conditionChanges(before.conditions ?? [], after.conditions ?? [])];
}

function conditionChanges(before: readonly JobCondition[], after: readonly JobCondition[]): string[] {
  return after.flatMap((condition) => {
    // The end is reported by whoever waits for it.
    if (condition.type === 'Succeeded' || condition.type === 'Failed') return [];
    const was = before.find(({ type }) => type === condition.type);
    if (was?.reason === condition.reason || ORDINARY.includes(condition.reason)) return [];
    return [`${condition.reason}: ${condition.message}`];
  });
}

function ends(before: WsiTrainingJobStatus, after: WsiTrainingJobStatus): string[] {
  const known = new Map((before.failures ?? []).map((end) => [end.pod, end.failures]));
  return (after.failures ?? []).flatMap((end) =>
    end.failures > (known.get(end.pod) ?? 0) ? [`! ${end.pod} ${end.message}`] : [],
  );
}
