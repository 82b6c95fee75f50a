/**
 * Gangs of Kubernetes itself (scheduling.k8s.io/v1beta1, feature gate GenericWorkload of the API server, the controller
 * manager and the scheduler): a Workload that says which job it is and what its groups are like, and a PodGroup made
 * from its only template, which the pods name in `spec.schedulingGroup`. The scheduler binds none of them until
 * `minCount` fit. One group for all roles: groups of a Workload are scheduled one by one, and a coordinator without
 * servers is as useless as servers without a coordinator. `minCount` may change while pods run; it counts for those that
 * are scheduled later.
 */
import { jobLabels, jobName, ownedMetadata, replicasOf } from '../job/names.ts';
import type { KubernetesObject, V1PodSpec } from '../kubernetes-types.ts';
import { alivePods, apiVersionOf, deleteObjects, objectsOf, type GangPlan, type GangInput } from './gang.ts';
import { commonPriorityClass, minimumCount } from './minimum.ts';
import { quietPlan } from './rest.ts';

const TEMPLATE = 'job';

export function planNative(input: GangInput): GangPlan {
  const { job, observed } = input;
  const present = objectsOf(observed, 'native', 'owned');
  const stopped = alivePods(observed).length === 0;
  if (stopped && present.some((object) => isOutdated(object, input))) return replace(input, present);
  return {
    objects: [workload(input, present), podGroup(input, present)],
    actions: [],
    admission: { kind: 'admitted' },
    allAtOnce: true,
    workers: replicasOf(job, 'worker'),
    decorate: (pod) => ({ ...pod, spec: withGroup(pod.spec, jobName(job)) }),
  };
}

/** Newer than the client library's types. */
function withGroup(spec: V1PodSpec | undefined, podGroupName: string): V1PodSpec {
  return Object.assign({ containers: [], ...spec }, { schedulingGroup: { podGroupName } });
}

/** Its priority cannot be changed: while no pod is there, it can be made again. */
function replace(input: GangInput, present: readonly KubernetesObject[]): GangPlan {
  const message = 'The Workload and PodGroup of the job are being replaced.';
  return {
    ...quietPlan(input, deleteObjects(present.toReversed())),
    admission: { kind: 'waiting', reason: 'QueuePending', message },
    allAtOnce: true,
  };
}

function isOutdated(object: KubernetesObject, { job, settings }: GangInput): boolean {
  const desired = commonPriorityClass(job, settings);
  const differs = desired !== undefined && desired !== priorityClassOf(object);
  return differs || object.metadata.deletionTimestamp !== undefined;
}

function priorityClassOf({ spec }: KubernetesObject): string | undefined {
  const { priorityClassName, podGroupTemplates } = spec as {
    priorityClassName?: string;
    podGroupTemplates?: { priorityClassName?: string }[];
  };
  return priorityClassName ?? podGroupTemplates?.[0]?.priorityClassName;
}

function workload(input: GangInput, present: readonly KubernetesObject[]): KubernetesObject {
  const { job } = input;
  const [apiGroup = ''] = job.apiVersion.split('/');
  return {
    apiVersion: apiVersionOf('native'),
    kind: 'Workload',
    metadata: ownedMetadata(job, jobName(job), jobLabels(job)),
    spec: {
      controllerRef: { apiGroup, kind: job.kind, name: jobName(job) },
      podGroupTemplates: [{ name: TEMPLATE, ...groupSpec(input, present) }],
    },
  };
}

function podGroup(input: GangInput, present: readonly KubernetesObject[]): KubernetesObject {
  const { job } = input;
  return {
    apiVersion: apiVersionOf('native'),
    kind: 'PodGroup',
    metadata: ownedMetadata(job, jobName(job), jobLabels(job)),
    spec: {
      workloadRef: { workloadName: jobName(job), templateName: TEMPLATE },
      ...groupSpec(input, present),
    },
  };
}

/** A group takes these fields from its template. What is there keeps its priority. */
function groupSpec(
  { job, settings }: GangInput,
  present: readonly KubernetesObject[],
): Record<string, unknown> {
  const [first] = present;
  const priorityClassName = first === undefined ? commonPriorityClass(job, settings) : priorityClassOf(first);
  return {
    schedulingPolicy: { gang: { minCount: minimumCount(job) } },
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
  };
}
