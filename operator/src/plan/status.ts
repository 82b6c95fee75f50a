/** The status block: counts from what is there, progress from the coordinator, conditions from the verdict. */
import type {
  ConditionType,
  JobCondition,
  JobPhase,
  RoleField,
  RoleStatus,
  WsiTrainingJob,
  WsiTrainingJobStatus,
} from '@wsi/api';
import type { TrainingProgress } from '../cluster/port.ts';
import { condition, isTrue, setCondition, type ConditionUpdate } from './conditions.ts';
import type { Failures } from './failure-policy.ts';
import { LABELS, jobName, replicasOf, type Role } from './names.ts';
import { progressStatus } from './progress-status.ts';
import type { Place, Snapshot } from './snapshot.ts';
import type { Verdict } from './verdict.ts';

export const ROLE_FIELDS: Record<Role, RoleField> = {
  coordinator: 'coordinator',
  server: 'parameterServers',
  worker: 'workers',
};

export interface StatusInput {
  readonly job: WsiTrainingJob;
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly verdict: Verdict;
  /** True when no process of the job is left. */
  readonly stopped: boolean;
  readonly progress: TrainingProgress | undefined;
  readonly now: number;
}

export function buildStatus(input: StatusInput): WsiTrainingJobStatus {
  const { job, verdict, now } = input;
  const before = job.status ?? {};
  const conditions = updateConditions(input);
  const ended = isTrue(conditions, 'Succeeded') || isTrue(conditions, 'Failed');
  const startTime = before.startTime ?? (verdict.kind === 'run' ? iso(now) : undefined);
  const roles = {
    coordinator: roleStatus(input, 'coordinator'),
    parameterServers: roleStatus(input, 'server'),
    workers: roleStatus(input, 'worker'),
  };
  const restarts = [roles.coordinator, roles.parameterServers, roles.workers].map(
    (role) => role.restarts ?? 0,
  );
  return {
    ...before,
    ...progressStatus(input.progress),
    ...roles,
    ...(job.metadata.generation === undefined ? {} : { observedGeneration: job.metadata.generation }),
    phase: phaseOf(conditions, input),
    conditions,
    restarts: restarts.reduce((sum, value) => sum + value, 0),
    failures: [...input.failures.records],
    suspended: isTrue(conditions, 'Suspended'),
    ...(startTime === undefined ? {} : { startTime }),
    ...(ended ? { completionTime: before.completionTime ?? iso(now) } : {}),
  };
}

function roleStatus(input: StatusInput, role: Role): RoleStatus {
  const { job, snapshot, failures } = input;
  const places = [...snapshot.places, ...snapshot.surplus].filter((place) => place.slot.role === role);
  const ready = places.filter((place) => place.state === 'running').length;
  const ended = places.filter((place) => place.state === 'ended');
  const succeeded = ended.filter((place) => place.pod?.status?.phase === 'Succeeded').length;
  const desired = replicasOf(job, role);
  return {
    replicas: places.filter((place) => place.pod !== undefined).length,
    ready,
    desired,
    succeeded,
    failed: ended.length - succeeded,
    restarts: Math.max(job.status?.[ROLE_FIELDS[role]]?.restarts ?? 0, replaced(places, failures, role)),
    summary: `${ready}/${desired}`,
    selector: `${LABELS.job}=${jobName(job)},${LABELS.role}=${role}`,
  };
}

/** Ends that a new pod has made good: those of a place that stands empty or ended are not restarts yet. */
function replaced(places: readonly Place[], failures: Failures, role: Role): number {
  const filled = new Set(
    places.filter((place) => place.pod !== undefined && place.state !== 'ended').map((place) => place.name),
  );
  return failures.records
    .filter((record) => record.pod.replace(/-\d+$/, '').endsWith(`-${role}`))
    .reduce((sum, record) => sum + record.failures - (filled.has(record.pod) ? 0 : 1), 0);
}

