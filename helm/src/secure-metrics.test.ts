/** What Helm makes of metrics.secure. */
import { describe, expect, test } from '@jest/globals';
import { type OperatorOptions, readOptions } from '@wsi-operator/operator/testing/chart';
import { rulesOf, rulesOfOption, type PolicyRule } from './permissions.ts';
import { findHelm, renderChart, withImages, renderedText, type RenderedObject } from './rendered.ts';

const helm = findHelm() ?? '';
const NAME = 'wsi-system:wsi-operator';
const SERVICE = 'wsi-operator-metrics.wsi-system.svc';

interface Secure {
  readonly enabled?: boolean;
  readonly readers?: readonly string[];
  readonly certificateSecret?: string;
  readonly clientAuthoritySecret?: string;
  readonly tokenSecret?: string;
  readonly tlsConfig?: object;
}
interface Others {
  readonly metrics?: object;
  readonly [value: string]: unknown;
}
const values = (secure: Secure, { metrics, ...others }: Others = {}): object => ({
  ...others,
  metrics: { ...metrics, secure: { enabled: true, ...secure } },
});
const render = (secure: Secure, others: Others = {}): RenderedObject[] =>
  renderChart(helm, values(secure, others));
const rulesIn = (objects: readonly RenderedObject[], name: string): unknown =>
  objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name)?.['rules'];
const reviews: readonly PolicyRule[] = rulesOfOption('cluster', 'metrics.secure');

interface Container {
  readonly args: readonly string[];
  readonly command: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly secret?: object }[];
}
function podOf(objects: readonly RenderedObject[]): PodSpec {
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as unknown as {
    readonly spec: { readonly template: { readonly spec: PodSpec } };
  };
  return deployment.spec.template.spec;
}
function optionsOf(objects: readonly RenderedObject[]): OperatorOptions {
  return readOptions(podOf(objects).containers[0]?.args ?? [], {});
}
function endpointOf(objects: readonly RenderedObject[], kind: string): Readonly<Record<string, unknown>> {
  const spec = objects.find((object) => object.kind === kind)?.['spec'] as Record<string, unknown[]>;
  return (spec['endpoints'] ?? spec['podMetricsEndpoints'])?.[0] as Readonly<Record<string, unknown>>;
}
const serviceMonitor = { metrics: { serviceMonitor: { enabled: true } } };
const podMonitor = { metrics: { podMonitor: { enabled: true } } };

