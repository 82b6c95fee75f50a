/** Kueue's Workload: the part of it that is written here (spec) and the part that is read and patched (status). */
import { canonicalJson, sha256 } from '@wsi-operator/foundation';
import { jobLabels, jobName, ownedMetadata, replicasOf, ROLES, type Role } from '../job/names.ts';
import type { KubernetesObject, V1Pod, V1PodSpec, V1PodTemplateSpec } from '../kubernetes-types.ts';
import { apiVersionOf, objectsOf, type GangInput } from './gang.ts';
import {
  asksForOneDomain,
  topologyProblem,
  topologyRequest,
  type TopologyRequest,
} from './kueue-topology.ts';
import { buildPod } from '../objects/pods.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';

/** Of a job that Kueue has made: the name of the Workload that it has made before. */
const PREBUILT_LABEL = 'kueue.x-k8s.io/prebuilt-workload-name';
/** Kueue's label for finding the Workload of an object. */
const JOB_UID_LABEL = 'kueue.x-k8s.io/job-uid';
/** Kueue's label, on the job, with the name of a WorkloadPriorityClass. */
const PRIORITY_LABEL = 'kueue.x-k8s.io/priority-class';
/** Of a Workload: the number of the first worker that it is for. */
const FIRST_WORKER_ANNOTATION = 'wsi.dev/first-worker';
/** Of a Workload: digest of what Kueue has admitted, apart from the number of workers. */
const DIGEST_ANNOTATION = 'wsi.dev/pod-sets';

