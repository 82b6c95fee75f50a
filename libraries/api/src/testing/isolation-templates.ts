/** Random pod templates, some of them with what isolation is about; for tests of properties. */
import * as fc from 'fast-check';

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
/** Fields that are there now and then; nulls and wrong types are what a hostile manifest may have. */
function fields(all: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Record<string, unknown>> {
  const odd = fc.constantFrom<unknown>(null, 'x', 1, true, [], {});
  const sometimesOdd = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 150, arbitrary: value }, { weight: 1, arbitrary: odd });
  return fc.record(
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name, sometimesOdd(value)])),
    { requiredKeys: [] },
  );
}
const few = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> => fc.array(value, { maxLength: 2 });
const names = (...all: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...all);
/** What is harmless, and now and then one that is not; rare enough that many templates have none in any field. */
function mostly<Value>(harmless: Value, ...others: readonly Value[]): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 25, arbitrary: fc.constant(harmless) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  );
}

const profile = fields({ type: mostly('RuntimeDefault', 'Localhost', 'Unconfined') });
const context = {
  runAsUser: mostly(1000, 0),
  runAsNonRoot: mostly(true, false),
  seccompProfile: profile,
  appArmorProfile: profile,
  seLinuxOptions: fields({
    type: mostly('container_t', 'spc_t'),
    user: mostly('', 'system_u'),
    role: mostly('', 'r'),
  }),
  windowsOptions: fields({ hostProcess: mostly(false, true) }),
};
const probe = fields({ tcpSocket: fields({ host: mostly('', '169.254.169.254'), port: fc.constant(80) }) });
export const IMAGES = [
  'registry.example.org/a',
  'registry.example.org/a:1',
  'registry.example.org/ab',
  'registry.example.org:5000/a',
];
const container = (name: string): fc.Arbitrary<Record<string, unknown>> =>
  fields({
    image: names(...IMAGES),
    securityContext: fields({
      ...context,
      privileged: mostly(false, true),
      allowPrivilegeEscalation: mostly(false, true),
      procMount: mostly('Default', 'Unmasked'),
      capabilities: fields({
        add: few(mostly('NET_BIND_SERVICE', 'CHOWN', 'SYS_ADMIN')),
        drop: mostly(['ALL'], ['ALL', 'CHOWN'], ['CHOWN'], []),
      }),
    }),
    ports: few(fields({ hostPort: mostly(0, 80) })),
    livenessProbe: probe,
    lifecycle: fields({ preStop: fields({ httpGet: fields({ host: mostly('', 'node') }) }) }),
    resources: fc.constant({ limits: { 'nvidia.com/gpu': 1 } }),
  }).map((made) => ({ ...made, name }));
const source = fc.oneof(
  fields({ secret: fc.constant({ name: 's' }) }),
  fields({ serviceAccountToken: fc.constant({ path: 'token' }) }),
);
const volume = fc.oneof(
  { weight: 20, arbitrary: fields({ emptyDir: fc.constant({}) }) },
  fields({ hostPath: fields({ path: names('/data', '/data/x', '/database', '/data/../etc') }) }),
  fields({ projected: fields({ sources: few(source) }) }),
  fields({ csi: fields({ driver: names('allowed.example.org', 'other.example.org') }) }),
  fields({ nfs: fc.constant({ server: 'x', path: '/' }) }),
  fields({ image: fields({ reference: names(...IMAGES) }) }),
);
const spec = fc
  .record({
    containers: container('trainer').map((trainer) => [trainer]),
    initContainers: maybe(container('fetch').map((one) => [one])),
    volumes: maybe(volume.map((one) => [{ ...one, name: 'extra' }])),
    securityContext: maybe(
      fields({
        ...context,
        sysctls: few(fields({ name: mostly('kernel.shm_rmid_forced', 'kernel.msgmax') })),
      }),
    ),
    serviceAccountName: maybe(mostly('default', 'trainer', 'cluster-admin')),
    priorityClassName: maybe(mostly('batch', 'system-node-critical')),
    tolerations: maybe(
      few(fields({ key: mostly('nvidia.com/gpu', '', 'node-role.kubernetes.io/control-plane') })),
    ),
    schedulerName: maybe(names('default-scheduler', 'volcano')),
  })
  .map((made) => Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)));
const metadata = fields({
  annotations: mostly<Readonly<Record<string, string>>>(
    { note: 'x' },
    { 'container.apparmor.security.beta.kubernetes.io/trainer': 'unconfined' },
    { 'scheduling.volcano.sh/queue-name': 'other' },
  ),
});
/** As the schema has it: only fields of Kubernetes' own types may be odd. */
const template = fc
  .record({ spec: fc.option(spec, { nil: undefined, freq: 3 }), metadata: maybe(metadata) })
  .map((made) => ({
    ...(made.spec === undefined ? {} : { spec: made.spec }),
    ...(made.metadata === undefined ? {} : { metadata: made.metadata }),
  }));

/** The parts of a job that isolation reads. */
export const isolatedParts = fc.record({
  labels: fc.constantFrom(
    {},
    { 'kueue.x-k8s.io/queue-name': 'team' },
    { 'kueue.x-k8s.io/priority-class': 'high' },
  ),
  coordinator: template,
  parameterServers: template,
  workers: template,
  runPolicy: fields({ gang: names('none', 'kueue', 'volcano'), queue: names('team', 'other') }),
});
export type IsolatedParts = typeof isolatedParts extends fc.Arbitrary<infer Value> ? Value : never;

const list = (...all: readonly string[]): fc.Arbitrary<string[]> => fc.subarray(['*', ...all]);
/** Settings of administrators, in which a list is as often short as open. */
export const isolationChoices = fc.record({
  profile: fc.constantFrom('restricted' as const, 'baseline' as const, 'privileged' as const),
  serviceAccounts: list('trainer', 'team-a/cluster-admin'),
  images: list('registry.example.org/a', 'registry.example.org'),
  priorityClasses: list('batch', 'system-node-critical'),
  runtimeClasses: fc.constant(['*']),
  schedulers: list('volcano'),
  tolerations: list('', 'nvidia.com/gpu'),
  csiDrivers: list('allowed.example.org'),
  hostPaths: list('/data'),
  gangs: list('none', 'kueue'),
  queues: list('team', ''),
});