function updateConditions(input: StatusInput): JobCondition[] {
  const { job, now } = input;
  let conditions: JobCondition[] = [...(job.status?.conditions ?? [])];
  const context = { now, generation: job.metadata.generation };
  for (const update of conditionUpdates(input)) {
    // A condition that has never been true need not be listed as false.
    if (update.status === 'False' && condition(conditions, update.type) === undefined) continue;
    conditions = setCondition(conditions, update, context);
  }
  return conditions;
}

function conditionUpdates(input: StatusInput): ConditionUpdate[] {
  const { verdict, stopped } = input;
  const created = update('Created', true, 'JobCreated', 'the job is accepted');
  switch (verdict.kind) {
    case 'finished':
      return [];
    case 'succeed':
      return [
        created,
        update('Running', false, 'JobSucceeded', 'the run is finished'),
        update('Scaling', false, 'JobSucceeded', 'the run is finished'),
        update('Succeeded', true, 'JobSucceeded', 'the coordinator has finished the run'),
      ];
    case 'fail':
      return [
        created,
        update('Running', false, verdict.reason, verdict.message),
        update('Scaling', false, verdict.reason, verdict.message),
        update('Failed', true, verdict.reason, verdict.message),
      ];
    case 'stop':
      return [created, ...stopUpdates(verdict.why, stopped)];
    case 'run':
      return [created, update('Suspended', false, 'Resumed', 'the job may run'), ...runUpdates(input)];
  }
}

function stopUpdates(why: 'suspended' | 'deleted' | 'changed', stopped: boolean): ConditionUpdate[] {
  const words = {
    suspended: ['Suspended', 'stopped by spec.suspend'],
    deleted: ['Deleted', 'the job is being deleted'],
    changed: ['SpecChanged', 'started anew from the checkpoint after a change of the spec'],
  } as const;
  const [reason, message] = words[why];
  const running = update('Running', false, reason, message);
  return why === 'suspended' && stopped
    ? [running, update('Suspended', true, 'Suspended', 'every pod is gone; the checkpoint is kept')]
    : [running];
}

function runUpdates(input: StatusInput): ConditionUpdate[] {
  const { places, surplus } = input.snapshot;
  const up = (role: Role): number =>
    places.filter((place) => place.slot.role === role && place.state === 'running').length;
  const workers = replicasOf(input.job, 'worker');
  const servers = replicasOf(input.job, 'server');
  const started = isTrue(input.job.status?.conditions, 'Running');
  const running = up('coordinator') === 1 && up('server') === servers && up('worker') > 0;
  const counts = `coordinator ${up('coordinator')}/1, servers ${up('server')}/${servers}, workers ${up('worker')}/${workers}`;
  // A place that is being refilled after an end is a restart, not scaling.
  const waiting = places.filter((place) => place.slot.role === 'worker' && place.state !== 'running');
  const failed = new Set(input.failures.records.map((record) => record.pod));
  const scaling = started && (surplus.length > 0 || waiting.some((place) => !failed.has(place.name)));
  return [
    running
      ? update('Running', true, 'AllRolesRunning', 'every role runs')
      : update('Running', false, started ? 'Restarting' : 'Starting', counts),
    update('Scaling', scaling, scaling ? 'ReplicasDiffer' : 'ReplicasMatch', counts),
  ];
}

function update(type: ConditionType, holds: boolean, reason: string, message: string): ConditionUpdate {
  return { type, status: holds ? 'True' : 'False', reason, message };
}

function phaseOf(conditions: readonly JobCondition[], input: StatusInput): JobPhase {
  if (isTrue(conditions, 'Succeeded')) return 'Succeeded';
  if (isTrue(conditions, 'Failed')) return 'Failed';
  if (isTrue(conditions, 'Suspended')) return 'Suspended';
  if (isTrue(conditions, 'Running')) return 'Running';
  return input.snapshot.places.some((place) => place.pod !== undefined) ? 'Starting' : 'Pending';
}

function iso(now: number): string {
  return new Date(now).toISOString();
}