export interface PodSet {
  readonly name: string;
  readonly count: number;
  readonly minCount?: number;
  readonly topologyRequest?: TopologyRequest;
  readonly template: unknown;
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

export interface PodSetUpdate {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

export interface WorkloadStatus {
  readonly conditions?: readonly Condition[];
  readonly admission?: {
    readonly podSetAssignments?: readonly {
      readonly name: string;
      readonly count?: number;
      readonly flavors?: Readonly<Record<string, string>>;
      /** Kueue has chosen nodes, and opens the gates of the pods. */
      readonly topologyAssignment?: unknown;
    }[];
  };
  readonly admissionChecks?: readonly {
    readonly name: string;
    readonly state: string;
    readonly message?: string;
    readonly podSetUpdates?: readonly PodSetUpdate[];
  }[];
  readonly reclaimablePods?: readonly { readonly name: string; readonly count: number }[];
}

export interface Workload extends KubernetesObject {
  readonly spec: {
    readonly podSets: readonly PodSet[];
    readonly queueName?: string;
    readonly active?: boolean;
  };
  readonly status?: WorkloadStatus;
}

/** The job's Workloads: the one for the gang, and those for workers that joined later, by the first one's number. */
export interface JobWorkloads {
  readonly base: Workload | undefined;
  readonly growth: readonly Workload[];
}

export function workloadsOf({ job, observed }: GangInput): JobWorkloads {
  const all = objectsOf(observed, 'kueue', 'owned') as Workload[];
  const growth = all.filter((workload) => firstWorker(workload) > 0);
  return {
    base: all.find(({ metadata }) => metadata.name === (prebuiltName(job) ?? jobName(job))),
    growth: growth.sort((a, b) => firstWorker(a) - firstWorker(b)),
  };
}

export function prebuiltName({ metadata }: WsiTrainingJob): string | undefined {
  return metadata.labels?.[PREBUILT_LABEL];
}

export function firstWorker({ metadata }: Workload): number {
  return Number(metadata.annotations?.[FIRST_WORKER_ANNOTATION] ?? 0);
}

/**
 * Whether the Workload was made for pods like those that the job would have now, except for the number of workers. Where
 * all workers are to be in one domain of a topology, more of them have to be admitted together with the first ones.
 */
export function isUpToDate(workload: Workload, input: GangInput): boolean {
  // Who has made it keeps it and the job alike.
  if (prebuiltName(input.job) !== undefined && firstWorker(workload) === 0) return true;
  const { podSets } = workload.spec;
  const workers = podSets.find(({ name }) => name === 'worker')?.count ?? 0;
  const apart = inOneDomain(input) && replicasOf(input.job, 'worker') > workers;
  return !apart && workload.metadata.annotations?.[DIGEST_ANNOTATION] === digest(input);
}

function inOneDomain({ job }: GangInput): boolean {
  return asksForOneDomain(annotationsOf(job, 'worker'));
}

function annotationsOf({ spec }: WsiTrainingJob, role: Role): Readonly<Record<string, string>> | undefined {
  const roles = { coordinator: spec.coordinator, server: spec.parameterServers, worker: spec.workers };
  return roles[role].template.metadata?.annotations;
}

/** What of the topology that templates ask for cannot be asked for. */
export function topologyProblems({ job }: GangInput): string[] {
  return ROLES.flatMap(
    (role) => topologyProblem(annotationsOf(job, role), role, replicasOf(job, role)) ?? [],
  );
}

/** For the whole job. With fewer workers than it asks for it may be admitted, too: more follow when there is quota. */
export function baseWorkload(input: GangInput, queue: string): KubernetesObject {
  const sets = ROLES.map((role) => podSet(input, role, replicasOf(input.job, role)));
  return workloadObject(input, { name: jobName(input.job), queue, sets, first: 0 });
}

/** For workers that join a running job: those from `first` on. */
export function growthWorkload(
  input: GangInput,
  queue: string,
  first: number,
  count: number,
): KubernetesObject {
  const name = `${jobName(input.job)}-workers-${first}`;
  return workloadObject(input, { name, queue, sets: [podSet(input, 'worker', count)], first });
}

interface WorkloadParts {
  readonly name: string;
  readonly queue: string;
  readonly sets: readonly PodSet[];
  readonly first: number;
}

function workloadObject(input: GangInput, { name, queue, sets, first }: WorkloadParts): KubernetesObject {
  const { job } = input;
  const labels = { ...jobLabels(job), ...(job.metadata.uid && { [JOB_UID_LABEL]: job.metadata.uid }) };
  const metadata = ownedMetadata(job, name, labels);
  const annotations = { [FIRST_WORKER_ANNOTATION]: String(first), [DIGEST_ANNOTATION]: digest(input) };
  return {
    apiVersion: apiVersionOf('kueue'),
    kind: 'Workload',
    metadata: { ...metadata, annotations },
    spec: { queueName: queue, podSets: sets, ...priority(input) },
  };
}

function podSet(input: GangInput, role: Role, count: number): PodSet {
  const pod = buildPod(input.job, { role, index: 0 }, input.settings);
  const request = topologyRequest(annotationsOf(input.job, role));
  return {
    name: role,
    count,
    ...(role === 'worker' && count > 1 && !inOneDomain(input) ? { minCount: 1 } : {}),
    ...(request === undefined ? {} : { topologyRequest: request }),
    template: podTemplate(pod),
  };
}

/** What quota, flavours and topology are decided by; nothing that differs between pods of a role, no environment. */
function podTemplate({ metadata, spec }: V1Pod): unknown {
  const marks = defined({
    labels: kueueKeys(metadata?.labels),
    annotations: kueueKeys(metadata?.annotations),
  });
  return { ...(Object.keys(marks).length === 0 ? {} : { metadata: marks }), spec: demand(spec) };
}

const DEMAND_FIELDS = [
  'nodeSelector',
  'affinity',
  'tolerations',
  'topologySpreadConstraints',
  'priorityClassName',
  'runtimeClassName',
  'overhead',
  'resourceClaims',
  'restartPolicy',
] as const;

function demand(spec: Partial<V1PodSpec> | undefined): Record<string, unknown> {
  const containers = (list: V1PodSpec['containers'] | undefined): unknown[] | undefined =>
    list?.map(({ name, image, resources, restartPolicy }) =>
      defined({ name, image, resources, restartPolicy }),
    );
  return defined({
    ...Object.fromEntries(DEMAND_FIELDS.map((field) => [field, spec?.[field]])),
    containers: containers(spec?.containers) ?? [],
    initContainers: containers(spec?.initContainers),
  });
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Undefined when there are none: an empty map would not survive a client with types. */
function kueueKeys(
  entries: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  const kueue = Object.entries(entries ?? {}).filter(([key]) => key.includes('kueue.x-k8s.io/'));
  return kueue.length === 0 ? undefined : Object.fromEntries(kueue);
}

/**
 * Of what the user asks for, not of the pods that this version of the operator builds from it: a newer operator must not
 * evict what runs. An image changes nothing that was admitted.
 */
function digest({ job }: GangInput): string {
  const { coordinator, parameterServers, workers } = job.spec;
  const demands = [coordinator, parameterServers, workers].map(({ template }) => {
    const { metadata, spec } = template as unknown as Partial<V1PodTemplateSpec>;
    const size = JSON.stringify(demand(spec), (key, value: unknown) => (key === 'image' ? undefined : value));
    return [JSON.parse(size) as unknown, kueueKeys(metadata?.annotations) ?? null];
  });
  return sha256(canonicalJson([parameterServers.replicas, ...demands])).slice(0, 16);
}

/** Kueue wants the number with the name; a class that is not known (yet) is left out, which means 0. */
function priority({ job, observed, settings }: GangInput): Record<string, unknown> {
  const workloadClass = job.metadata.labels?.[PRIORITY_LABEL];
  const podClasses = ROLES.map((role) => buildPod(job, { role, index: 0 }, settings).spec?.priorityClassName);
  const podClass = podClasses.find((name) => name !== undefined);
  const [kind, name] =
    workloadClass === undefined
      ? (['PriorityClass', podClass] as const)
      : (['WorkloadPriorityClass', workloadClass] as const);
  const known = objectsOf(observed, 'kueue', 'read').find(
    (object) => object.kind === kind && object.metadata.name === name,
  );
  if (known === undefined) return {};
  const [group] = known.apiVersion.split('/');
  return { priorityClassRef: { group, kind, name }, priority: known['value'] };
}
