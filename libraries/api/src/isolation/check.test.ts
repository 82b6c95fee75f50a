/** What each rule of isolation refuses, by the path that it names, and what it lets pass. */
/* eslint-disable max-lines -- a table with a row for each rule */
import { describe, expect, test } from '@jest/globals';
import { isolationProblems, type IsolationDefaults } from './check.ts';
import { ISOLATION_RULES } from './rules.ts';
import { formatProblem } from '../schema/problem.ts';
import { isolationRefusals, refusedManifest } from '../testing/index.ts';
import { validate } from '../validate.ts';
import { DEFAULT_ISOLATION, isolationFromJson, type IsolationSettings } from './settings.ts';

type Template = Readonly<Record<string, unknown>>;

interface Case {
  readonly spec?: Template;
  readonly metadata?: Template;
  readonly container?: Template;
  readonly volume?: Template;
  readonly labels?: Readonly<Record<string, string>>;
  readonly runPolicy?: Template;
  readonly settings?: Partial<IsolationSettings>;
  readonly defaults?: IsolationDefaults;
}

/** The paths of what is refused, below `spec.workers.template` where they are there. */
function refused(one: Case): string[] {
  const containers = [{ name: 'trainer', ...one.container }];
  const volumes = one.volume === undefined ? [] : [{ name: 'extra', ...one.volume }];
  const template = { metadata: one.metadata ?? {}, spec: { containers, volumes, ...one.spec } };
  const job = {
    metadata: { namespace: 'team-a', labels: one.labels ?? {} },
    spec: {
      coordinator: { template: {} },
      parameterServers: { template: {} },
      workers: { template },
      runPolicy: one.runPolicy ?? {},
    },
  } as unknown as Parameters<typeof isolationProblems>[0];
  const problems = isolationProblems(
    job,
    { ...DEFAULT_ISOLATION, ...one.settings },
    one.defaults ?? { gang: 'none' },
  );
  for (const { problem, remedy } of problems) expect([problem, remedy]).not.toContain('');
  return problems.map(({ path }) => path.replace('spec.workers.template.', ''));
}

const TRAINER = 'spec.containers[trainer]';
const EXTRA = 'spec.volumes[extra]';
const context = (securityContext: Template): Case => ({ container: { securityContext } });

