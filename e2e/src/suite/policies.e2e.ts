/**
 * NetworkPolicies while they are kept: who reaches whom, tried from within pods, and that nobody else does. Pods of two jobs,
 * one of whose cohort is in a store of another namespace; pods of nobody in the jobs' namespace and in others, some with
 * labels that they have no right to; the name server, the API server and the operator, with the chart's own policy.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { keepPolicies } from './control.ts';
import { kubeRouter } from '@wsi-operator/cluster';
import { itWhere, whereBuilt } from './it-where.ts';
import { prepareNamespace } from './prepared-namespace.ts';
import { listener, reaches, type Place, type Target } from './reach.ts';
import { Session, WAIT, type Seen } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-policies';
const STORE = 'e2e-policies-store';
const session = new Session();
const { operatorNamespace, release, chart, features } = session.file;
const [isBuilt, notBuilt] = whereBuilt(session, kubeRouter);
const onDemand = features.policiesOnDemand && !features.networkPolicies;
const possible = onDemand ? isBuilt : features.networkPolicies;
const test = itWhere(possible, onDemand ? notBuilt : 'this cluster keeps no NetworkPolicies');

const RPC = 7070;
/** Behind the Service's 443. */
const STORE_PORT = 9000;
const LISTENERS = {
  stranger: { namespace: NAMESPACE, pod: 'stranger', labels: {} },
  // As the job's own, but in another namespace.
  pretender: { namespace: STORE, pod: 'pretender', labels: { 'wsi.dev/job-name': 'lung' } },
  // As the operator's, but in another namespace; and not as the operator's, in its own.
  mimic: { namespace: STORE, pod: 'mimic', labels: { 'app.kubernetes.io/name': 'wsi-operator' } },
  neighbour: { namespace: operatorNamespace, pod: 'neighbour', labels: {} },
  scraper: { namespace: operatorNamespace, pod: 'scraper', labels: { scrapes: 'wsi' } },
  store: { namespace: STORE, pod: 'store', labels: {} },
} as const;
type Name = keyof typeof LISTENERS;

const addresses = new Map<string, string>();
const address = (pod: string): string => addresses.get(pod)!;
const rpc = (pod: string): Target => ({ host: address(pod), port: RPC });
const roleOf = (job: string, role: string): Place => ({
  namespace: NAMESPACE,
  pod: `${job}-${role}-0`,
  container: 'trainer',
});
const at = (name: Name): Place => ({ ...LISTENERS[name], container: 'listener' });

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  if (!possible) return;
  if (onDemand) await keepPolicies(session, true);
  await session.makeNamespace(STORE);
  await session.apply(
    ...Object.values(LISTENERS).map(({ namespace, pod, labels }) =>
      listener(session, { namespace, pod }, [RPC, STORE_PORT, 8080], labels),
    ),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'minio', namespace: STORE },
      spec: { selector: { listener: 'store' }, ports: [{ port: 443, targetPort: STORE_PORT }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys', namespace: NAMESPACE },
      stringData: { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' },
    },
    trainingJob({ name: 'lung', namespace: NAMESPACE, workers: 1, servers: 1, epochs: 5000 }),
    storedJob(),
  );
  for (const { namespace, pod } of Object.values(LISTENERS)) {
    await session.kubectl(['wait', `pod/${pod}`, '-n', namespace, '--for=condition=Ready', WAIT]);
  }
  // Its roles have found each other by name, and the operator has asked it for its progress.
  await session.untilStep('lung', NAMESPACE, 1);
  await session.until('coordinator and server of the other job run', async () => {
    const pods = await session.list('pods', NAMESPACE, 'wsi.dev/job-name=stored,wsi.dev/role!=worker');
    const phases = pods.map(({ status }: Seen) => status.phase as string);
    return phases.join() === 'Running,Running' ? { done: undefined } : { seen: phases };
  });
  for (const namespace of [NAMESPACE, STORE, operatorNamespace]) await learnAddresses(namespace);
});
afterAll(async () => {
  if (!possible) return;
  if (onDemand) await keepPolicies(session, false);
  for (const { namespace, pod } of Object.values(LISTENERS)) {
    await session.kubectl(['delete', 'pod', pod, '-n', namespace, '--ignore-not-found', '--wait=false']);
  }
  await session.removeNamespace(STORE);
});

/** Its store takes connections and never answers, so that it waits with its pods up. */
function storedJob(): object {
  const job = trainingJob({ name: 'stored', namespace: NAMESPACE, workers: 1, servers: 1 });
  const endpoint = `http://minio.${STORE}.svc:443`;
  const s3 = { endpoint, insecure: true, forcePathStyle: true, secretName: 'keys' };
  const cohort = { ...job.spec.cohort, table: 's3://cohort/cohort.csv', slides: 's3://cohort/slides', s3 };
  return { ...job, spec: { ...job.spec, cohort } };
}

async function learnAddresses(namespace: string): Promise<void> {
  for (const { metadata, status } of await session.list('pods', namespace)) {
    if (status.podIP !== undefined) addresses.set(metadata.name as string, status.podIP as string);
  }
}

