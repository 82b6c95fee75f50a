/** The observed pods, sorted once into the places of the job; every policy reads this and nothing else. */
import type { V1ContainerStateTerminated, V1ContainerStatus, V1Pod } from '../kubernetes-types.ts';
import type { WsiTrainingJob } from '@wsi/api';
import {
  desiredSlots,
  podName,
  replicasOf,
  REVISION_ANNOTATION,
  slotOf,
  TRAINER_CONTAINER,
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

export interface Place {
  readonly slot: Slot;
  readonly name: string;
  readonly state: PodState;
  readonly pod: V1Pod | undefined;
}

export interface Snapshot {
  /** The places that the spec asks for, in the order of starting. */
  readonly places: readonly Place[];
  /** Pods in places that the spec no longer asks for. */
  readonly surplus: readonly Place[];
}

/** @param workers how many workers may run; by default those that the spec asks for */
export function takeSnapshot(
  job: WsiTrainingJob,
  pods: readonly V1Pod[],
  workers = replicasOf(job, 'worker'),
): Snapshot {
  const byName = new Map<string, V1Pod>();
  for (const pod of pods) {
    const slot = slotOf(pod);
    if (slot !== undefined && pod.metadata?.name === podName(job, slot)) byName.set(pod.metadata.name, pod);
  }
  const place = (slot: Slot, pod: V1Pod | undefined): Place => {
    return { slot, name: podName(job, slot), state: podState(pod), pod };
  };
  const places = desiredSlots(job, workers).map((slot) => place(slot, byName.get(podName(job, slot))));
  const surplus = [...byName.values()].flatMap((pod) => {
    const slot = slotOf(pod);
    if (slot === undefined) return [];
    const count = slot.role === 'worker' ? workers : replicasOf(job, slot.role);
    return slot.index >= count ? [place(slot, pod)] : [];
  });
  return { places, surplus };
}

export function podState(pod: V1Pod | undefined): PodState {
  if (pod === undefined) return 'absent';
  if (pod.metadata?.deletionTimestamp !== undefined) return 'leaving';
  switch (pod.status?.phase) {
    case 'Succeeded':
    case 'Failed':
      return 'ended';
    case 'Unknown':
      // The kubelet has not been heard of for long: the pod is replaced.
      return 'ended';
    case 'Running':
      // A sidecar that goes on does not make the role run.
      return trainerStatus(pod)?.state?.terminated === undefined ? 'running' : 'ended';
    default:
      return 'pending';
  }
}

/**
 * How the trainer's container ended, or what ended before it and kept it from starting (an init container), if the pod
 * says so (an evicted pod may not).
 */
export function terminationOf(pod: V1Pod | undefined): V1ContainerStateTerminated | undefined {
  const own = trainerStatus(pod)?.state?.terminated;
  if (own !== undefined) return own;
  const others = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
  const ends = others.flatMap(({ state }) => state?.terminated ?? []);
  return ends.find(({ exitCode }) => exitCode !== 0) ?? ends[0];
}

function trainerStatus(pod: V1Pod | undefined): V1ContainerStatus | undefined {
  return pod?.status?.containerStatuses?.find(({ name }) => name === TRAINER_CONTAINER);
}

/** Takes connections, as far as the cluster can tell; a cluster without probes calls every running pod ready. */
export function isReady(place: Place): boolean {
  if (place.state !== 'running') return false;
  const ready = place.pod?.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}

/** A pod that was to be gone by now, with some time to spare: its node is lost, nobody is left to stop it. */
const LOST_MILLISECONDS = 120_000;

/** When a leaving pod counts as lost (milliseconds since the epoch); undefined for one that is not leaving. */
export function lostAt({ state, pod }: Place): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod?.metadata ?? {};
  if (state !== 'leaving' || deletionTimestamp === undefined) return undefined;
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000 + LOST_MILLISECONDS;
}

export function revisionOf(pod: V1Pod | undefined): string | undefined {
  return pod?.metadata?.annotations?.[REVISION_ANNOTATION];
}

/** True for a pod whose process may still be alive. */
export function isAlive(place: Place): boolean {
  return place.state === 'pending' || place.state === 'running' || place.state === 'leaving';
}

/** True for a pod in which anything may still run, be it a sidecar of a role that has ended. */
export function holdsResources(place: Place): boolean {
  const phase = place.pod?.status?.phase;
  return isAlive(place) || (place.pod !== undefined && phase !== 'Succeeded' && phase !== 'Failed');
}
