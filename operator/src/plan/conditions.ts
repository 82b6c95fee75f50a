/** Conditions: a list with one entry a type; the transition time moves only when the status does. */
import type { ConditionType, JobCondition } from '@wsi/api';

export interface ConditionUpdate {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export function setCondition(
  conditions: readonly JobCondition[],
  update: ConditionUpdate,
  context: { readonly now: number; readonly generation: number | undefined },
): JobCondition[] {
  const before = condition(conditions, update.type);
  const time =
    before?.status === update.status ? before.lastTransitionTime : new Date(context.now).toISOString();
  const after: JobCondition = {
    ...update,
    lastTransitionTime: time,
    ...(context.generation === undefined ? {} : { observedGeneration: context.generation }),
  };
  if (before === undefined) return [...conditions, after];
  return conditions.map((candidate) => (candidate === before ? after : candidate));
}

export function condition(
  conditions: readonly JobCondition[] | undefined,
  type: ConditionType,
): JobCondition | undefined {
  return conditions?.find((candidate) => candidate.type === type);
}

export function isTrue(conditions: readonly JobCondition[] | undefined, type: ConditionType): boolean {
  return condition(conditions, type)?.status === 'True';
}
