/**
 * Volcano: a PodGroup that waits in a Volcano queue. Volcano moves it from Pending to Inqueue when the queue has room
 * for the minimum; pods made earlier would only wait (and older versions refuse them), so they are created from then on.
 * From the first pod on, the group is admitted whatever its phase is: pods that Volcano preempts are ends like others.
 */
import { jobLabels, jobName, ownedMetadata, replicasOf, type Slot } from '../job/names.ts';
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
import { alivePods, apiVersionOf, objectsOf, type GangPlan, type GangInput } from './gang.ts';
import { commonPriorityClass, minimumByRole, minimumCount, minimumResources } from './minimum.ts';
import { neverInQueue } from './never.ts';
import { queueOf } from './queue.ts';

export const VOLCANO_SCHEDULER = 'volcano';
const DEFAULT_QUEUE = 'default';
const GROUP_ANNOTATION = 'scheduling.k8s.io/group-name';
/** Tells Volcano which entry of minTaskMember a pod counts for. */
const TASK_ANNOTATION = 'volcano.sh/task-spec';

export function planVolcano(input: GangInput): GangPlan {
  const { job, observed } = input;
  const [group] = objectsOf(observed, 'volcano', 'owned');
  const phase = (group?.['status'] as { phase?: string } | undefined)?.phase ?? '';
  const held = phase === '' || phase === 'Pending';
  const waiting = held && alivePods(observed).length === 0;
  const never = waiting ? neverAdmitted(input) : undefined;
  return {
    objects: [podGroup(input)],
    actions: [],
    admission: waiting
      ? {
          kind: 'waiting',
          reason: 'QueuePending',
          message: pendingMessage(input, group, never),
          ...(never === undefined ? {} : { never: true }),
        }
      : { kind: 'admitted' },
    allAtOnce: true,
    workers: replicasOf(job, 'worker'),
    decorate: (pod, slot) => decorate(pod, slot, jobName(job)),
  };
}

function podGroup(input: GangInput): KubernetesObject {
  const { job, settings } = input;
  const queue = queueOf(input);
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

function neverAdmitted(input: GangInput): string | undefined {
  const { job, observed, settings } = input;
  const queues = objectsOf(observed, 'volcano', 'read');
  return neverInQueue(queues, queueOf(input) ?? DEFAULT_QUEUE, minimumResources(job, settings));
}

function pendingMessage(
  input: GangInput,
  group: KubernetesObject | undefined,
  never: string | undefined,
): string {
  const status = group?.['status'] as { conditions?: { type: string; message?: string }[] } | undefined;
  const reason = status?.conditions?.findLast(({ type }) => type === 'Unschedulable')?.message;
  const head = `The job waits in the Volcano queue "${queueOf(input) ?? DEFAULT_QUEUE}"`;
  if (never !== undefined) return `${head}, which can never admit it: ${never}.`;
  return reason === undefined ? `${head}.` : `${head}: ${reason}`;
}

function decorate(pod: V1Pod, { role }: Slot, group: string): V1Pod {
  const annotations = { ...pod.metadata?.annotations, [GROUP_ANNOTATION]: group, [TASK_ANNOTATION]: role };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { containers: [], ...pod.spec, schedulerName: pod.spec?.schedulerName ?? VOLCANO_SCHEDULER },
  };
}
