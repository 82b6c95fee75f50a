/** What Helm makes of the chart. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { GANG_NAMES } from '@wsi-operator/api';
import { ROOT, rulesOf, type PolicyRule } from './permissions.ts';
import { findHelm, renderChart, type RenderedObject } from './rendered.ts';

const helm = findHelm() ?? '';
const render = (values: unknown): RenderedObject[] => renderChart(helm, values);

const everything = {
  commonLabels: { team: 'pathology' },
  replicas: 3,
  imagePullSecrets: [{ name: 'registry' }],
  trainer: { imagePullSecrets: [{ name: 'registry' }] },
  image: { digest: `sha256:${'0'.repeat(64)}` },
  jobs: { defaultGang: 'kueue', defaultQueue: 'pathology' },
  gangs: Object.fromEntries(GANG_NAMES.map((gang) => [gang, { enabled: true }])),
  priorityClassName: 'system-cluster-critical',
  tolerations: [{ operator: 'Exists' }],
  podAntiAffinity: 'required',
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
  ],
  podAnnotations: { 'example.org/note': 'x' },
  podLabels: { 'example.org/tier': 'control' },
  serviceAccount: { annotations: { 'example.org/role': 'operator' } },
  extraArgs: ['--log-level=debug'],
  extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example.org:3128' }],
  extraVolumes: [{ name: 'authorities', configMap: { name: 'authorities' } }],
  extraVolumeMounts: [{ name: 'authorities', mountPath: '/authorities' }],
  networkPolicy: { enabled: true, metricsFrom: [{ namespaceSelector: {} }] },
  metrics: {
    podMonitor: { enabled: true },
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
  },
};
const namespaced = { watchNamespaces: ['team-a', 'team-b'] };

interface Workload {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly securityContext: unknown;
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly ports: readonly { readonly name: string }[];
          readonly securityContext: unknown;
        }[];
      };
    };
  };
}
function only(objects: readonly RenderedObject[], kind: string): RenderedObject {
  const found = objects.filter((object) => object.kind === kind);
  expect([kind, found.length]).toEqual([kind, 1]);
  return found[0]!;
}
const deploymentOf = (objects: readonly RenderedObject[]) =>
  only(objects, 'Deployment') as unknown as Workload;
const rulesOfObject = (object: RenderedObject | undefined) => object?.['rules'] as PolicyRule[] | undefined;
const named = (objects: readonly RenderedObject[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

/** In what both kinds of manifests may differ: texts on who installed it. */
function withoutLabels(object: unknown): unknown {
  if (Array.isArray(object)) return object.map(withoutLabels);
  if (typeof object !== 'object' || object === null) return object;
  const entries = Object.entries(object).filter(([name]) => name !== 'labels');
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutLabels(value)]));
}

