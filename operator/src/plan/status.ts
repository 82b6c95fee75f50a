/** The status block: counts from what is there, progress from the coordinator, conditions from the verdict. */
import {
  findCondition,
  isTrue,
  phaseOf,
  setCondition,
  type ConditionInput,
  type JobCondition,
  type RoleField,
  type RoleStatus,
  type WsiTrainingJob,
  type WsiTrainingJobStatus,
} from '@wsi/api';
import type { TrainingProgress } from '../cluster/port.ts';
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
    phase: phaseOf(conditions),
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

/** Ends that a new pod has made good: a place that stands empty, or holds the ended pod, is not started again yet. */
function replaced(places: readonly Place[], failures: Failures, role: Role): number {
  const uids = new Map(places.map((place) => [place.name, place.pod?.metadata?.uid]));
  return failures.records
    .filter((record) => record.pod.replace(/-\d+$/, '').endsWith(`-${role}`))
    .reduce((sum, record) => {
      const uid = uids.get(record.pod);
      return sum + record.failures - (uid === undefined || uid === record.uid ? 1 : 0);
    }, 0);
}

function updateConditions(input: StatusInput): readonly JobCondition[] {
  const generation = input.job.metadata.generation;
  let conditions: readonly JobCondition[] = input.job.status?.conditions ?? [];
  for (const change of conditionChanges(input)) {
    // A condition that has never been true need not be listed as false.
    const known = findCondition(conditions, change.type) !== undefined;
    if (change.status === 'False' && !known) continue;
    const observed = generation === undefined ? change : { ...change, observedGeneration: generation };
    conditions = setCondition(conditions, observed, input.now);
  }
  return conditions;
}

function conditionChanges(input: StatusInput): ConditionInput[] {
  const { verdict, stopped } = input;
  const created: ConditionInput = { type: 'Created', status: 'True', reason: 'JobCreated' };
  const over: ConditionInput[] = [
    created,
    { type: 'Running', status: 'False', reason: 'JobFinished' },
    { type: 'Scaling', status: 'False', reason: 'JobFinished' },
  ];
  switch (verdict.kind) {
    case 'finished':
      return [];
    case 'succeed':
      return [...over, { type: 'Succeeded', status: 'True', reason: 'TrainingCompleted' }];
    case 'fail':
      return [...over, { type: 'Failed', status: 'True', reason: verdict.reason, message: verdict.message }];
    case 'stop':
      return [created, ...stopChanges(verdict.why, stopped)];
    case 'run':
      return [created, { type: 'Suspended', status: 'False', reason: 'JobResumed' }, ...runChanges(input)];
  }
}

function stopChanges(why: 'suspended' | 'deleted' | 'changed', stopped: boolean): ConditionInput[] {
  const type = 'Running';
  const status = 'False';
  switch (why) {
    case 'deleted':
      return [{ type, status, reason: 'JobFinished', message: 'The job is being deleted.' }];
    case 'changed': {
      const message = 'The spec has changed: the run starts anew from its checkpoint.';
      return [{ type, status, reason: 'PodsStarting', message }];
    }
    case 'suspended': {
      const leaving: ConditionInput = {
        type,
        status,
        reason: 'JobSuspended',
        message: 'The job is being suspended.',
      };
      return stopped ? [leaving, { type: 'Suspended', status: 'True', reason: 'JobSuspended' }] : [leaving];
    }
  }
}

function runChanges(input: StatusInput): ConditionInput[] {
  const { places, surplus } = input.snapshot;
  const up = (role: Role): number =>
    places.filter((place) => place.slot.role === role && place.state === 'running').length;
  const workers = replicasOf(input.job, 'worker');
  const servers = replicasOf(input.job, 'server');
  const started = isTrue(input.job.status?.conditions, 'Running');
  const running = up('coordinator') === 1 && up('server') === servers && up('worker') > 0;
  const message = `coordinator ${up('coordinator')}/1, servers ${up('server')}/${servers}, workers ${up('worker')}/${workers}`;
  const waiting = places.filter((place) => place.state !== 'running');
  const ends = new Map(input.failures.records.map((record) => [record.pod, record.reason]));
  // A place that is being refilled after an end is a restart, not scaling.
  const grows = waiting.some((place) => place.slot.role === 'worker' && !ends.has(place.name));
  const scaling = started && (surplus.length > 0 || grows);
  const restarting = waiting.some((place) => ends.has(place.name));
  const outOfMemory = waiting.some((place) => ends.get(place.name) === 'outOfMemory');
  const notRunning = outOfMemory ? 'OutOfMemory' : restarting ? 'PodRestarting' : 'PodsStarting';
  return [
    running
      ? { type: 'Running', status: 'True', reason: 'PodsReady' }
      : { type: 'Running', status: 'False', reason: notRunning, message },
    scaling
      ? { type: 'Scaling', status: 'True', reason: 'ReplicasChanging', message }
      : { type: 'Scaling', status: 'False', reason: 'ReplicasReached' },
  ];
}

function iso(now: number): string {
  return new Date(now).toISOString();
}
