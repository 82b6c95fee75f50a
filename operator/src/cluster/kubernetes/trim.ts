/**
 * What the caches keep of an object. Anyone who may label an object of a tenant's own can put it there, and 10,000 pods are
 * a large cluster's everyday: so only what the plan reads is kept, and no text of a stranger's.
 */
import type { KubernetesObject } from '@wsi-operator/controller';
import { isRecord } from '@wsi-operator/foundation';
import type { V1Pod } from '../../kubernetes-types.ts';
import { digested } from '../../plan/digested.ts';
import { TRAINER_CONTAINER } from '../../job/names.ts';
import { LargeSpecs, type SpecRoom } from './large-specs.ts';
import type { StoredJob } from './stored-job.ts';
import { isMade, isRetained, ownerOf } from './ownership.ts';
import { isOf, OWNED } from './resources.ts';

/** A pod from the API, whose metadata is always there. */
export type CachedPod = V1Pod & KubernetesObject;

/** Characters of JSON. Ours have a tenth of it; a policy of a hundred rules is larger. */
const LARGEST_OBJECT = 64 * 1024;
/** Of an object of a gang, which may have a copy of all templates in it. */
const LARGEST_OF_GANG = 512 * 1024;
/** Of a job's spec, characters of JSON: three templates have some thousands. */
export const LARGEST_SPEC = 256 * 1024;
const LONGEST_NAME = 256;
/** Labels and annotations that the plan writes or reads. */
const OWN_KEY =
  /^(?:app\.kubernetes\.io|(?:[a-z0-9-]+\.)*wsi\.dev|(?:[a-z0-9-]+\.)*kueue\.x-k8s\.io|volcano\.sh|scheduling\.(?:k8s\.io|x-k8s\.io|volcano\.sh))\//;
const MOST_KEYS = 64;
const LONGEST_VALUE = 4096;
/**
 * Characters of JSON; those of a job have some hundreds. Whoever may create pods can make one of a megabyte that passes for
 * a job's.
 */
const LARGEST_POD_SPEC = 16 * 1024;
/** Its containers' last words have 12 KiB together. */
const LARGEST_POD_STATUS = 32 * 1024;

/**
 * Kept: metadata that the plan reads; of the spec, where it runs and by whom it is placed, and each container's
 * resources, which init containers stay; of the status, phase, conditions, addresses and the containers' states. Of a pod
 * that was not made for a job only its metadata.
 */
export function trimPod(pod: CachedPod): CachedPod {
  const { spec, status } = pod;
  const metadata = trimMetadata(pod.metadata);
  const trimmed: CachedPod = { apiVersion: 'v1', kind: 'Pod', metadata };
  if (!isMade(pod)) return trimmed;
  return { ...trimmed, spec: trimSpec(spec), status: trimStatus(status) };
}

type Spec = NonNullable<V1Pod['spec']>;
type Status = NonNullable<V1Pod['status']>;

/** One that is too large is no template's: kept is which container runs the role, and on which node. */
function trimSpec(spec: V1Pod['spec']): Spec {
  const containers = (spec?.containers ?? []).map((container) => pick(container, ['name', 'resources']));
  const initContainers = (spec?.initContainers ?? []).map((container) =>
    pick(container, ['name', 'restartPolicy']),
  );
  const placement = spec === undefined ? {} : pick(spec, SPEC_FIELDS);
  const kept = { ...placement, containers, ...(initContainers.length === 0 ? {} : { initContainers }) };
  if (spec === undefined || sizeOf(kept) <= LARGEST_POD_SPEC) return kept;
  const small = pick(spec, ['nodeName', 'terminationGracePeriodSeconds']);
  return { ...small, containers: [{ name: TRAINER_CONTAINER }] };
}

/** Of one that is too large, phase and the state of the role's container, without words. */
function trimStatus(status: V1Pod['status']): Status {
  if (status === undefined) return {};
  const kept = pick(status, STATUS_FIELDS);
  if (sizeOf(kept) <= LARGEST_POD_STATUS) return kept;
  const trainer = status.containerStatuses?.find(({ name }) => name === TRAINER_CONTAINER);
  const bounded = [
    pick(status, ['phase', 'startTime', 'podIP']),
    { conditions: status.conditions?.filter(({ type }) => type === 'Ready' || type === 'PodScheduled') },
    { containerStatuses: trainer === undefined ? [] : [trainer] },
  ];
  const fitting = bounded.filter((part) => sizeOf(part) <= LARGEST_POD_STATUS);
  return Object.assign({}, ...fitting) as Status;
}