if (helm === '') process.stdout.write('skipped: there is no `helm` in the PATH; set WSI_HELM\n');
(helm === '' ? describe.skip : describe)('Helm', () => {
  test.each([
    ['the defaults', {}],
    ['everything', everything],
    ['two namespaces', { ...everything, ...namespaced }],
    [
      'next to nothing',
      {
        replicas: 1,
        crds: { install: false },
        rbac: { create: false, aggregateToUserRoles: false },
        metrics: { service: { enabled: false } },
        serviceAccount: { create: false, name: 'given' },
      },
    ],
  ])('renders %s as whole, labelled objects of valid names', (_, values) => {
    const objects = render(values);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.labels?.['app.kubernetes.io/instance']]).toEqual([kind, 'wsi-operator']);
      const clusterWide = /^(ClusterRole.*|CustomResourceDefinition|ValidatingAdmission.*)$/.test(kind);
      expect([kind, metadata.namespace === undefined]).toEqual([kind, clusterWide]);
      if (!clusterWide) expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    }
  });

  test('selects existing pods and ports', () => {
    const objects = render(everything);
    const { selector, template } = deploymentOf(objects).spec;
    const { labels } = template.metadata;
    const ports = template.spec.containers[0]?.ports.map(({ name }) => name);
    const selectors = objects.flatMap(({ kind, ...object }) => {
      const spec = object['spec'] as Record<string, Record<string, unknown>>;
      if (kind === 'Service') return [spec['selector']];
      if (kind === 'PodDisruptionBudget' || kind === 'PodMonitor') return [spec['selector']?.['matchLabels']];
      if (kind === 'NetworkPolicy') return [spec['podSelector']?.['matchLabels']];
      return [];
    });
    expect(selectors).toHaveLength(4);
    for (const one of [selector.matchLabels, ...selectors]) expect(labels).toMatchObject(one as object);
    expect(ports).toEqual(['metrics', 'health']);
    const service = only(objects, 'Service');
    const monitor = only(objects, 'ServiceMonitor')['spec'] as { selector: { matchLabels: object } };
    expect(service.metadata.labels).toMatchObject(monitor.selector.matchLabels);
  });

  test('installs the definition of crds/, kept when the release goes', () => {
    const crd = only(render({}), 'CustomResourceDefinition');
    const { metadata, ...committed } = load(
      readFileSync(`${ROOT}crds/wsi.dev_wsitrainingjobs.yaml`, 'utf8'),
    ) as RenderedObject;
    expect(crd).toMatchObject(committed);
    expect(crd.metadata.name).toBe(metadata.name);
    expect(crd.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    const dropped = only(render({ crds: { keep: false } }), 'CustomResourceDefinition');
    expect(dropped.metadata.annotations).toBeUndefined();
    const without = render({ crds: { install: false } });
    expect(without.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual([]);
  });

  test('grants the permissions of files/permissions.yaml in the cluster', () => {
    const objects = render({});
    expect(rulesOfObject(named(objects, 'ClusterRole', 'wsi-system:wsi-operator'))).toEqual(
      rulesOf('jobs', undefined, ''),
    );
    expect(rulesOfObject(named(objects, 'Role', 'wsi-operator-leader-election'))).toEqual(
      rulesOf('release', undefined, 'wsi-operator'),
    );
  });

  test('grants them only in the namespaces that are named', () => {
    const objects = render(namespaced);
    const roles = objects.filter(({ kind }) => /^(Cluster)?Role$/.test(kind));
    expect(
      roles.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? '*'}/${metadata.name}`),
    ).toEqual([
      'ClusterRole */wsi-system:wsi-operator:wsitrainingjob-viewer',
      'ClusterRole */wsi-system:wsi-operator:wsitrainingjob-editor',
      'Role team-a/wsi-operator-jobs',
      'Role team-b/wsi-operator-jobs',
      'Role wsi-system/wsi-operator-leader-election',
    ]);
    expect(roles.slice(2, 4).map(rulesOfObject)).toEqual([
      rulesOf('jobs', undefined, ''),
      rulesOf('jobs', undefined, ''),
    ]);
    const bindings = objects.filter(({ kind }) => kind.endsWith('RoleBinding'));
    expect(bindings).toHaveLength(3);
    for (const binding of bindings) {
      expect(binding['subjects']).toEqual([
        { kind: 'ServiceAccount', name: 'wsi-operator', namespace: 'wsi-system' },
      ]);
    }
    expect(deploymentOf(objects).spec.template.spec.containers[0]?.args).toContain(
      '--namespaces=team-a,team-b',
    );
  });

  test.each(GANG_NAMES)('grants only the permissions of the enabled gang %s', (gang) => {
    const role = (values: unknown) =>
      rulesOfObject(named(render(values), 'ClusterRole', 'wsi-system:wsi-operator'));
    expect(role({ gangs: { [gang]: { enabled: true } } })).toEqual([
      ...rulesOf('jobs', undefined, ''),
      ...rulesOf('jobs', gang, ''),
      ...rulesOf('cluster', gang, ''),
    ]);
  });

  test('runs the same process as manifests/', () => {
    const [base] = loadAll(readFileSync(`${ROOT}manifests/base/deployment.yaml`, 'utf8')) as [Workload];
    const chart = deploymentOf(render({ replicas: 1, podAntiAffinity: 'none' }));
    const text = JSON.stringify(withoutLabels(base.spec))
      .replaceAll('$(POD_NAMESPACE)', 'wsi-system')
      .replaceAll('REGISTRY/', 'registry.example.org/');
    expect(withoutLabels(chart.spec)).toEqual(JSON.parse(text));
    const ha = load(
      readFileSync(`${ROOT}manifests/overlays/high-availability/deployment.yaml`, 'utf8'),
    ) as Workload;
    expect(deploymentOf(render({})).spec).toMatchObject(ha.spec);
  });

  test('has pods that meet the Pod Security Standard `restricted`', () => {
    for (const pod of [
      deploymentOf(render({})).spec.template,
      only(render({}), 'Pod') as unknown as Workload['spec']['template'],
    ]) {
      expect(pod.spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.spec.containers[0]?.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  test('names no user where the platform assigns them, but for one that was chosen', () => {
    const contextOf = (values: object, apis: string[] = []): unknown =>
      deploymentOf(renderChart(helm, values, apis)).spec.template.spec.securityContext;
    const assigned = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
    const openshift = ['security.openshift.io/v1'];
    expect(contextOf({})).toMatchObject({ runAsUser: 65532, runAsGroup: 65532 });
    expect(contextOf({}, openshift)).toEqual(assigned);
    expect(contextOf({ podIdentity: 'platform' })).toEqual(assigned);
    expect(contextOf({ podIdentity: 'fixed' }, openshift)).toMatchObject({ runAsUser: 65532 });
    const own = { podSecurityContext: { runAsUser: 1000620000 } };
    expect(contextOf(own, openshift)).toEqual({ ...assigned, runAsUser: 1000620000 });
  });

  test('has a policy that allows name servers, the API server, coordinators and added destinations', () => {
    const added = { ports: [{ port: 3128, protocol: 'TCP' }] };
    const policy = only(
      render({
        networkPolicy: { enabled: true, dnsPorts: [53, 5353], apiServerPorts: [6443], egress: [added] },
      }),
      'NetworkPolicy',
    );
    expect((policy['spec'] as { egress: unknown[] }).egress).toEqual([
      {
        ports: [53, 5353].flatMap((port) => [
          { port, protocol: 'UDP' },
          { port, protocol: 'TCP' },
        ]),
      },
      { ports: [{ port: 6443, protocol: 'TCP' }] },
      {
        ports: [{ port: 7070, protocol: 'TCP' }],
        to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'wsi.dev/role': 'coordinator' } } }],
      },
      added,
    ]);
  });

  test.each([
    ['an unknown value', { replica: 2 }, "additional properties 'replica' not allowed"],
    ['an unknown value below', { metrics: { prot: 1 } }, "additional properties 'prot' not allowed"],
    ['a gang that does not exist', { jobs: { defaultGang: 'slurm' } }, 'defaultGang'],
    ['a digest that is none', { image: { digest: 'latest' } }, 'digest'],
    ['replicas without a Lease', { leaderElection: { enabled: false } }, 'need leaderElection.enabled'],
    ['a namespace that cannot be', { watchNamespaces: ['Team A'] }, 'watchNamespaces'],
    [
      'a monitor of no Service',
      { metrics: { service: { enabled: false }, serviceMonitor: { enabled: true } } },
      'metrics.service.enabled',
    ],
    ['an account without a name', { serviceAccount: { create: false } }, 'serviceAccount.name'],
  ])('refuses %s', (_, values, message) => {
    expect(() => render(values)).toThrow(message);
  });

  test('includes alerts and dashboard unchanged', () => {
    const objects = render(everything);
    const alerts = readFileSync(`${ROOT}helm/wsi-operator/files/alerts.yaml`, 'utf8');
    expect(only(objects, 'PrometheusRule')['spec']).toEqual(
      load(alerts.replaceAll('RELEASE_NAMESPACE', 'wsi-system')),
    );
    const { data } = only(objects, 'ConfigMap') as unknown as { data: Record<string, string> };
    expect(JSON.parse(data['wsi-operator.json'] ?? '')).toEqual(
      JSON.parse(readFileSync(`${ROOT}helm/wsi-operator/dashboards/wsi-operator.json`, 'utf8')),
    );
  });
});
