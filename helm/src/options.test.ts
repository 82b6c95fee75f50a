/** The operator's process understands the arguments that chart and manifests start it with. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { readOptions } from '@wsi-operator/operator/testing/chart';
import { ROOT } from './permissions.ts';
import { findHelm, renderChart } from './rendered.ts';

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}
const argumentsOf = (deployment: Deployment | undefined): readonly string[] =>
  deployment?.spec.template.spec.containers[0]?.args ?? [];
const pod = { POD_NAME: 'wsi-operator-0', POD_NAMESPACE: 'wsi-system' };

test('the options in manifests/ are the defaults of the process', () => {
  const text = readFileSync(`${ROOT}manifests/base/deployment.yaml`, 'utf8');
  const given = argumentsOf(load(text) as Deployment).map((one) =>
    one.replace('$(POD_NAMESPACE)', 'wsi-system'),
  );
  const { settings, ...options } = readOptions(given, pod);
  const { settings: presetSettings, ...presets } = readOptions([], pod);
  expect(options).toEqual(presets);
  expect(settings).toEqual({
    ...presetSettings,
    imagePullPolicy: 'IfNotPresent',
    operatorLabels: {
      'app.kubernetes.io/name': 'wsi-operator',
      'app.kubernetes.io/instance': 'wsi-operator',
    },
  });
});

const helm = findHelm();
(helm === undefined ? test.skip : test)('those of the chart, with all values set', () => {
  const objects = renderChart(helm ?? '', {
    watchNamespaces: ['team-a', 'team-b'],
    trainer: {
      imagePullSecrets: [{ name: 'one' }, { name: 'two' }],
      image: { repository: 'example.org/trainer', tag: 'x' },
    },
    jobs: {
      certificates: false,
      restricted: false,
      networkPolicy: false,
      dnsPorts: [1053],
      policyEgress: [{ to: [{ ipBlock: { cidr: 'fd00::/8' } }], ports: [{ protocol: 'TCP', port: 3128 }] }],
      disruptionBudget: false,
      progressIntervalMilliseconds: 7000,
      defaultGang: 'volcano',
      defaultQueue: 'pathology',
    },
    isolation: {
      profile: 'baseline',
      images: ['registry.example.org'],
      hostPaths: ['/data'],
      queues: ['pathology'],
    },
    podIdentity: 'platform',
    leaderElection: { leaseName: 'one-of-two' },
    metrics: {
      port: 9090,
      secure: { enabled: true, certificateSecret: 'metrics-tls', clientAuthoritySecret: 'clients' },
    },
    health: { port: 9091 },
    logLevel: 'debug',
    concurrency: 3,
    apiQps: 5,
    apiBurst: 6,
  });
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as unknown as Deployment;
  expect(readOptions(argumentsOf(deployment), pod)).toMatchObject({
    metricsPort: 9090,
    healthPort: 9091,
    metricsSecurity: {
      certificateDirectory: '/etc/wsi-operator/metrics-certificate',
      clientAuthority: '/etc/wsi-operator/metrics-clients/ca.crt',
    },
    namespaces: ['team-a', 'team-b'],
    leaderElect: true,
    leaseNamespace: 'wsi-system',
    leaseName: 'one-of-two',
    concurrency: 3,
    queriesPerSecond: 5,
    burst: 6,
    logLevel: 'debug',
    settings: {
      progressIntervalMilliseconds: 7000,
      trainerImage: 'example.org/trainer:x',
      imagePullSecrets: ['one', 'two'],
      certificates: false,
      restricted: false,
      isolation: {
        profile: 'baseline',
        serviceAccounts: [],
        images: ['registry.example.org'],
        hostPaths: ['/data'],
        queues: ['pathology'],
      },
      networkPolicy: false,
      dnsPorts: [1053],
      policyEgress: [{ to: [{ ipBlock: { cidr: 'fd00::/8' } }], ports: [{ protocol: 'TCP', port: 3128 }] }],
      podIdentity: 'platform',
      disruptionBudget: false,
      defaultGang: 'volcano',
      defaultQueue: 'pathology',
    },
  });
});