/** Rules come to the nodes a moment after the pods. */
async function untilReached(from: Place, targets: readonly Target[], expected: boolean[]): Promise<void> {
  await session.until(`${from.pod} reaches ${JSON.stringify(targets)}: ${String(expected)}`, async () => {
    const seen = await reaches(session, from, targets);
    return seen.join() === expected.join() ? { done: undefined } : { seen };
  });
}

describe('a pod of a job', () => {
  const own = (): Target[] => [rpc('lung-coordinator-0'), rpc('lung-server-0')];
  const others = (): Target[] => [
    rpc('stored-coordinator-0'),
    ...Object.values(LISTENERS).flatMap(({ pod }) => [rpc(pod), { host: address(pod), port: STORE_PORT }]),
    { host: `minio.${STORE}.svc`, port: 443 },
    { host: 'kubernetes.default.svc', port: 443 },
    { host: `${release}-wsi-operator-metrics.${operatorNamespace}.svc`, port: 8080 },
  ];

  for (const role of ['coordinator', 'worker', 'server']) {
    test(`reaches its own job and no other pod: ${role}`, async () => {
      const targets = [...own(), ...others()];
      const expected = targets.map((_, index) => index < 2);
      await untilReached(roleOf('lung', role), targets, expected);
    });
  }

  test('reaches the name server by both protocols', async () => {
    const pod = await session.kubectl([
      'exec',
      'lung-worker-0',
      '-n',
      NAMESPACE,
      '-c',
      'trainer',
      '--',
      ...SERVER,
    ]);
    const host = pod.trim();
    const ports = [{ host, port: 53 }, { host, port: 53, protocol: 'udp' } as const];
    await untilReached(roleOf('lung', 'worker'), ports, [true, true]);
  });

  test('reaches a store behind a Service whose pods listen at another port, and nothing else for it', async () => {
    const targets = [
      { host: `minio.${STORE}.svc`, port: 443 },
      { host: address('store'), port: STORE_PORT },
      rpc('stored-server-0'),
      rpc('lung-coordinator-0'),
      rpc('stranger'),
      { host: address('neighbour'), port: STORE_PORT },
    ];
    await untilReached(roleOf('stored', 'coordinator'), targets, [true, true, true, false, false, false]);
  });
});

describe('the roles of a job', () => {
  for (const name of ['stranger', 'pretender', 'mimic', 'neighbour', 'store'] as const) {
    test(`are not reached by the ${name}`, async () => {
      const roles = [rpc('lung-coordinator-0'), rpc('lung-server-0'), rpc('stored-coordinator-0')];
      await untilReached(at(name), roles, [false, false, false]);
    });
  }

  test('are asked for their progress by the operator', async () => {
    const { progress } = await session.statusOf('lung', NAMESPACE);
    await session.untilStep('lung', NAMESPACE, (progress.step as number) + 3);
  });
});

describe("the operator under the chart's policy", () => {
  const set = async (...values: string[]): Promise<void> => {
    const upgrade = ['upgrade', release, chart, '--namespace', operatorNamespace, '--reuse-values', '--wait'];
    await session.helm([...upgrade, ...values.flatMap((value) => ['--set', value])]);
  };
  const scrapes = 'networkPolicy.metricsFrom[0].podSelector.matchLabels.scrapes=wsi';
  const operators = async (): Promise<Target[]> => {
    const pods = await session.list('pods', operatorNamespace, 'app.kubernetes.io/name=wsi-operator');
    const running = pods.filter(({ metadata }: Seen) => metadata.deletionTimestamp === undefined);
    return running.map(({ status }: Seen) => ({ host: status.podIP as string, port: 8080 }));
  };

  beforeAll(async () => {
    if (possible) await set('networkPolicy.enabled=true', scrapes);
  });
  afterAll(async () => {
    if (possible) await set('networkPolicy.enabled=false', 'networkPolicy.metricsFrom=null');
  });

  test('gives metrics to who is named and to nobody else', async () => {
    const targets = await operators();
    expect(targets.length).toBeGreaterThan(0);
    await untilReached(
      at('scraper'),
      targets,
      targets.map(() => true),
    );
    for (const name of ['neighbour', 'mimic'] as const) {
      await untilReached(
        at(name),
        targets,
        targets.map(() => false),
      );
    }
  });

  test('still makes pods and asks coordinators: a worker that is taken away comes back', async () => {
    const before = await session.get('pod', 'lung-worker-0', NAMESPACE);
    await session.kubectl(['delete', 'pod', 'lung-worker-0', '-n', NAMESPACE, '--wait=true', WAIT]);
    await session.until('there is another worker', async () => {
      const pod = await session.get('pod', 'lung-worker-0', NAMESPACE);
      const isNew = pod !== undefined && pod.metadata.uid !== before.metadata.uid;
      return isNew && pod.status?.phase === 'Running' ? { done: undefined } : { seen: pod?.status };
    });
    const { progress } = await session.statusOf('lung', NAMESPACE);
    await session.untilStep('lung', NAMESPACE, (progress.step as number) + 3);
  });
});

const SERVER = [
  '/usr/local/bin/node',
  '--eval',
  "console.log(require('node:dns').getServers()[0].replace(/:53$/, ''))",
];
