/**
 * What a tenant can do to others: somebody with the cluster's role `edit` in a namespace of their own, which has the jobs'
 * rights in it, and a pod on the network that has no certificate. The rows of docs/threat-model.md.
 *
 * A patient job of another tenant trains all the while: whatever is tried, it goes on, and the operator does.
 */
import { readFile } from 'node:fs/promises';
import { beforeAll, afterAll, describe, expect, it } from '@jest/globals';
import { hostileCoordinatorProgram } from '@wsi-operator/protocol/testing/hostile-coordinator';
import { operatorFigures } from '../scale/operator-figures.ts';
import { leadingOperator } from './leading-operator.ts';
import { prepareNamespace } from './prepared-namespace.ts';
import { Session, type Seen } from './session.ts';
import { restrictedContainer, restrictedPod } from './synthetic-cohort.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-tenants';
const HOSTILE = 'e2e-tenants-hostile';
const TENANT = `system:serviceaccount:${HOSTILE}:tenant`;
const JOB = 'patient';
const NODE = ['/usr/local/bin/node', '--input-type=module', '--eval'];
const LABELS = { 'app.kubernetes.io/managed-by': 'wsi-operator' };
const session = new Session();
let before: Seen;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  await session.makeNamespace(HOSTILE);
  await session.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'tenant', namespace: HOSTILE } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'tenant', namespace: HOSTILE },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'ServiceAccount', name: 'tenant', namespace: HOSTILE }],
    },
  );
  await session.apply(
    trainingJob({ name: JOB, namespace: NAMESPACE, workers: 1, servers: 1, epochs: 50_000 }),
  );
  await session.untilStep(JOB, NAMESPACE, 1);
  before = await operator();
});
afterAll(() => session.removeNamespace(HOSTILE));

/** As the tenant: what is applied is applied with the tenant's rights. */
const asTenant = async (...objects: readonly object[]): Promise<{ code: number | null; stderr: string }> => {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  return session.tryKubectl(['create', '-f', '-', '-o=name', `--as=${TENANT}`], JSON.stringify(list));
};

/** Who leads, and how often containers of the operator were started again. */
async function operator(): Promise<Seen> {
  const pods = await session.list(
    'pods',
    session.file.operatorNamespace,
    'app.kubernetes.io/name=wsi-operator',
  );
  const restarts = pods.map(({ metadata, status }) => [
    metadata.name,
    status.containerStatuses?.map(({ restartCount }: Seen) => restartCount),
  ]);
  return { leader: await leadingOperator(session), restarts };
}

/** The other tenant's job trains on as if nothing were, and the operator that led leads. */
async function expectUnharmed(): Promise<void> {
  const { step } = (await session.statusOf(JOB, NAMESPACE)).progress as { readonly step: number };
  const status = await session.untilStep(JOB, NAMESPACE, step + 3);
  expect({ phase: status.phase, restarts: status.restarts, failures: status.failures }).toEqual({
    phase: 'Running',
    restarts: 0,
    failures: [],
  });
  expect(await operator()).toEqual(before);
}

/** A job whose roles do what the tenant likes; of the trainer's image, for nothing else is in this cluster. */
function ownJob(name: string, commands: { readonly coordinator: string; readonly others: string }): object {
  const job = trainingJob({ name, namespace: HOSTILE, workers: 1, servers: 1, spec: { storage: {} } });
  const template = (script: string): object => ({
    template: {
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: 'trainer', command: [...NODE, script], args: [], resources: { requests: { cpu: '20m' } } },
        ],
      },
    },
  });
  const { coordinator, others } = commands;
  return {
    ...job,
    spec: {
      ...job.spec,
      coordinator: template(coordinator),
      parameterServers: { replicas: 1, ...template(others) },
      workers: { replicas: 1, ...template(others) },
    },
  };
}

function pod(name: string, script: string, metadata: object = {}): Seen {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: HOSTILE, ...metadata },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: restrictedPod,
      containers: [
        {
          name: 'trainer',
          image: session.file.trainerImage,
          imagePullPolicy: 'IfNotPresent',
          command: [...NODE, script],
          securityContext: restrictedContainer,
        },
      ],
    },
  };
}

