/** The observed pods, sorted once into the slots of the job; every policy reads this and nothing else. */
import type { V1ContainerStateTerminated, V1ContainerStatus, V1Pod } from '../kubernetes-types.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';
import {
  desiredSlots,
  podName,
  replicasOf,
  REVISION_ANNOTATION,
  slotOf,
  TRAINER_CONTAINER,
  type Role,
  type Slot,
} from './names.ts';

/**
 * - `absent`: no pod of that name;
 * - `pending`: created, not running yet (unscheduled, pulling, starting);
 * - `running`;
 * - `ended`: its process has ended by itself and the pod object is still there;
 * - `leaving`: asked to stop, its process may still run.
 */
export type PodState = 'absent' | 'pending' | 'running' | 'ended' | 'leaving';

type PodCondition = NonNullable<NonNullable<V1Pod['status']>['conditions']>[number];

/** The pods of a job as they are observed. */
export interface ObservedPods {
  readonly pods: readonly V1Pod[];
  /** The last that was seen of pods that somebody else has removed: an operator that has just started knows of none. */
  readonly gone?: readonly V1Pod[];
  /**
   * For how long pods (and those that are gone) have been seen as they are now, by uid: milliseconds of the operator's own
   * steady clock, since times in pods are of other clocks.
   */
  readonly seenFor?: ReadonlyMap<string, number>;
}

/** A slot with what is observed in it. */
export interface ObservedSlot extends Slot {
  readonly name: string;
  readonly state: PodState;
  readonly pod: V1Pod | undefined;
  /** Of an empty slot: the last that was seen of a pod that somebody else has removed. */
  readonly gone?: V1Pod;
  /** For how long its pod, or the one that is gone, has been seen as it is, in milliseconds; see {@link seenAs}. */
  readonly seenFor?: number;
}

export interface Snapshot {
  /** Of the slots that the spec asks for, in the order of starting. */
  readonly slots: readonly ObservedSlot[];
  /** Pods in slots that the spec no longer asks for. */
  readonly surplus: readonly ObservedSlot[];
}

/** @param workers how many workers may run; by default those that the spec asks for */
export function takeSnapshot(
  job: WsiTrainingJob,
  { pods, gone = [], seenFor: times }: ObservedPods,
  workers = replicasOf(job, 'worker'),
): Snapshot {
  const byName = podsByName(job, pods);
  const removed = podsByName(job, gone);
  const observedSlot = (slot: Slot, pod: V1Pod | undefined): ObservedSlot => {
    const name = podName(job, slot);
    const last = pod === undefined ? removed.get(name) : undefined;
    const seenFor = times?.get((pod ?? last)?.metadata?.uid ?? '');
    return {
      ...slot,
      name,
      state: podState(pod),
      pod,
      ...(last === undefined ? {} : { gone: last }),
      ...(seenFor === undefined ? {} : { seenFor }),
    };
  };
  const slots = desiredSlots(job, workers).map((slot) => observedSlot(slot, byName.get(podName(job, slot))));
  const surplus = [...byName.values()].flatMap((pod) => {
    const slot = slotOf(pod);
    if (slot === undefined) return [];
    const count = slot.role === 'worker' ? workers : replicasOf(job, slot.role);
    return slot.index >= count ? [observedSlot(slot, pod)] : [];
  });
  return { slots, surplus };
}

/** Pods in one of the job's slots; others with its labels are somebody else's. */
function podsByName(job: WsiTrainingJob, pods: readonly V1Pod[]): Map<string, V1Pod> {
  const byName = new Map<string, V1Pod>();
  for (const pod of pods) {
    const slot = slotOf(pod);
    if (slot !== undefined && pod.metadata?.name === podName(job, slot)) byName.set(pod.metadata.name, pod);
  }
  return byName;
}

/**
 * By the container that runs the role: others (sidecars, init containers, what a webhook has injected) may run on when it
 * has ended, or end while it runs. The pod's phase is of all of them together; it only tells that nothing runs any more.
 */
export function podState(pod: V1Pod | undefined): PodState {
  if (pod === undefined) return 'absent';
  if (pod.metadata?.deletionTimestamp !== undefined) return 'leaving';
  if (trainerEnd(pod) !== undefined) return 'ended';
  switch (pod.status?.phase) {
    case 'Succeeded':
    case 'Failed':
      return 'ended';
    case 'Unknown':
      // The kubelet has not been heard of for long: the pod is replaced.
      return 'ended';
    default:
      return runs(pod) ? 'running' : 'pending';
  }
}

