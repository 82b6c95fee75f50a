/**
 * Kueue, as an external framework: the operator makes the Workload itself, waits until it is admitted, creates the pods
 * with the node selectors and tolerations of the flavours that Kueue assigned, and tells Kueue what becomes of them.
 *
 * Why not as a group of plain pods (label `kueue.x-k8s.io/pod-group-name`): such a group has a fixed total count, so
 * that workers could neither be added nor removed; its pods exist, gated, before they are admitted, and Kueue evicts by
 * deleting them, so that neither an ordered stop with a checkpoint nor a queue without pods is possible. And not through
 * Kueue's job framework, which is a Go library: what it does through the API is done here.
 *
 * Kueue does not ask who made a Workload. Pods carry no queue label, so its pod integration leaves them alone; a cluster
 * that sets `manageJobsWithoutQueueName` must list `WsiTrainingJob.v1alpha1.wsi.dev` in `integrations.externalFrameworks`.
 *
 *   no Workload ──► queued ──► reserved ──► admitted: pods run ──► job ends: Finished
 *       ▲             ▲                        │ evicted, or the job asks for other pods than were admitted
 *       │             └── release ◄── no pod ◄─┘ ordered stop with a checkpoint
 *       └── suspended, or other pods asked for: the Workload is deleted once no pod is left
 *
 * Rescaling. A Workload that holds quota cannot change its podSets. More workers: another Workload of their own, which
 * is queued, admitted and preempted by itself while the job runs on (Kueue's elastic workload slices are for its own
 * integrations and replace the whole). Fewer: such a Workload is deleted, or `reclaimablePods` gives quota back, once
 * the pods are gone. After an eviction there is one Workload again. As any number of workers gives the same result, a
 * job may be admitted with fewer of them (`minCount: 1`), and the rest is asked for in the same way.
 */
import { alivePods, deleteObjects, type GangAdmission, type GangPlan, type GangInput } from './gang.ts';
import { findCondition } from '@wsi-operator/api';
import { finish, holds, isEnding, isReserved, release, waitingMessage } from './kueue-status.ts';
import {
  baseWorkload,
  isUpToDate,
  prebuiltName,
  topologyProblems,
  workloadsOf,
  type JobWorkloads,
  type Workload,
} from './kueue-workload.ts';
import { adoption } from './kueue-dispatched.ts';
import { decorateAdmitted, missingFlavors } from './kueue-flavors.ts';
import { planWorkers } from './kueue-workers.ts';
import type { Action } from '../job/actions.ts';
import { isBeingDeleted } from '../job/intent.ts';
import { quietPlan, restingPlan } from './rest.ts';
import { isNever } from './never.ts';
import { queueOf } from './queue.ts';

export function planKueue(input: GangInput): GangPlan {
  const { intent } = input;
  if (intent.kind === 'finished' && !isBeingDeleted(intent)) {
    return quietPlan(input, finishAll(input, intent.outcome));
  }
  if (intent.kind !== 'run') return restingPlan(input, 'kueue');
  const queue = queueOf(input);
  if (queue === undefined) return withoutQueue(input);
  const problems = topologyProblems(input);
  if (problems.length > 0) return unavailable(input, `Kueue cannot be asked for it: ${problems.join('; ')}.`);
  const workloads = workloadsOf(input);
  const { base } = workloads;
  const prebuilt = prebuiltName(input.job);
  if (prebuilt !== undefined && (base === undefined || !isReserved(base) || isEnding(base))) {
    return planDispatchedHere(input, workloads, queue, prebuilt);
  }
  if (base === undefined || !isReserved(base) || isEnding(base) || !isUpToDate(base, input)) {
    return planQueued(input, workloads, queue);
  }
  return planReserved(input, workloads, base, queue);
}

function withoutQueue(input: GangInput): GangPlan {
  const message =
    'Kueue needs the name of a LocalQueue: set spec.runPolicy.queue, or a default queue for the operator.';
  return unavailable(input, message);
}

/** Nothing starts; what runs, runs on. */
function unavailable(input: GangInput, message: string): GangPlan {
  const running = alivePods(input.observed).length > 0;
  return { ...quietPlan(input, []), ...(running ? {} : { admission: { kind: 'unavailable', message } }) };
}

