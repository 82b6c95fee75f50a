/** The resources of the API that the operator reads and writes. */
import { GROUP, KIND, PLURAL, VERSION } from '@wsi-operator/api';
import { apiVersionOf, type Resource } from '@wsi-operator/controller';

/** What the operator's objects are found by; put on all of them by the plan. */
export const OWN_OBJECTS_SELECTOR = 'app.kubernetes.io/managed-by=wsi-operator';

/** Field manager of every write, so that drift in others' fields is left alone and ours is repaired. */
export const FIELD_MANAGER = 'wsi-operator';

const namespaced = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});

export const JOBS = namespaced(GROUP, VERSION, PLURAL, KIND);
export const CONFIG_MAPS = namespaced('', 'v1', 'configmaps', 'ConfigMap');
export const PODS = namespaced('', 'v1', 'pods', 'Pod');
/** Got by name only, never listed or watched: a list would hold the secrets of others. */
export const SECRETS = namespaced('', 'v1', 'secrets', 'Secret');
/** Written by the recorder of events and by the leader election, each by its own means; here for the rights. */
export const EVENTS = namespaced('events.k8s.io', 'v1', 'events', 'Event');
export const LEASES = namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease');

/** Questions to the API server about who shows a token, and what that account may do; nothing is stored. */
export const TOKEN_REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};
export const SUBJECT_ACCESS_REVIEWS: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

/** What a job owns besides pods, in groups that every server has. */
export const OWNED: readonly Resource[] = [
  namespaced('', 'v1', 'services', 'Service'),
  CONFIG_MAPS,
  namespaced('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  namespaced('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  namespaced('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
];

/** True when objects with this apiVersion and kind are of the resource. */
export function isOf(resource: Resource, apiVersion: string, kind: string): boolean {
  return resource.kind === kind && apiVersionOf(resource) === apiVersion;
}