const REFUSED: readonly (readonly [name: string, path: string, one: Case])[] = [
  ['privileged', `${TRAINER}.securityContext.privileged`, context({ privileged: true })],
  ['privileged as a word', `${TRAINER}.securityContext.privileged`, context({ privileged: 'true' })],
  [
    'escalation',
    `${TRAINER}.securityContext.allowPrivilegeEscalation`,
    context({ allowPrivilegeEscalation: true }),
  ],
  ['root', `${TRAINER}.securityContext.runAsUser`, context({ runAsUser: 0 })],
  ['perhaps root', `${TRAINER}.securityContext.runAsNonRoot`, context({ runAsNonRoot: false })],
  [
    'a capability',
    `${TRAINER}.securityContext.capabilities.add`,
    context({ capabilities: { add: ['CHOWN'] } }),
  ],
  [
    'capabilities kept',
    `${TRAINER}.securityContext.capabilities.drop`,
    context({ capabilities: { drop: ['KILL'] } }),
  ],
  ['/proc as it is', `${TRAINER}.securityContext.procMount`, context({ procMount: 'Unmasked' })],
  [
    'no seccomp',
    `${TRAINER}.securityContext.seccompProfile.type`,
    context({ seccompProfile: { type: 'Unconfined' } }),
  ],
  ['seccomp of no type', `${TRAINER}.securityContext.seccompProfile.type`, context({ seccompProfile: {} })],
  [
    'no AppArmor',
    `${TRAINER}.securityContext.appArmorProfile.type`,
    context({ appArmorProfile: { type: 'Unconfined' } }),
  ],
  [
    'a type of SELinux',
    `${TRAINER}.securityContext.seLinuxOptions`,
    context({ seLinuxOptions: { type: 'spc_t' } }),
  ],
  [
    'a user of SELinux',
    `${TRAINER}.securityContext.seLinuxOptions`,
    context({ seLinuxOptions: { user: 'system_u' } }),
  ],
  [
    'a process of the host',
    `${TRAINER}.securityContext.windowsOptions.hostProcess`,
    context({ windowsOptions: { hostProcess: true } }),
  ],
  ['what cannot be evaluated', `${TRAINER}.securityContext.privileged`, context({ privileged: {} })],
  ['a port of the node', `${TRAINER}.ports`, { container: { ports: [{ containerPort: 80, hostPort: 80 }] } }],
  [
    'a probe elsewhere',
    `${TRAINER}.livenessProbe`,
    { container: { livenessProbe: { httpGet: { host: '169.254.169.254' } } } },
  ],
  [
    'a hook elsewhere',
    `${TRAINER}.livenessProbe`,
    { container: { lifecycle: { preStop: { tcpSocket: { host: 'x' } } } } },
  ],
  [
    'in an init container',
    'spec.initContainers[fetch].securityContext.privileged',
    { spec: { initContainers: [{ name: 'fetch', securityContext: { privileged: true } }] } },
  ],
  ['root of the pod', 'spec.securityContext.runAsUser', { spec: { securityContext: { runAsUser: 0 } } }],
  [
    'no seccomp of the pod',
    'spec.securityContext.seccompProfile.type',
    { spec: { securityContext: { seccompProfile: { type: 'Unconfined' } } } },
  ],
  [
    'a sysctl',
    'spec.securityContext.sysctls',
    { spec: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } } },
  ],
  [
    'no AppArmor, as an annotation',
    'metadata.annotations',
    { metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/trainer': 'unconfined' } } },
  ],
  ['an account', 'spec.serviceAccountName', { spec: { serviceAccountName: 'admin' } }],
  [
    'an account of another namespace',
    'spec.serviceAccountName',
    { spec: { serviceAccountName: 'trainer' }, settings: { serviceAccounts: ['team-b/trainer'] } },
  ],
  [
    'a priority of the system',
    'spec.priorityClassName',
    { spec: { priorityClassName: 'system-node-critical' } },
  ],
  [
    'a priority',
    'spec.priorityClassName',
    { spec: { priorityClassName: 'high' }, settings: { priorityClasses: ['batch'] } },
  ],
  [
    'a priority in the queue',
    'metadata.labels[kueue.x-k8s.io/priority-class]',
    { labels: { 'kueue.x-k8s.io/priority-class': 'high' }, settings: { priorityClasses: ['batch'] } },
  ],
  [
    'a runtime',
    'spec.runtimeClassName',
    { spec: { runtimeClassName: 'other' }, settings: { runtimeClasses: [] } },
  ],
  [
    'a scheduler',
    'spec.schedulerName',
    { spec: { schedulerName: 'other' }, settings: { schedulers: ['volcano'] } },
  ],
  ['every taint', 'spec.tolerations', { spec: { tolerations: [{ operator: 'Exists' }] } }],
  [
    'control planes',
    'spec.tolerations',
    { spec: { tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }] } },
  ],
  [
    'a taint',
    'spec.tolerations',
    { spec: { tolerations: [{ key: 'other' }] }, settings: { tolerations: ['nvidia.com/gpu'] } },
  ],
  ['a driver in the pod', `${EXTRA}.csi.driver`, { volume: { csi: { driver: 'x' } } }],
  [
    'a token',
    `${EXTRA}.projected.sources`,
    { volume: { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } } },
  ],
  [
    'a certificate of the pod',
    `${EXTRA}.projected.sources`,
    { volume: { projected: { sources: [{ podCertificate: {} }] } } },
  ],
  ['NFS', EXTRA, { volume: { nfs: { server: 'x', path: '/' } } }],
  [
    'a host path in baseline',
    `${EXTRA}.hostPath.path`,
    { volume: { hostPath: { path: '/' } }, settings: { profile: 'baseline' } },
  ],
  [
    'a host path beside an allowed one',
    `${EXTRA}.hostPath.path`,
    { volume: { hostPath: { path: '/database' } }, settings: { profile: 'baseline', hostPaths: ['/data'] } },
  ],
  [
    'a way out of a host path',
    `${EXTRA}.hostPath.path`,
    {
      volume: { hostPath: { path: '/data/../etc' } },
      settings: { profile: 'baseline', hostPaths: ['/data'] },
    },
  ],
  [
    'an image as a volume',
    `${EXTRA}.image.reference`,
    { volume: { image: { reference: 'x' } }, settings: { profile: 'privileged', images: ['y'] } },
  ],
  ['an image', `${TRAINER}.image`, { container: { image: 'x' }, settings: { images: ['y'] } }],
  ['a gang', 'spec.runPolicy.gang', { runPolicy: { gang: 'none' }, settings: { gangs: ['kueue'] } }],
  ['the gang of who says nothing', 'spec.runPolicy.gang', { settings: { gangs: ['kueue'] } }],
  [
    'a queue',
    'spec.runPolicy.queue',
    { runPolicy: { gang: 'kueue', queue: 'others' }, settings: { queues: ['team'] } },
  ],
  [
    'a queue by its label',
    'spec.runPolicy.queue',
    { labels: { 'kueue.x-k8s.io/queue-name': 'others' }, settings: { queues: ['team'] } },
  ],
  [
    "Volcano's own queue",
    'spec.runPolicy.queue',
    { runPolicy: { gang: 'volcano' }, settings: { queues: ['team'] } },
  ],
  [
    'a queue of the pods',
    'metadata.annotations',
    {
      metadata: { annotations: { 'scheduling.volcano.sh/queue-name': 'others' } },
      settings: { queues: ['team'] },
    },
  ],
  [
    'a queue of the pods by a label',
    'metadata.labels',
    { metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'others' } }, settings: { queues: ['team'] } },
  ],
];