/** No pod may run: those that do are stopped first, then the Workload is brought to what the job asks for. */
function planQueued(input: GangInput, { base, growth }: JobWorkloads, queue: string): GangPlan {
  const stopped = alivePods(input.observed).length === 0;
  const held = base !== undefined && (isReserved(base) || isEnding(base));
  return {
    ...quietPlan(input, stopped ? [...deleteObjects(growth), ...(held ? giveBack(base, input) : [])] : []),
    // podSets may change until quota is reserved.
    objects: held ? [] : [baseWorkload(input, queue)],
    admission: stopped ? queued(base, queue) : eviction(base, queue),
    allAtOnce: true,
  };
}

function queued(base: Workload | undefined, queue: string): GangAdmission {
  const message = waitingMessage(base, queue);
  return { kind: 'waiting', reason: 'QueuePending', message, ...(isNever(message) ? { never: true } : {}) };
}

/** Of a Workload that Kueue has made for the job: it is taken over, and neither changed nor removed. */
function planDispatchedHere(
  input: GangInput,
  { base, growth }: JobWorkloads,
  queue: string,
  prebuilt: string,
): GangPlan {
  const stopped = alivePods(input.observed).length === 0;
  const owned = base === undefined ? adoption(input.job, prebuilt) : [];
  const evicted = base !== undefined && isReserved(base) && !holds(base, 'Finished');
  const released = evicted && base.metadata.deletionTimestamp === undefined ? [release(base, input.now)] : [];
  return {
    ...quietPlan(input, stopped ? [...deleteObjects(growth), ...owned, ...released] : owned),
    admission: stopped ? queued(base, queue) : eviction(base, queue),
    allAtOnce: true,
  };
}

/** What ends a hold on quota once no pod is left. */
function giveBack(base: Workload, input: GangInput): Action[] {
  const gone = holds(base, 'Finished') || base.metadata.deletionTimestamp !== undefined;
  if (gone || !isUpToDate(base, input)) return deleteObjects([base]);
  return isReserved(base) ? [release(base, input.now)] : [];
}

function eviction(base: Workload | undefined, queue: string): GangAdmission {
  const said = base?.status?.conditions?.find(({ type, status }) => type === 'Evicted' && status === 'True');
  if (said !== undefined) {
    return { kind: 'evicted', reason: said.reason, message: `Kueue has evicted the job: ${said.message}` };
  }
  if (base !== undefined && isReserved(base) && !isEnding(base)) {
    const message =
      'The job asks for other pods than were admitted: it stops and waits for its admission again.';
    return { kind: 'evicted', reason: 'PodsChanged', message };
  }
  const message = `The job holds no quota of the Kueue queue "${queue}".`;
  return { kind: 'evicted', reason: 'NoQuota', message };
}

/** Quota is set aside, and perhaps admission checks are still to pass. */
function planReserved(input: GangInput, workloads: JobWorkloads, base: Workload, queue: string): GangPlan {
  const running = alivePods(input.observed).length > 0;
  const workers = planWorkers(input, base, workloads.growth, queue);
  const missing = missingFlavors(input, [base]);
  const admitted = holds(base, 'Admitted') && missing.length === 0;
  // A check that is asked again does not take the pods away: Kueue evicts when it fails.
  const admission: GangAdmission =
    admitted || running
      ? { kind: 'admitted' }
      : {
          kind: 'waiting',
          reason: 'QueuePending',
          message:
            missing.length === 0
              ? waitingMessage(base, queue)
              : `Kueue assigned resource flavours that are not known: ${missing.join(', ')}.`,
        };
  return {
    objects: workers.objects,
    actions: workers.actions,
    admission,
    allAtOnce: true,
    workers: workers.count,
    ...(workers.neverMore === undefined ? {} : { neverMore: workers.neverMore }),
    decorate: (pod, slot) => decorateAdmitted(input, workloads, pod, slot),
  };
}

function finishAll(input: GangInput, outcome: 'Succeeded' | 'Failed'): Action[] {
  const { job, observed, now } = input;
  if (alivePods(observed).length > 0 && job.spec.runPolicy.cleanPodPolicy !== 'None') return [];
  const message = findCondition(job.status?.conditions, outcome)?.message ?? '';
  const { base, growth } = workloadsOf(input);
  const all = base === undefined ? growth : [base, ...growth];
  return all
    .filter((workload) => !holds(workload, 'Finished'))
    .map((workload) => finish(workload, outcome === 'Succeeded', message, now));
}
