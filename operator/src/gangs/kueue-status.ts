/**
 * Reading and writing a Workload's status. Kueue reserves quota and admits; what happens to the pods it learns from the
 * controller that made the Workload, through these conditions (Kueue's own integrations write the same ones):
 * `PodsReady` (by their readiness, and taken back after a loss; without it a cluster that waits for pods to be ready evicts the job after a time), the end of an eviction
 * (the admission is removed once no pod is left, not before) and `Finished` (the quota is free again).
 */
import type { Action } from '../job/actions.ts';
import type { Condition, Workload, WorkloadStatus } from './kueue-workload.ts';

/** Kueue's limit for a condition's message. */
const LONGEST_MESSAGE = 32 * 1024;
/** Evictions after which Kueue queues a Workload at once; after the others it does so itself when it is time. */
const REQUEUED_AT_ONCE = ['Preempted', 'AdmissionCheck', 'NodeFailures'];

export function findStatusCondition(workload: Workload, type: string): Condition | undefined {
  return workload.status?.conditions?.find((condition) => condition.type === type);
}

export function holds(workload: Workload, type: string): boolean {
  return findStatusCondition(workload, type)?.status === 'True';
}

/** Quota is set aside for it. */
export function isReserved(workload: Workload): boolean {
  return holds(workload, 'QuotaReserved') && workload.status?.admission !== undefined;
}

/** Its pods may run: quota is set aside, every admission check has passed, and nobody wants it back. */
export function isAdmitted(workload: Workload): boolean {
  return isReserved(workload) && holds(workload, 'Admitted') && !isEnding(workload);
}

/** It is on its way out: evicted, finished, or being deleted. */
export function isEnding(workload: Workload): boolean {
  return (
    holds(workload, 'Evicted') ||
    holds(workload, 'Finished') ||
    workload.metadata.deletionTimestamp !== undefined
  );
}

/** How many workers it has quota for: fewer than it asked for after a partial admission or a reclaim. */
export function admittedWorkers(workload: Workload): number {
  const asked = workerCount(workload);
  const assignment = workload.status?.admission?.podSetAssignments?.find(({ name }) => name === 'worker');
  return Math.max(0, Math.min(assignment?.count ?? asked, asked - reclaimedWorkers(workload)));
}

export function workerCount(workload: Workload): number {
  return workload.spec.podSets.find(({ name }) => name === 'worker')?.count ?? 0;
}

function reclaimedWorkers(workload: Workload): number {
  return workload.status?.reclaimablePods?.find(({ name }) => name === 'worker')?.count ?? 0;
}

/** Why the Workload waits, in Kueue's words where it has said something. */
export function waitingMessage(workload: Workload | undefined, queue: string): string {
  const head = `The job waits in the Kueue queue "${queue}"`;
  if (workload === undefined) return `${head}.`;
  if (workload.spec.active === false) return `${head}, but its Workload is deactivated.`;
  const checks = (workload.status?.admissionChecks ?? []).filter(({ state }) => state !== 'Ready');
  if (isReserved(workload) && checks.length > 0) {
    const names = checks.map(
      ({ name, state, message }) => `${name} is ${state}${message ? ` (${message})` : ''}`,
    );
    return `${head}: quota is reserved, admission checks are not through: ${names.join(', ')}.`;
  }
  const reported = findStatusCondition(workload, 'QuotaReserved')?.message;
  return reported ? `${head}: ${reported}` : `${head}.`;
}

/** The job has ended: quota is free again. */
export function finish(workload: Workload, succeeded: boolean, message: string, now: number): Action {
  const change = {
    type: 'Finished',
    status: 'True',
    reason: succeeded ? 'Succeeded' : 'Failed',
    message: message || (succeeded ? 'The job has succeeded.' : 'The job has failed.'),
  };
  return patchStatus(workload, { conditions: conditionsWith(workload, [change], now) });
}

/**
 * Whether everything that it is for is ready, in Kueue's own words: `WaitForStart` until it is for the first time,
 * `WaitForRecovery` after a loss. Undefined when the Workload says so already.
 */
export function podsReady(workload: Workload, ready: boolean, now: number): Action | undefined {
  const reported = findStatusCondition(workload, 'PodsReady');
  const lost = reported?.status === 'True' || reported?.reason === 'WaitForRecovery';
  const recovered = lost || reported?.reason === 'Recovered';
  const change = ready
    ? {
        status: 'True' as const,
        reason: reported?.status === 'True' ? reported.reason : recovered ? 'Recovered' : 'Started',
        message: 'All pods were ready or succeeded since the workload admission',
      }
    : {
        status: 'False' as const,
        reason: lost ? 'WaitForRecovery' : 'WaitForStart',
        message: lost
          ? 'At least one pod has failed, waiting for recovery'
          : 'Not all pods are ready or succeeded',
      };
  if (reported?.status === change.status && reported.reason === change.reason) return undefined;
  const conditions = conditionsWith(workload, [{ type: 'PodsReady', ...change }], now);
  return patchStatus(workload, { conditions });
}

/** The pods of an evicted Workload are gone: it gives its quota back and stands in the queue again. */
export function release(workload: Workload, now: number): Action {
  const eviction = findStatusCondition(workload, 'Evicted');
  const reason = eviction?.reason ?? 'Evicted';
  const message = eviction?.message ?? 'The pods have been stopped.';
  const requeued = REQUEUED_AT_ONCE.includes(reason) ? 'True' : 'False';
  const changes = [
    { type: 'QuotaReserved', status: 'False', reason: 'Pending', message },
    {
      type: 'Admitted',
      status: 'False',
      reason: 'NoReservation',
      message: 'The workload has no reservation',
    },
    { type: 'Requeued', status: requeued, reason, message },
    { type: 'PodsReady', status: 'False', reason: 'WaitForStart', message: 'The workload is not admitted.' },
  ];
  return patchStatus(workload, {
    admission: null,
    reclaimablePods: null,
    conditions: conditionsWith(workload, changes, now),
  });
}

/** `workers` of those it asked for are enough for the rest of its time; Kueue lets the number of others only grow. */
export function reclaim(workload: Workload, workers: number): Action | undefined {
  if (admittedWorkers(workload) <= workers) return undefined;
  const others = (workload.status?.reclaimablePods ?? []).filter(({ name }) => name !== 'worker');
  const reclaimablePods = [...others, { name: 'worker', count: workerCount(workload) - workers }];
  return patchStatus(workload, { reclaimablePods });
}

type Change = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

function conditionsWith(workload: Workload, changes: readonly Change[], now: number): Condition[] {
  const before = workload.status?.conditions ?? [];
  const changed = changes.map((change): Condition => {
    const old = before.find(({ type }) => type === change.type);
    const since = old?.status === change.status ? old.lastTransitionTime : new Date(now).toISOString();
    const { generation } = workload.metadata;
    return {
      ...change,
      message: change.message.slice(0, LONGEST_MESSAGE),
      lastTransitionTime: since,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  });
  const types = new Set(changes.map(({ type }) => type));
  return [...before.filter(({ type }) => !types.has(type)), ...changed];
}

type StatusPatch = { readonly [Field in keyof WorkloadStatus]?: WorkloadStatus[Field] | null };

function patchStatus(workload: Workload, status: StatusPatch): Action {
  return {
    kind: 'patchStatus',
    apiVersion: workload.apiVersion,
    objectKind: workload.kind,
    name: workload.metadata.name ?? '',
    resourceVersion: workload.metadata.resourceVersion ?? '',
    status,
  };
}
