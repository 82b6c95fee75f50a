/**
 * What the caches keep of a pod. At 10,000 pods the specs (volumes, environment, probes: all known from the job) would be
 * most of the operator's memory; the plan reads what the cluster has made of a pod.
 */
import type { KubernetesObject } from '@wsi/controller';
import type { V1Pod } from '../../kubernetes-types.ts';

/** A pod from the API, whose metadata is always there. */
export type CachedPod = V1Pod & KubernetesObject;

/**
 * Kept: metadata; of the spec, where it runs and by whom it is placed, and each container's
 * resources; of the status, phase, conditions, addresses and the containers' states.
 */
export function trimPod({ metadata, spec, status }: CachedPod): CachedPod {
  const containers = (spec?.containers ?? []).map((container) => pick(container, ['name', 'resources']));
  const placement = spec === undefined ? {} : pick(spec, SPEC_FIELDS);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { ...placement, containers },
    status: status === undefined ? {} : pick(status, STATUS_FIELDS),
  };
}

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