describe('the isolation check', () => {
  test.each(REFUSED)('refuses %s', (_name, path, one) => {
    expect(refused(one)).toContain(path);
  });

  test('refuses something by each rule', () => {
    const paths = REFUSED.map(([, path]) => path);
    const silent = ISOLATION_RULES.filter(
      ({ field }) => field !== '' && !paths.some((path) => path.endsWith(field)),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

/** Which a real API server refuses in the same words: e2e/src/suite/refusals.e2e.ts. */
test.each(isolationRefusals.map((one) => [one.name, one] as const))(
  'the isolation check refuses a whole job: %s',
  (_name, one) => {
    const { job } = validate(refusedManifest(one));
    const problems = isolationProblems(job!, DEFAULT_ISOLATION, { gang: 'none' });
    expect(problems.map(formatProblem).join('\n')).toContain(`${one.path}: ${one.says}`);
  },
);

const ALLOWED: readonly (readonly [name: string, one: Case])[] = [
  ['nothing at all', {}],
  [
    'null',
    {
      spec: { securityContext: null },
      container: { securityContext: { privileged: null, capabilities: null }, ports: null },
    },
  ],
  [
    'the only capability of the standard',
    context({ capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } }),
  ],
  ['a user', { spec: { securityContext: { runAsUser: 1000, fsGroup: 2000, supplementalGroups: [5] } } }],
  ['the default account', { spec: { serviceAccountName: 'default' } }],
  [
    'an account that is listed',
    { spec: { serviceAccountName: 'trainer' }, settings: { serviceAccounts: ['team-a/trainer'] } },
  ],
  ['a priority', { spec: { priorityClassName: 'high' } }],
  [
    'a priority of the system, by name',
    { spec: { priorityClassName: 'system-x' }, settings: { priorityClasses: ['system-x'] } },
  ],
  ['a taint of GPUs', { spec: { tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }] } }],
  [
    'every taint, when the empty key is listed',
    { spec: { tolerations: [{ operator: 'Exists' }] }, settings: { tolerations: [''] } },
  ],
  ['a Secret', { volume: { secret: { secretName: 'x' } } }],
  ['a projected ConfigMap', { volume: { projected: { sources: [{ configMap: { name: 'x' } }] } } }],
  ['a driver that is listed', { volume: { csi: { driver: 'x' } }, settings: { csiDrivers: ['x'] } }],
  ['NFS in baseline', { volume: { nfs: { server: 'x', path: '/' } }, settings: { profile: 'baseline' } }],
  [
    'a host path that is listed',
    { volume: { hostPath: { path: '/data/x' } }, settings: { profile: 'baseline', hostPaths: ['/data'] } },
  ],
  [
    'what is not root in baseline',
    { ...context({ runAsUser: 0, capabilities: { add: ['CHOWN'] } }), settings: { profile: 'baseline' } },
  ],
  [
    'everything in privileged',
    {
      ...context({ privileged: true }),
      volume: { hostPath: { path: '/' } },
      settings: { profile: 'privileged' },
    },
  ],
  [
    'the enforced queue of who says nothing',
    { defaults: { gang: 'kueue', queue: 'team' }, settings: { gangs: ['kueue'], queues: ['team'] } },
  ],
];

test.each(ALLOWED)('the isolation check allows %s', (_name, one) => {
  expect(refused(one)).toEqual([]);
});

describe('the list of allowed images', () => {
  const images = ['registry.example.org/a', 'localhost:5000', 'ghcr.io'];
  const isAllowed = (image: string): boolean =>
    refused({ container: { image }, settings: { images } }).length === 0;
  const digest = `sha256:${'0'.repeat(64)}`;

  test.each([
    ...['registry.example.org/a', 'registry.example.org/a:1', `registry.example.org/a@${digest}`],
    ...[
      `registry.example.org/a:1@${digest}`,
      'registry.example.org/a/b:2',
      'localhost:5000/x',
      'ghcr.io/x/y',
    ],
  ])('includes %s', (image) => {
    expect(isAllowed(image)).toBe(true);
  });

  test.each([
    ...['registry.example.org/ab', 'registry.example.org/a-b:1', 'registry.example.org', 'a', ''],
    ...['ghcr.io:5000/x', 'ghcr.io.example.org/x', 'localhost:50000/x', 'example.org/registry.example.org/a'],
    ...['registry.example.org/A', 'docker.io/registry.example.org/a', 'localhost/x'],
  ])('does not include "%s"', (image) => {
    expect(isAllowed(image)).toBe(false);
  });
});

describe('the isolation settings', () => {
  test('have defaults for what is not given', () => {
    expect(isolationFromJson('{"profile":"baseline","images":["x"]}')).toEqual({
      ...DEFAULT_ISOLATION,
      profile: 'baseline',
      images: ['x'],
    });
  });

  test.each([
    ['{', 'not JSON'],
    ['[]', 'must be an object'],
    ['{"profil":"restricted"}', 'Did you mean profile?'],
    ['{"profile":"strict"}', 'restricted, baseline, privileged'],
    ['{"images":"x"}', 'must be a list'],
    ['{"images":[1]}', 'must have texts'],
    ['{"images":["x/"]}', 'no / at the end'],
    ['{"queues":[""]}', 'not empty'],
  ])('are refused as %s', (text, says) => {
    expect(() => isolationFromJson(text)).toThrow(says);
  });
});

test('a value nested deeper than the stack allows is refused without a crash', () => {
  let deep: unknown = {};
  for (let level = 0; level < 100_000; level += 1) deep = { deep };
  expect(refused({ spec: { affinity: deep } })).toEqual(['spec']);
});