/**
 * Of an object that is not a job's, only its metadata. Of a ConfigMap, digests. One that is larger than what the plan
 * makes is kept without its content: it differs then from what is desired, and is put right.
 */
export function trimObject(object: KubernetesObject): KubernetesObject {
  const { apiVersion, kind } = object;
  const metadata = trimMetadata(object.metadata);
  if (ownerOf(object) === undefined && !isRetained(object)) return { apiVersion, kind, metadata };
  const kept = digested({ ...object, metadata });
  const isOfGang = !OWNED.some((resource) => isOf(resource, apiVersion, kind));
  const largest = isOfGang ? LARGEST_OF_GANG : LARGEST_OBJECT;
  return sizeOf(kept) <= largest ? kept : { apiVersion, kind, metadata };
}

/** A spec that is larger than any job's, or has no room beside those of its namespace, is not kept; see JobReader. */
export function trimJob(job: StoredJob, room: SpecRoom = new LargeSpecs()): StoredJob {
  const metadata = trimMetadata(job.metadata) as StoredJob['metadata'];
  const size = sizeOf(job.spec ?? null);
  // A spec that is too large for any room takes none of it.
  if (room.take(job.metadata, size <= LARGEST_SPEC ? size : 0) && size <= LARGEST_SPEC)
    return { ...job, metadata };
  return { ...job, metadata, spec: remainderOf(job.spec), oversized: size };
}

/** Of a spec that is not kept: whose the job is, and when it goes once it is over. */
function remainderOf(spec: unknown): object {
  const { managedBy, runPolicy } = record(spec);
  const { managedBy: ofPolicy, ttlSecondsAfterFinished: seconds } = record(runPolicy);
  return {
    ...(isName(managedBy) ? { managedBy } : {}),
    runPolicy: {
      ...(isName(ofPolicy) ? { managedBy: ofPolicy } : {}),
      ...(typeof seconds === 'number' ? { ttlSecondsAfterFinished: seconds } : {}),
    },
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= LONGEST_NAME;

type Metadata = KubernetesObject['metadata'];

/** Without labels and annotations of others (kubectl's copy of the manifest is as large as the object). */
function trimMetadata(metadata: Metadata): Metadata {
  const { labels, annotations, ownerReferences } = metadata;
  const controller = ownerReferences?.find((reference) => reference.controller === true);
  return {
    ...pick(metadata, METADATA_FIELDS),
    ...(labels === undefined ? {} : { labels: ownKeys(labels) }),
    ...(annotations === undefined ? {} : { annotations: ownKeys(annotations) }),
    ...(controller === undefined ? {} : { ownerReferences: [controller] }),
  };
}

function ownKeys(entries: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(entries).filter(
    ([key, value]) => OWN_KEY.test(key) && value.length <= LONGEST_VALUE,
  );
  return Object.fromEntries(own.slice(0, MOST_KEYS));
}

function sizeOf(value: unknown): number {
  return JSON.stringify(value).length;
}

const METADATA_FIELDS = [
  ...(['name', 'namespace', 'uid', 'resourceVersion', 'generation'] as const),
  ...(['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const),
];
const SPEC_FIELDS = [
  ...(['nodeName', 'schedulerName', 'nodeSelector', 'schedulingGates'] as const),
  'terminationGracePeriodSeconds',
] as const;
const STATUS_FIELDS = [
  ...(['phase', 'reason', 'message', 'conditions', 'startTime', 'podIP'] as const),
  ...(['initContainerStatuses', 'containerStatuses'] as const),
] as const;

function pick<T extends object, Field extends keyof T>(object: T, fields: readonly Field[]): Pick<T, Field> {
  const present = fields.filter((field) => object[field] !== undefined);
  return Object.fromEntries(present.map((field) => [field, object[field]])) as Pick<T, Field>;
}