const SLEEP = 'setInterval(() => undefined, 1e6)';

describe("a tenant's coordinator that says anything it likes", () => {
  it("stops neither the operator nor another tenant's job, and its own job reports refused answers", async () => {
    const script = await readFile(hostileCoordinatorProgram, 'utf8');
    expect(await asTenant(ownJob('flood', { coordinator: script, others: SLEEP }))).toMatchObject({
      code: 0,
    });
    const log = async (): Promise<string[]> => {
      const args = ['logs', 'flood-coordinator-0', '-n', HOSTILE, `--as=${TENANT}`];
      const { stdout } = await session.tryKubectl(args);
      return stdout.trim().split('\n');
    };
    let refused = false;
    await session.until('the coordinator has answered in every way', async () => {
      const { warnings = [] } = await session.statusOf('flood', HOSTILE);
      refused ||= warnings.some(({ reason }: Seen) => reason === 'AnswerRefused');
      const lines = await log();
      const ways = Number(/with (\d+) ways/.exec(lines[0] ?? '')?.[1] ?? Number.POSITIVE_INFINITY);
      return new Set(lines.slice(1)).size >= ways ? { done: undefined } : { seen: lines };
    });
    expect(refused).toBe(true);
    const status = await session.statusOf('flood', HOSTILE);
    expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(64 * 1024);
    await expectUnharmed();
    await session.kubectl(['delete', 'wtj', 'flood', '-n', HOSTILE, `--as=${TENANT}`, '--wait=true']);
  });
});

describe("a tenant's objects that carry the operator's labels", () => {
  const COUNT = 48;
  const SIZE = 900_000;
  it('do not stay in the memory of the operator', async () => {
    const heap = async (): Promise<number> => (await operatorFigures(session.file)).heapBytes;
    const least = Math.min(await heap(), await heap());
    const text = 'x'.repeat(SIZE);
    for (let index = 0; index < COUNT; index += 4) {
      const maps = Array.from({ length: 4 }, (_unused, offset) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `large-${index + offset}`, namespace: HOSTILE, labels: LABELS },
        data: { text },
      }));
      expect(await asTenant(...maps)).toMatchObject({ code: 0 });
    }
    await expectUnharmed();
    // Of each of the two operators a tenth may be held; what is garbage goes sooner or later.
    await session.until('the operators hold none of it', async () => {
      const grown = (await heap()) - least;
      return grown < 2 * 0.1 * COUNT * SIZE ? { done: undefined } : { seen: grown };
    });
    await session.kubectl([
      'delete',
      'configmaps',
      '-l',
      'app.kubernetes.io/managed-by',
      '-n',
      HOSTILE,
      `--as=${TENANT}`,
    ]);
  });
});

