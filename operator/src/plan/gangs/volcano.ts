/**
 * Volcano: a PodGroup that waits in a Volcano queue. Volcano moves it from Pending to Inqueue when the queue has room
 * for the minimum; pods made earlier would only wait (and older versions refuse them), so they are created from then on.
 * From the first pod on, the group is admitted whatever its phase is: pods that Volcano preempts are ends like others.
 */
import { jobLabels, jobName, ownedMetadata, replicasOf, type Slot } from '../names.ts';
import type { KubernetesObject, V1Pod } from '../../kubernetes-types.ts';
import { alivePods, apiVersionOf, objectsOf, type GangPlan, type GangWorld } from './gang.ts';
import { commonPriorityClass, minimumByRole, minimumCount, minimumResources } from './minimum.ts';
import { queueOf } from './queue.ts';

export const VOLCANO_SCHEDULER = 'volcano';
const GROUP_ANNOTATION = 'scheduling.k8s.io/group-name';
/** Tells Volcano which entry of minTaskMember a pod counts for. */
const TASK_ANNOTATION = 'volcano.sh/task-spec';

export function planVolcano(world: GangWorld): GangPlan {
  const { job, observed } = world;
  const [group] = objectsOf(observed, 'volcano', 'owned');
  const phase = (group?.['status'] as { phase?: string } | undefined)?.phase ?? '';
  const held = phase === '' || phase === 'Pending';
  const waiting = held && alivePods(observed).length === 0;
  return {
    objects: [podGroup(world)],
    actions: [],
    admission: waiting
      ? { kind: 'waiting', reason: 'QueuePending', message: pendingMessage(world, group) }
      : { kind: 'admitted' },
    allAtOnce: true,
    workers: replicasOf(job, 'worker'),
    decorate: (pod, slot) => decorate(pod, slot, jobName(job)),
  };
}

function podGroup(world: GangWorld): KubernetesObject {
  const { job, settings } = world;
  const queue = queueOf(world);
  const priorityClassName = commonPriorityClass(job, settings);
  const minResources = minimumResources(job, settings);
  return {
    apiVersion: apiVersionOf('volcano'),
    kind: 'PodGroup',
    metadata: ownedMetadata(job, jobName(job), jobLabels(job)),
    spec: {
      minMember: minimumCount(job),
      minTaskMember: minimumByRole(job),
      ...(Object.keys(minResources).length === 0 ? {} : { minResources }),
      ...(queue === undefined ? {} : { queue }),
      ...(priorityClassName === undefined ? {} : { priorityClassName }),
    },
  };
}

function pendingMessage(world: GangWorld, group: KubernetesObject | undefined): string {
  const status = group?.['status'] as { conditions?: { type: string; message?: string }[] } | undefined;
  const reason = status?.conditions?.findLast(({ type }) => type === 'Unschedulable')?.message;
  const queue = queueOf(world) ?? 'default';
  return `The job waits in the Volcano queue "${queue}"${reason === undefined ? '.' : `: ${reason}`}`;
}

function decorate(pod: V1Pod, { role }: Slot, group: string): V1Pod {
  const annotations = { ...pod.metadata?.annotations, [GROUP_ANNOTATION]: group, [TASK_ANNOTATION]: role };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { containers: [], ...pod.spec, schedulerName: pod.spec?.schedulerName ?? VOLCANO_SCHEDULER },
  };
}
