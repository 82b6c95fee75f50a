/** The status block: counts from what is there, progress from the coordinator, conditions from the course. */
import type { StatusInput } from './status-input.ts';
import {
  findCondition,
  isTrue,
  phaseOf,
  ROLE_FIELDS,
  setCondition,
  type JobCondition,
  type RoleStatus,
  type WsiTrainingJob,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';
import { conditionChanges } from './conditions.ts';
import { activeSeconds } from './deadline-policy.ts';
import { isSummary, roleOf } from './failure-records.ts';
import { LABELS, jobName, replicasOf, type Role } from '../job/names.ts';
import { progressStatus } from './progress-status.ts';
import { isReady, trainerEnd, type ObservedSlot } from '../job/snapshot.ts';
import { warningsOf } from './warnings.ts';

export function buildStatus(input: StatusInput): WsiTrainingJobStatus {
  const { job, course, now } = input;
  const before = job.status ?? {};
  const conditions = updateConditions(input);
  const ended = hasEnded(conditions);
  const active = activeSeconds(job, conditions, now);
  const startTime = before.startTime ?? (course.kind === 'run' ? iso(now) : undefined);
  const roles = {
    coordinator: roleStatus(input, 'coordinator'),
    parameterServers: roleStatus(input, 'server'),
    workers: roleStatus(input, 'worker'),
  };
  const restarts = [roles.coordinator, roles.parameterServers, roles.workers].map(
    (role) => role.restarts ?? 0,
  );
  const { warnings: _earlier, message: _last, autoscaling: _sizes, ...rest } = before;
  return {
    ...rest,
    ...progressStatus(input.observed.progress, input.observed.checkpointLeft),
    ...roles,
    ...(input.autoscaling === undefined ? {} : { autoscaling: input.autoscaling }),
    ...(job.metadata.generation === undefined ? {} : { observedGeneration: job.metadata.generation }),
    phase: phaseOf(conditions),
    conditions,
    restarts: restarts.reduce((sum, value) => sum + value, 0),
    failures: [...input.failures.records],
    suspended: isTrue(conditions, 'Suspended'),
    ...(startTime === undefined ? {} : { startTime }),
    ...(active === 0 ? {} : { activeSeconds: active }),
    ...(ended ? { completionTime: before.completionTime ?? iso(now) } : {}),
    ...words(input, conditions),
  };
}

function hasEnded(conditions: readonly JobCondition[] | undefined): boolean {
  return isTrue(conditions, 'Succeeded') || isTrue(conditions, 'Failed');
}

/** What is reported in words: the message and the warnings. */
function words(
  { job, settings, expiring, topologyIgnored, observed }: StatusInput,
  conditions: readonly JobCondition[],
): Pick<WsiTrainingJobStatus, 'message' | 'warnings'> {
  const before = job.status ?? {};
  const ended = hasEnded(conditions);
  const warnings = ended
    ? (before.warnings ?? [])
    : warningsOf(job, settings, { ...observed, expiring, topologyIgnored });
  // What was said last holds while the run goes on or is over, and not when something else was in its way.
  const last = ended || isTrue(before.conditions, 'Running') ? before.message : undefined;
  const message = messageOf(conditions) ?? progressStatus(observed.progress).message ?? last;
  return {
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(message === undefined ? {} : { message }),
  };
}

/**
 * The job is not reconciled, for the reason. Only its metadata and status are read.
 * @param why by an `InternalError` it is not known whether it runs
 */
export function abandonedStatus(
  job: WsiTrainingJob,
  { reason, message }: { readonly reason: 'InvalidSpec' | 'InternalError'; readonly message: string },
  now: number,
): WsiTrainingJobStatus {
  const { generation } = job.metadata;
  const before = job.status ?? {};
  if (hasEnded(before.conditions)) return before;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const conditions = setCondition(
    before.conditions ?? [],
    {
      type: 'Running',
      status: reason === 'InvalidSpec' ? 'False' : 'Unknown',
      reason,
      message,
      ...observed,
    },
    now,
  );
  return { ...before, ...observed, conditions, phase: phaseOf(conditions), message };
}

function roleStatus(input: StatusInput, role: Role): RoleStatus {
  const { job, snapshot } = input;
  const slots = [...snapshot.slots, ...snapshot.surplus].filter((slot) => slot.role === role);
  const ready = slots.filter(isReady).length;
  const ended = slots.filter((slot) => slot.state === 'ended');
  const succeeded = ended.filter(({ pod }) => trainerEnd(pod)?.exitCode === 0).length;
  const desired = replicasOf(job, role);
  return {
    replicas: slots.filter((slot) => slot.pod !== undefined).length,
    ready,
    desired,
    succeeded,
    failed: ended.length - succeeded,
    restarts: Math.max(job.status?.[ROLE_FIELDS[role]]?.restarts ?? 0, replaced(input, slots, role)),
    summary: `${ready}/${desired}`,
    selector: `${LABELS.job}=${jobName(job)},${LABELS.role}=${role}`,
  };
}

/** Ends that a new pod has made good: a slot that is empty, or holds the ended pod, is not started again yet. */
function replaced({ job, failures }: StatusInput, slots: readonly ObservedSlot[], role: Role): number {
  const uids = new Map(slots.map((slot) => [slot.name, slot.pod?.metadata?.uid]));
  return failures.records
    .filter((record) => roleOf(job, record) === role)
    .reduce((sum, record) => {
      const uid = uids.get(record.pod);
      const waits = !isSummary(record) && (uid === undefined || uid === record.uid);
      return sum + record.failures - (waits ? 1 : 0);
    }, 0);
}

/** What the job waits for or how it failed; undefined while the run itself has more to say. */
function messageOf(conditions: readonly JobCondition[]): string | undefined {
  const failed = findCondition(conditions, 'Failed');
  if (failed?.status === 'True') return failed.message;
  if (isTrue(conditions, 'Succeeded')) return undefined;
  const running = findCondition(conditions, 'Running');
  const waits = running?.status === 'False' && running.reason !== 'PodsStarting';
  return waits ? running.message : undefined;
}

function updateConditions(input: StatusInput): readonly JobCondition[] {
  const generation = input.job.metadata.generation;
  let conditions: readonly JobCondition[] = input.job.status?.conditions ?? [];
  for (const change of conditionChanges(input)) {
    const known = findCondition(conditions, change.type) !== undefined;
    // A condition that has never been true need not be listed as false, but why nothing runs yet is worth knowing.
    if (change.status === 'False' && !known && change.type !== 'Running') continue;
    const observed = generation === undefined ? change : { ...change, observedGeneration: generation };
    conditions = setCondition(conditions, observed, input.now);
  }
  return conditions;
}

function iso(now: number): string {
  return new Date(now).toISOString();
}