describe("a tenant's pods that would pass for those of a job", () => {
  const forged = async (name: string, metadata: object = {}): Promise<Seen> => {
    const own = (await session.get('pod', `${JOB}-worker-0`, NAMESPACE)).metadata;
    const { labels, annotations, ownerReferences } = own;
    return pod(name, 'process.exit(2)', { labels, annotations, ownerReferences, ...metadata });
  };

  it.each(['worker', 'coordinator'])(
    'do not affect a job in another namespace as a forged %s',
    async (role) => {
      const { labels } = (await session.get('pod', `${JOB}-${role}-0`, NAMESPACE)).metadata;
      const name = `${JOB}-${role}-0`;
      expect(await asTenant(await forged(name, { labels }))).toMatchObject({ code: 0 });
      // It ends, or the cluster's own garbage collector finds that its owner is not there.
      await session.until('it is over', async () => {
        const phase = (await session.get('pod', name, HOSTILE))?.status.phase as string | undefined;
        return phase === undefined || phase === 'Failed' ? { done: undefined } : { seen: phase };
      });
      await expectUnharmed();
      await session.kubectl(['delete', 'pod', name, '-n', HOSTILE, '--ignore-not-found', '--wait=true']);
      await expectUnharmed();
    },
  );

  it("cannot be created in another tenant's namespace", async () => {
    const { code, stderr } = await asTenant(await forged('stranger', { namespace: NAMESPACE }));
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('forbidden') });
  });

  it("count for nothing in the tenant's own job either, with its labels and later with its owner, and are reported once", async () => {
    expect(await asTenant(ownJob('own', { coordinator: SLEEP, others: SLEEP }))).toMatchObject({ code: 0 });
    const job = await session.until('its pods are there', async () => {
      const pods = await session.list('pods', HOSTILE, 'wsi.dev/job-name=own');
      return pods.length > 1 ? { done: await session.get('wtj', 'own', HOSTILE) } : { seen: pods.length };
    });
    const labels = { ...LABELS, 'wsi.dev/job-name': 'own', 'wsi.dev/role': 'worker', 'wsi.dev/replica': '0' };
    expect(await asTenant(pod('stranger', 'process.exit(2)', { labels }))).toMatchObject({ code: 0 });
    const warning = async (): Promise<Seen> => {
      const { warnings = [] } = await session.statusOf('own', HOSTILE);
      return warnings.find(({ reason }: Seen) => reason === 'ForeignPods');
    };
    await session.until('it is warned of', async () => {
      const found = await warning();
      return found === undefined ? { seen: found } : { done: found };
    });
    const { apiVersion, kind, metadata } = job;
    const owner = { apiVersion, kind, name: 'own', uid: metadata.uid, controller: true };
    const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } });
    await session.kubectl([
      'patch',
      'pod',
      'stranger',
      '-n',
      HOSTILE,
      '--type=merge',
      '-p',
      patch,
      `--as=${TENANT}`,
    ]);
    await session.kubectl([
      'wait',
      'pod/stranger',
      '-n',
      HOSTILE,
      '--for=jsonpath={.status.phase}=Failed',
      '--timeout=300s',
    ]);
    expect((await warning()).message).toContain('stranger');
    const status = await session.statusOf('own', HOSTILE);
    expect({ failures: status.failures, restarts: status.restarts }).toEqual({ failures: [], restarts: 0 });
    const events = await session.list('events', HOSTILE);
    const reported = events.filter(({ reason }) => reason === 'ForeignPods');
    expect(reported).toHaveLength(1);
    await session.kubectl(['delete', 'wtj', 'own', '-n', HOSTILE, `--as=${TENANT}`, '--wait=true']);
  });
});

describe('a pod on the network without a certificate', () => {
  const NAME = 'passer-by';
  const knock = async (host: string, port = 7070): Promise<Seen> => {
    const script = await readFile(new URL('knock-without-certificate.mjs', import.meta.url), 'utf8');
    const args = [...NODE, script, '--', host, String(port)];
    return JSON.parse(await session.kubectl(['exec', NAME, '-n', HOSTILE, '-c', 'trainer', '--', ...args]));
  };
  beforeAll(async () => {
    expect(await asTenant(pod(NAME, SLEEP))).toMatchObject({ code: 0 });
    await session.kubectl(['wait', `pod/${NAME}`, '-n', HOSTILE, '--for=condition=Ready', '--timeout=300s']);
  });

  it.each(['coordinator', 'server'])('is served nothing by a %s, whatever it sends', async (role) => {
    const { podIP } = (await session.get('pod', `${JOB}-${role}-0`, NAMESPACE)).status;
    // Where the cluster keeps NetworkPolicies, not even a connection.
    const refused = session.file.features.networkPolicies ? 'no connection' : 'refused';
    expect(await knock(podIP as string)).toEqual({
      'no certificate': refused,
      'a certificate of its own': refused,
      'plain text': refused,
      garbage: refused,
      'a hundred connections that say nothing': session.file.features.networkPolicies
        ? 'no connection'
        : 'held',
    });
    await expectUnharmed();
  });
});

// What a template may not ask for is tried in refusals.e2e.ts; what a tenant's pods do with it belongs here, as a describe
// of its own: "a template that asks for what a tenant may not have".
