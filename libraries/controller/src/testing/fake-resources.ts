/** The resources that the fake API server has from the start, as a Kubernetes 1.34 serves them. */
import type { Resource } from '../objects.ts';

export interface FakeResource extends Resource {
  /** Has a status subresource: writes to the object leave its status alone, and the other way round. */
  readonly status?: boolean;
}

function resource(
  group: string,
  plural: string,
  kind: string,
  more: { readonly version?: string; readonly cluster?: boolean; readonly status?: boolean } = {},
): FakeResource {
  const { version = 'v1', cluster = false, status = false } = more;
  return { group, version, plural, kind, namespaced: !cluster, status };
}

export const builtInResources: readonly FakeResource[] = [
  resource('', 'namespaces', 'Namespace', { cluster: true, status: true }),
  resource('', 'nodes', 'Node', { cluster: true, status: true }),
  resource('', 'pods', 'Pod', { status: true }),
  resource('', 'services', 'Service', { status: true }),
  resource('', 'configmaps', 'ConfigMap'),
  resource('', 'secrets', 'Secret'),
  resource('', 'serviceaccounts', 'ServiceAccount'),
  resource('', 'persistentvolumeclaims', 'PersistentVolumeClaim', { status: true }),
  resource('', 'events', 'Event'),
  resource('events.k8s.io', 'events', 'Event'),
  resource('apps', 'deployments', 'Deployment', { status: true }),
  resource('batch', 'jobs', 'Job', { status: true }),
  resource('coordination.k8s.io', 'leases', 'Lease'),
  resource('networking.k8s.io', 'networkpolicies', 'NetworkPolicy'),
  resource('policy', 'poddisruptionbudgets', 'PodDisruptionBudget', { status: true }),
  resource('authentication.k8s.io', 'tokenreviews', 'TokenReview', { cluster: true }),
  resource('authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview', { cluster: true }),
  resource('apiextensions.k8s.io', 'customresourcedefinitions', 'CustomResourceDefinition', {
    cluster: true,
    status: true,
  }),
];

/** Served by a CustomResourceDefinition rather than by the API server itself. */
export function isCustom(resource: Resource): boolean {
  return resource.group.includes('.') && !resource.group.endsWith('.k8s.io');
}
