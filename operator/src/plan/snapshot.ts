/** The observed pods, sorted once into the places of the job; every policy reads this and nothing else. */
import type { V1ContainerStateTerminated, V1Pod } from '../kubernetes-types.ts';
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

export function takeSnapshot(job: WsiTrainingJob, pods: readonly V1Pod[]): Snapshot {
  const byName = new Map<string, V1Pod>();
  for (const pod of pods) {
    const slot = slotOf(pod);
    if (slot !== undefined && pod.metadata?.name === podName(job, slot)) byName.set(pod.metadata.name, pod);
  }
  const place = (slot: Slot, pod: V1Pod | undefined): Place => {
    return { slot, name: podName(job, slot), state: podState(pod), pod };
  };
  const places = desiredSlots(job).map((slot) => place(slot, byName.get(podName(job, slot))));
  const surplus = [...byName.values()].flatMap((pod) => {
    const slot = slotOf(pod);
    return slot !== undefined && slot.index >= replicasOf(job, slot.role) ? [place(slot, pod)] : [];
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
    case 'Running':
      return 'running';
    default:
      return 'pending';
  }
}

/** How the trainer's container ended, if the pod says so (an evicted pod may not). */
export function terminationOf(pod: V1Pod | undefined): V1ContainerStateTerminated | undefined {
  const statuses = pod?.status?.containerStatuses ?? [];
  const ended = statuses.filter((status) => status.state?.terminated !== undefined);
  return (ended.find((status) => status.name === TRAINER_CONTAINER) ?? ended[0])?.state?.terminated;
}

export function revisionOf(pod: V1Pod | undefined): string | undefined {
  return pod?.metadata?.annotations?.[REVISION_ANNOTATION];
}

/** True for a pod whose process may still be alive. */
export function isAlive(place: Place): boolean {
  return place.state === 'pending' || place.state === 'running' || place.state === 'leaving';
}