if (helm === '') process.stdout.write('skipped: there is no `helm` in the PATH; set WSI_HELM\n');
(helm === '' ? describe.skip : describe)('metrics.secure', () => {
  test('is off by default, and leaves everything as it was', () => {
    const objects = renderChart(helm, serviceMonitor);
    expect(optionsOf(objects).metricsSecurity).toBeUndefined();
    expect(rulesIn(objects, NAME)).toEqual(rulesOf('jobs', undefined, ''));
    expect(rulesIn(objects, `${NAME}:metrics-reader`)).toBeUndefined();
    const { interval, honorLabels, ...endpoint } = endpointOf(objects, 'ServiceMonitor');
    expect([interval, honorLabels, endpoint]).toEqual(['30s', true, { port: 'metrics', path: '/metrics' }]);
  });

  test('gives the operator the two reviews and nothing else, and nobody the metrics', () => {
    const objects = render({});
    expect(optionsOf(objects).metricsSecurity).toEqual({});
    expect(rulesIn(objects, NAME)).toEqual([...rulesOf('jobs', undefined, ''), ...reviews]);
    expect(rulesIn(objects, `${NAME}:metrics-reader`)).toEqual([
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ]);
    const bound = objects.filter(
      ({ kind, metadata }) => kind === 'ClusterRoleBinding' && metadata.name.endsWith('metrics-reader'),
    );
    expect(bound).toEqual([]);
  });

  test('gives them to the accounts that are named', () => {
    const objects = render({ readers: ['monitoring/prometheus-k8s', 'team-a/scraper'] });
    const binding = objects.find(
      ({ kind, metadata }) => kind === 'ClusterRoleBinding' && metadata.name === `${NAME}:metrics-reader`,
    );
    expect(binding).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: `${NAME}:metrics-reader` },
      subjects: [
        { kind: 'ServiceAccount', name: 'prometheus-k8s', namespace: 'monitoring' },
        { kind: 'ServiceAccount', name: 'scraper', namespace: 'team-a' },
      ],
    });
  });

  test('with watchNamespaces it is the only ClusterRole of the operator, and has the two reviews only', () => {
    const objects = render({}, { watchNamespaces: ['team-a'] });
    expect(rulesIn(objects, NAME)).toEqual(reviews);
    const binding = objects.find(
      ({ kind, metadata }) => kind === 'ClusterRoleBinding' && metadata.name === NAME,
    );
    expect(binding?.['subjects']).toEqual([
      { kind: 'ServiceAccount', name: 'wsi-operator', namespace: 'wsi-system' },
    ]);
  });

  test.each([
    ['clients show certificates', { clientAuthoritySecret: 'clients' }, {}],
    ['roles are made elsewhere', {}, { rbac: { create: false, aggregateToUserRoles: false } }],
  ])('makes no ClusterRole where %s', (_, secure, others) => {
    const objects = render(secure, { watchNamespaces: ['team-a'], ...others });
    const roles = objects.filter(({ kind }) => kind.startsWith('ClusterRole'));
    expect(roles.filter(({ metadata }) => !metadata.name.includes('wsitrainingjob'))).toEqual([]);
  });

  test('mounts only the needed Secrets, as whole directories, so that changes arrive', () => {
    const objects = render({ certificateSecret: 'metrics-tls', clientAuthoritySecret: 'clients' });
    const { certificateDirectory, clientAuthority } = optionsOf(objects).metricsSecurity ?? {};
    const { containers, volumes } = podOf(objects);
    const mounted = containers[0]?.volumeMounts.filter(({ name }) => name.startsWith('metrics'));
    expect(mounted).toEqual([
      { name: 'metrics-certificate', mountPath: certificateDirectory, readOnly: true },
      {
        name: 'metrics-clients',
        mountPath: clientAuthority?.replace(/\/ca\.crt$/, ''),
        readOnly: true,
      },
    ]);
    const item = (key: string): object => ({ key, path: key });
    expect(volumes.filter(({ name }) => name.startsWith('metrics'))).toEqual([
      {
        name: 'metrics-certificate',
        secret: { secretName: 'metrics-tls', items: [item('tls.crt'), item('tls.key')] },
      },
      { name: 'metrics-clients', secret: { secretName: 'clients', items: [item('ca.crt')] } },
    ]);
    const off = podOf(render({ enabled: false, certificateSecret: 'metrics-tls' }));
    expect(off.volumes.map(({ name }) => name)).toEqual(['tmp']);
  });

  const OWN_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
  const CREDENTIALS = { type: 'Bearer', credentials: { name: 'scraper', key: 'token' } };
  const CHECKED = { serverName: SERVICE, ca: { secret: { name: 'metrics-tls', key: 'ca.crt' } } };
  const CERTIFIED = {
    ca: { configMap: { name: 'authority', key: 'ca.crt' } },
    cert: { secret: { name: 'prometheus-tls', key: 'tls.crt' } },
    keySecret: { name: 'prometheus-tls', key: 'tls.key' },
    serverName: SERVICE,
  };
  test.each([
    ['ServiceMonitor', {}, { tlsConfig: { insecureSkipVerify: true }, bearerTokenFile: OWN_TOKEN }],
    [
      'ServiceMonitor',
      { certificateSecret: 'metrics-tls' },
      { tlsConfig: CHECKED, bearerTokenFile: OWN_TOKEN },
    ],
    [
      'PodMonitor',
      { certificateSecret: 'metrics-tls', tokenSecret: 'scraper' },
      { tlsConfig: CHECKED, authorization: CREDENTIALS },
    ],
    [
      'PodMonitor',
      { certificateSecret: 'metrics-tls', clientAuthoritySecret: 'clients', tlsConfig: CERTIFIED },
      { tlsConfig: CERTIFIED },
    ],
  ])('configures Prometheus in a %s with %j', (kind, secure, wanted) => {
    const objects = render(secure, kind === 'PodMonitor' ? podMonitor : serviceMonitor);
    expect(endpointOf(objects, kind)).toEqual({
      port: 'metrics',
      path: '/metrics',
      interval: '30s',
      honorLabels: true,
      scheme: 'https',
      ...wanted,
    });
  });

  test.each([
    ['a PodMonitor without a token', {}, podMonitor, 'metrics.secure.tokenSecret'],
    [
      'a monitor without a certificate',
      { clientAuthoritySecret: 'clients' },
      serviceMonitor,
      'metrics.secure.tlsConfig',
    ],
    [
      'readers where no tokens are shown',
      { clientAuthoritySecret: 'clients', readers: ['a/b'] },
      {},
      'metrics.secure.readers',
    ],
  ])('refuses %s', (_, secure, others, message) => {
    expect(() => render(secure, others)).toThrow(message);
  });

  test("has a probe for `helm test` that is a valid program and uses the Service's name", () => {
    for (const secure of [{ enabled: false }, {}, { clientAuthoritySecret: 'clients' }]) {
      const text = renderedText(helm, withImages(values(secure)));
      const pod = renderChart(helm, values(secure)).find(({ kind }) => kind === 'Pod');
      const { containers } = pod?.['spec'] as PodSpec;
      const program = containers[0]?.command.at(-1) ?? '';
      expect(program).toContain(`${secure.enabled === false ? 'http' : 'https'}://${SERVICE}:8080/metrics`);
      expect(program).not.toMatch(/\{\{|\}\}/);
      expect(text).not.toContain('<no value>');
    }
  });
});