/** A pod is called Pending while any of its containers has never started, be it one beside the role. */
function runs(pod: V1Pod): boolean {
  const { running, waiting } = trainerStatus(pod)?.state ?? {};
  return running !== undefined || (pod.status?.phase === 'Running' && waiting === undefined);
}

/** What the time of a pod is counted of: it begins again when this changes. */
export type SeenAs = Exclude<PodState, 'absent' | 'running'> | 'withoutNode' | 'ready' | 'notReady';

export function seenAs(pod: V1Pod): SeenAs {
  const state = podState(pod);
  if (state === 'running') return conditionOf(pod, 'Ready')?.status === 'False' ? 'notReady' : 'ready';
  if (state === 'pending') return isWithoutNode(pod) ? 'withoutNode' : 'pending';
  return state === 'absent' ? 'pending' : state;
}

/** The scheduler has found no node for it. */
export function isWithoutNode(pod: V1Pod | undefined): boolean {
  const scheduled = conditionOf(pod, 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
}

export function conditionOf(pod: V1Pod | undefined, name: string): PodCondition | undefined {
  return pod?.status?.conditions?.find(({ type }) => type === name);
}

/** How the container that runs the role has ended; undefined: it has not, or nobody knows. Never another's end. */
export function trainerEnd(pod: V1Pod | undefined): V1ContainerStateTerminated | undefined {
  return trainerStatus(pod)?.state?.terminated;
}

export function trainerStatus(pod: V1Pod | undefined): V1ContainerStatus | undefined {
  return pod?.status?.containerStatuses?.find(({ name }) => name === TRAINER_CONTAINER);
}

/** How many of a role run. */
export function countUp(slots: readonly ObservedSlot[], role: Role): number {
  return slots.filter((slot) => slot.role === role && slot.state === 'running').length;
}

/** The run goes on: the coordinator, every server and at least one worker are up. */
export function allUp(job: WsiTrainingJob, slots: readonly ObservedSlot[]): boolean {
  const servers = replicasOf(job, 'server');
  return (
    countUp(slots, 'coordinator') === 1 &&
    countUp(slots, 'server') === servers &&
    countUp(slots, 'worker') > 0
  );
}

/** Takes connections, as far as the cluster can tell; a cluster without probes calls every running pod ready. */
export function isReady(slot: ObservedSlot): boolean {
  if (slot.state !== 'running') return false;
  const ready = conditionOf(slot.pod, 'Ready');
  return ready === undefined || ready.status === 'True';
}

/** A pod that was to be gone by now, with some time to spare: its node is lost, nobody is left to stop it. */
const LOST_MILLISECONDS = 120_000;

/**
 * When a leaving pod counts as lost (milliseconds since the epoch); undefined for one that is not leaving. By how long it
 * has been seen to leave: the time of its deletion is of another clock.
 */
export function lostAt({ state, pod, seenFor }: ObservedSlot, now: number): number | undefined {
  if (state !== 'leaving' || seenFor === undefined) return undefined;
  const { deletionGracePeriodSeconds = 0 } = pod?.metadata ?? {};
  return now - seenFor + deletionGracePeriodSeconds * 1000 + LOST_MILLISECONDS;
}

export function revisionOf(pod: V1Pod | undefined): string | undefined {
  return pod?.metadata?.annotations?.[REVISION_ANNOTATION];
}

/** True for a pod whose process may still be alive. */
export function isAlive(slot: ObservedSlot): boolean {
  return slot.state === 'pending' || slot.state === 'running' || slot.state === 'leaving';
}

/** True for a pod in which anything may still run, be it a sidecar of a role that has ended. */
export function holdsResources(slot: ObservedSlot): boolean {
  if (isAlive(slot)) return true;
  const { pod } = slot;
  const phase = pod?.status?.phase;
  return pod !== undefined && phase !== 'Succeeded' && phase !== 'Failed' && !haveAllEnded(pod);
}

/**
 * The phase comes after its containers' ends, once the kubelet has cleaned up: a pod that is taken away between the two
 * takes its log with it. Sidecars among the init containers are ended by the kubelet then.
 */
function haveAllEnded({ spec, status }: V1Pod): boolean {
  const ends = status?.containerStatuses ?? [];
  return (
    ends.length > 0 &&
    ends.every(({ state }) => state?.terminated !== undefined) &&
    (spec?.containers ?? []).every(({ name }) => ends.some((end) => end.name === name))
  );
}
