/** Values that the chart refuses: by its schema, and by Helm where there is one. */
import { describe, expect, test } from '@jest/globals';
import Ajv from 'ajv';
import { findHelm, renderedText, withImages } from './rendered.ts';
import { readValues, readValuesSchema } from './values.ts';

const validate = new Ajv({ allErrors: true }).compile(readValuesSchema());
const helm = findHelm();
if (helm === undefined) process.stdout.write('skipped: there is no `helm` in the PATH; set WSI_HELM\n');

/** Where the schema finds a fault, such as `.resources.limits['memory']`. */
function faults(values: unknown): string[] {
  validate(values);
  return (validate.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message ?? ''}`);
}

const probe = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, preference: {} }] };

/** Each: where the fault is, and values with nothing else wrong. */
const BAD: readonly (readonly [path: string, values: object])[] = [
  ['.resources.limits', { resources: { limits: { memory: 'abc' } } }],
  ['.resources.limits', { resources: { limits: { memory: '1 Gi' } } }],
  ['.resources.limits', { resources: { limits: { memory: '1GiB' } } }],
  ['.resources.requests', { resources: { requests: { cpu: '-1' } } }],
  ['.resources.requests', { resources: { requests: { cpu: -1 } } }],
  ['.resources.requests', { resources: { requests: { 'a b': '1' } } }],
  ['.resources', { resources: { limit: { memory: '1Gi' } } }],
  ['.image.repository', { image: { repository: 'registry.example.org/Operator' } }],
  ['.image.repository', { image: { repository: 'https://registry.example.org/operator' } }],
  ['.image.repository', { image: { repository: 'registry.example.org/operator:0.1.0' } }],
  ['.image.repository', { image: { repository: 'REGISTRY/wsi-operator/operator' } }],
  ['.image.tag', { image: { tag: 'v 1' } }],
  ['.image.tag', { image: { tag: 0.1 } }],
  ['.image.digest', { image: { digest: 'sha256:abc' } }],
  ['.image.pullPolicy', { image: { pullPolicy: 'ifNotPresent' } }],
  ['.imagePullSecrets', { imagePullSecrets: ['registry'] }],
  ['.imagePullSecrets', { imagePullSecrets: [{ name: 'My_Secret' }] }],
  ['.trainer.imagePullSecrets', { trainer: { imagePullSecrets: ['registry'] } }],
  ['.metrics.secure.readers[0]', { metrics: { secure: { readers: ['prometheus'] } } }],
  ['.metrics.secure.certificateSecret', { metrics: { secure: { certificateSecret: 'My_Secret' } } }],
  ['.metrics.secure.enabled', { metrics: { secure: { enabled: 'yes' } } }],
  ['.metrics.secure', { metrics: { secure: { token: 'x' } } }],
  ['.metrics.secure.tlsConfig', { metrics: { secure: { tlsConfig: { caFile: '/ca.crt' } } } }],
  ['.metrics.secure.tlsConfig', { metrics: { secure: { tlsConfig: { ca: { secret: { name: 'x' } } } } } }],
  ['.replicas', { replicas: '2' }],
  ['.replicas', { replicas: -1 }],
  ['.nameOverride', { nameOverride: 'Wsi_Operator' }],
  ['.commonLabels', { commonLabels: { team: 'head and neck' } }],
  ['.commonLabels', { commonLabels: { 'a/b/c': 'x' } }],
  ['.nodeSelector', { nodeSelector: { disk: true } }],
  ['.podLabels', { podLabels: { x: 'y'.repeat(64) } }],
  ['.podAnnotations', { podAnnotations: { 'bad key': 'x' } }],
  ['.priorityClassName', { priorityClassName: 'System_Critical' }],
  ['.serviceAccount.name', { serviceAccount: { name: 'Bad Name' } }],
  ['.watchNamespaces', { watchNamespaces: ['team a'] }],
  ['.isolation.profile', { isolation: { profile: 'strict' } }],
  ['.isolation.images[0]', { isolation: { images: ['registry.example.org/team/'] } }],
  ['.isolation.images[0]', { isolation: { images: ['https://registry.example.org'] } }],
  ['.isolation.serviceAccounts[0]', { isolation: { serviceAccounts: ['team-a/'] } }],
  ['.isolation.hostPaths[0]', { isolation: { hostPaths: ['data'] } }],
  ['.isolation.hostPaths[0]', { isolation: { hostPaths: ['/data/'] } }],
  ['.isolation.gangs[0]', { isolation: { gangs: ['slurm'] } }],
  ['.isolation.queues', { isolation: { queues: '*' } }],
  ['.isolation', { isolation: { image: ['x'] } }],
  ['.watchNamespaces', { watchNamespaces: 'team-a' }],
  ['.tolerations', { tolerations: [{ key: 'gpu', operator: 'Equals' }] }],
  ['.tolerations', { tolerations: [{ key: 'gpu', efect: 'NoSchedule' }] }],
  ['.tolerations', { tolerations: [{ key: 'gpu', operator: 'Exists', value: 'x' }] }],
  ['.tolerations', { tolerations: [{ operator: 'Equal', value: 'x' }] }],
  ['.tolerations', { tolerations: [{ key: 'gpu', effect: 'NoSchedule', tolerationSeconds: 10 }] }],
  ['.tolerations', { tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoRun' }] }],
  ['.affinity', { affinity: { nodeAffinty: {} } }],
  ['.affinity', { affinity: { nodeAffinity: probe } }],
  ['.topologySpreadConstraints', { topologySpreadConstraints: [{ maxSkew: 0 }] }],
  [
    '.topologySpreadConstraints',
    {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
      ],
    },
  ],
  ['.strategy', { strategy: { type: 'Rolling' } }],
  ['.strategy', { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }],
  ['.strategy', { strategy: { rollingUpdate: { maxSurge: '120%' } } }],
  ['.podSecurityContext', { podSecurityContext: { runAsUser: 'wsi' } }],
  ['.podSecurityContext', { podSecurityContext: { runAsNonRot: true } }],
  ['.securityContext', { securityContext: { readOnlyRootFilesystem: 'true' } }],
  ['.securityContext', { securityContext: { capabilities: { drop: 'ALL' } } }],
  ['.securityContext', { securityContext: { seccompProfile: { type: 'Default' } } }],
  ['.terminationGracePeriodSeconds', { terminationGracePeriodSeconds: '30s' }],
  ['.extraArgs', { extraArgs: [true] }],
  ['.extraEnv', { extraEnv: [{ name: '1X', value: 'a' }] }],
  ['.extraEnv', { extraEnv: [{ name: 'X', value: 3128 }] }],
  ['.extraEnv', { extraEnv: [{ name: 'X', value: 'a', valueFrom: { fieldRef: { fieldPath: 'x' } } }] }],
  ['.extraVolumes', { extraVolumes: [{ name: 'authorities' }] }],
  ['.extraVolumes', { extraVolumes: [{ name: 'tmp', emptyDir: {} }] }],
  ['.extraVolumes', { extraVolumes: [{ name: 'authorities', configmap: { name: 'x' } }] }],
  ['.extraVolumeMounts', { extraVolumeMounts: [{ name: 'authorities' }] }],
  ['.livenessProbe.periodSeconds', { livenessProbe: { periodSeconds: 0 } }],
  ['.livenessProbe.timeoutSeconds', { livenessProbe: { timeoutSeconds: '5s' } }],
  ['.podDisruptionBudget.maxUnavailable', { podDisruptionBudget: { maxUnavailable: 'all' } }],
  ['.networkPolicy.apiServerPorts', { networkPolicy: { apiServerPorts: [0] } }],
  ['.networkPolicy.apiServerPorts', { networkPolicy: { apiServerPorts: ['https'] } }],
  ['.networkPolicy.metricsFrom', { networkPolicy: { metricsFrom: [{ namespace: 'monitoring' }] } }],
  ['.networkPolicy.metricsFrom', { networkPolicy: { metricsFrom: [{ ipBlock: { cidr: '10.0.0.0' } }] } }],
  ['.networkPolicy.egress', { networkPolicy: { egress: [{ ports: [{ port: 3128, protocol: 'tcp' }] }] } }],
  ['.jobs.policyEgress', { jobs: { policyEgress: [{ to: { podSelector: {} } }] } }],
  ['.jobs.policyEgress', { jobs: { policyEgress: [{ ports: [{ port: 70_000 }] }] } }],
  ['.metrics.port', { metrics: { port: 80 } }],
  ['.metrics.port', { metrics: { port: 70_000 } }],
  ['.health.port', { health: { port: '8081' } }],
  ['.metrics.podMonitor.interval', { metrics: { podMonitor: { interval: '30' } } }],
  ['.metrics.podMonitor.interval', { metrics: { podMonitor: { interval: '30 s' } } }],
  ['.metrics.serviceMonitor.interval', { metrics: { serviceMonitor: { interval: 30 } } }],
  ['.metrics.serviceMonitor.labels', { metrics: { serviceMonitor: { labels: { release: 1 } } } }],
  ['.jobs.defaultGang', { jobs: { defaultGang: 'Kueue' } }],
  ['.jobs.defaultQueue', { jobs: { defaultQueue: 'my queue' } }],
  ['.jobs.certificates', { jobs: { certificates: 'yes' } }],
  ['.jobs.progressIntervalMilliseconds', { jobs: { progressIntervalMilliseconds: '10s' } }],
  ['.logLevel', { logLevel: 'INFO' }],
  ['', { replicaCount: 2 }],
];

const GOOD: readonly object[] = [
  {},
  { resources: { limits: { memory: '1.5Gi', cpu: 0.5 }, requests: { memory: 1_073_741_824, cpu: '500m' } } },
  { resources: { limits: { memory: '1e9', 'nvidia.com/gpu': 1 }, claims: [{ name: 'device' }] } },
  { image: { repository: 'localhost:5000/operator', tag: '0.1.0-rc.1_x' } },
  { image: { repository: 'registry.example.org:5000/a/b-c/d__e' } },
  { imagePullSecrets: [{ name: 'a' }], trainer: { imagePullSecrets: [{ name: 'a.b' }, { name: 'c' }] } },
  { tolerations: [{ operator: 'Exists' }, { key: 'gpu', operator: 'Equal', value: 'true' }] },
  { tolerations: [{ key: 'a/b', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }] },
  { strategy: { type: 'Recreate' } },
  { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } } },
  { metrics: { podMonitor: { interval: '1m30s' } } },
  { podDisruptionBudget: { maxUnavailable: '50%' } },
  { networkPolicy: { metricsFrom: [{ ipBlock: { cidr: 'fd00::/8', except: ['fd00:1::/32'] } }] } },
  { extraVolumes: [{ name: 'ca', configMap: { name: 'x', items: [{ key: 'a', path: 'b' }] } }] },
  { extraEnv: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'x', key: 'y' } } }] },
  { podSecurityContext: { fsGroup: 1000, supplementalGroups: [5], seLinuxOptions: { level: 's0:c1,c2' } } },
  {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] }] },
          ],
        },
      },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } } },
        ],
      },
    },
  },
];

describe('the schema', () => {
  test('accepts the defaults', () => {
    expect(faults(readValues())).toEqual([]);
  });

  test.each(GOOD)('accepts %j', (values) => {
    expect(faults(values)).toEqual([]);
  });

  test.each(BAD)('refuses at %s: %j', (path, values) => {
    const found = faults(values);
    expect(found).not.toEqual([]);
    for (const fault of found) expect(fault.startsWith(path)).toBe(true);
  });
});

/** What Helm says, empty when it takes the values. */
function saidOf(values: object): string {
  try {
    renderedText(helm ?? '', values);
    return '';
  } catch (error) {
    return (error as { readonly stderr: string }).stderr;
  }
}

(helm === undefined ? describe.skip : describe)('Helm', () => {
  // One process for each would be half a minute: all that the schema says is in one message.
  test('refuses what the schema refuses, all faults at once, and takes what it takes', () => {
    const said = saidOf(
      withImages({
        resources: { limits: { memory: 'abc' } },
        tolerations: [{ key: 'gpu', operator: 'Exists', value: 'x' }],
        metrics: { podMonitor: { interval: '30' } },
        extraEnv: [{ name: 'X', value: 3128 }],
      }),
    );
    for (const part of ['memory', 'tolerations', 'interval', 'extraEnv']) expect(said).toContain(part);
    for (const values of GOOD.slice(1, 4)) expect(saidOf(withImages(values))).toBe('');
  });

  test('requires the place of the images', () => {
    expect(saidOf({})).toMatch(/image\.repository is needed: no public registry has these images/);
    const operator = { repository: 'registry.example.org/operator' };
    expect(saidOf({ image: operator })).toMatch(/trainer\.image\.repository is needed/);
  });

  test('requires different ports for metrics and probes', () => {
    expect(saidOf(withImages({ metrics: { port: 8081 } }))).toContain('must differ');
  });
});
