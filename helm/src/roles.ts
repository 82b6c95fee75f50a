/** The roles in manifests/, made from the chart's permissions. */
import { dump } from 'js-yaml';
import type { GangName } from '@wsi-operator/api';
import { readUserRoles, rulesOf, rulesOfOption, type PolicyRule } from './permissions.ts';

const NAME = 'wsi-operator';
const NAMESPACE = 'wsi-system';
const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': NAME };
const API_VERSION = 'rbac.authorization.k8s.io/v1';

type Manifest = Readonly<Record<string, unknown>>;

function role(kind: 'Role' | 'ClusterRole', name: string, rules: readonly PolicyRule[]): Manifest[] {
  const place = kind === 'Role' ? { namespace: NAMESPACE } : {};
  const metadata = { name, ...place, labels: LABELS };
  return [
    { apiVersion: API_VERSION, kind, metadata, rules },
    {
      apiVersion: API_VERSION,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
  ];
}

function userRoles(): Manifest[] {
  return readUserRoles().map(({ name, aggregateTo, rules }) => ({
    apiVersion: API_VERSION,
    kind: 'ClusterRole',
    metadata: {
      name: `${NAME}:${name}`,
      labels: {
        ...LABELS,
        ...Object.fromEntries(
          aggregateTo.map((target) => [`rbac.authorization.k8s.io/aggregate-to-${target}`, 'true']),
        ),
      },
    },
    rules,
  }));
}

function gangRoles(gang: GangName): Manifest[] {
  const rules = [...rulesOf('jobs', gang, NAME), ...rulesOf('cluster', gang, NAME)];
  return role('ClusterRole', `${NAME}-${gang}`, rules);
}

/** What metrics over TLS need, and the role of those who may fetch them, which is bound to nobody. */
function metricsRoles(): Manifest[] {
  const metadata = { name: `${NAME}:metrics-reader`, labels: LABELS };
  const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];
  return [
    ...role('ClusterRole', `${NAME}-metrics`, rulesOfOption('cluster', 'metrics.secure')),
    { apiVersion: API_VERSION, kind: 'ClusterRole', metadata, rules },
  ];
}

/** Path from the repository's root -> objects. */
export function roleManifests(): ReadonlyMap<string, readonly Manifest[]> {
  const jobs = rulesOf('jobs', undefined, NAME);
  const cluster = rulesOf('cluster', undefined, NAME);
  return new Map([
    [
      'manifests/base/rbac.yaml',
      [
        ...role('ClusterRole', NAME, [...jobs, ...cluster]),
        ...role('Role', `${NAME}-leader-election`, rulesOf('release', undefined, NAME)),
        ...userRoles(),
      ],
    ],
    ['manifests/overlays/single-namespace/role.yaml', role('Role', `${NAME}-jobs`, jobs)],
    ['manifests/overlays/kueue/rbac.yaml', gangRoles('kueue')],
    ['manifests/overlays/secure-metrics/rbac.yaml', metricsRoles()],
  ]);
}

export function formatManifests(objects: readonly Manifest[]): string {
  return objects.map((object) => dump(object, { noRefs: true, lineWidth: 110 })).join('---\n');
}
