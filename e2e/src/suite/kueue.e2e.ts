/** Jobs in queues of the real Kueue: they wait for quota, start as a whole, are evicted and preempted, and grow. */
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { installKueue, kueue, uninstallKueue } from '../gangs/kueue-installation.ts';
import {
  kueueQueue,
  setQuota,
  setStopPolicy,
  type KueueQueue,
  type QueueChoices,
} from '../gangs/kueue-queue.ts';
import { autoscaledJob } from './autoscaled-job.ts';
import { loadImage } from './control.ts';
import { itWhere, whereBuilt } from './it-where.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { Session, WAIT, type Seen } from './session.ts';
import { COHORT_POD } from './synthetic-cohort.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-kueue';
const EPOCHS = 40;
/** Of a job that does not end by itself while it is observed. */
const MANY_EPOCHS = 2000;
/** A job's five pods ask for 50m each; with one worker less it may be admitted, too. */
const ENOUGH = { cpu: '250m', memory: '8Gi' };

const session = new Session();
const { kubeconfig, kubectl, helm, provider } = session.file;
const installed = (await session.tryKubectl(['get', '--raw=/apis/kueue.x-k8s.io/v1beta2'])).code === 0;
const brought = provider === 'native' && whereBuilt(session, kueue)[0];
const itWithKueue = itWhere(installed || brought, 'Kueue is not installed, and has not been built here');
let expected: string;
let queue: KueueQueue | undefined;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  expected = await quietDigest(session, NAMESPACE, EPOCHS);
});
beforeAll(async () => {
  if (installed || !brought) return;
  const cluster = {
    ...{ kubeconfig, kubectl, helm },
    loadImage: async (archive: string, name: string) => loadImage(session, archive, name),
  };
  await installKueue(cluster, (line) => {
    process.stderr.write(`${line}\n`);
  });
});
/** What a failed test has left must not be held against the next one. */
afterEach(async () => {
  await session.kubectl(['delete', 'wtj', '--all', '-n', NAMESPACE, '--wait=true', WAIT]);
  await untilEmpty(session, NAMESPACE);
  // Kueue itself lets a queue go when nothing of it is in use.
  for (const { kind, metadata } of queue?.objects ?? []) {
    const name = [`${kind}.kueue.x-k8s.io`, metadata.name];
    await session.kubectl(['delete', '-n', NAMESPACE, '--ignore-not-found', WAIT, ...name]);
  }
  queue = undefined;
});
afterAll(async () => {
  if (!installed && brought) await uninstallKueue({ kubeconfig, kubectl, helm });
});

async function makeQueue(name: string, choices: QueueChoices): Promise<KueueQueue> {
  queue = kueueQueue(name, NAMESPACE, choices);
  await session.apply(...queue.objects);
  return queue;
}

interface Submission {
  readonly priority?: string;
  readonly epochs?: number;
}

async function submit(name: string, into: KueueQueue, choices: Submission = {}): Promise<void> {
  const { priority, epochs = EPOCHS } = choices;
  const runPolicy = { gang: 'kueue' as const, queue: into.name };
  const job = trainingJob({ name, namespace: NAMESPACE, epochs, spec: { runPolicy } });
  const labels = priority === undefined ? {} : { 'kueue.x-k8s.io/priority-class': priority };
  await session.apply({ ...job, metadata: { ...job.metadata, labels } });
}

async function podsOf(name: string): Promise<Seen[]> {
  return session.list('pods', NAMESPACE, `wsi.dev/job-name=${name}`);
}

async function workload(name: string): Promise<Seen> {
  return session.get('workloads.kueue.x-k8s.io', name, NAMESPACE);
}

/** Waits until the job stands in the queue and has no pod, in Kueue's words. */
async function untilQueued(name: string, words: RegExp): Promise<Seen> {
  // The operator checks once a minute for new APIs.
  return session.until(`${name} waits in the queue without a pod`, async () => {
    const status = await session.statusOf(name, NAMESPACE);
    const running = status.conditions?.find(({ type }: Seen) => type === 'Running');
    const waits = running?.reason === 'QueuePending' && words.test(running.message);
    return waits && (await podsOf(name)).length === 0 ? { done: status } : { seen: status };
  });
}

async function expectSuccess(name: string): Promise<void> {
  const status = await session.untilCondition(name, NAMESPACE, 'Succeeded');
  expect(status.parametersSha256).toBe(expected);
  expect(status.failures ?? []).toEqual([]);
  const finished = await session.until(`Kueue knows that ${name} has ended`, async () => {
    const conditions = (await workload(name))?.status.conditions as Seen[];
    const found = conditions.find(({ type }) => type === 'Finished');
    return found === undefined ? { seen: conditions } : { done: found };
  });
  expect(finished).toMatchObject({ status: 'True', reason: 'Succeeded' });
}

describe('a job in a queue of Kueue', () => {
  itWithKueue(
    'has no pod until there is quota for the whole of it, and goes on from its checkpoint after an eviction',
    async () => {
      // Enough for a coordinator and two servers, not for a worker with them.
      const made = await makeQueue('evicted', { quota: { ...ENOUGH, cpu: '190m' } });
      await submit('queued', made);
      await untilQueued('queued', /insufficient quota for cpu/);
      await setQuota(session, made, ENOUGH);
      await session.untilStep('queued', NAMESPACE, 8);
      const { status } = await workload('queued');
      const admitted = (status.admission.podSetAssignments as Seen[]).map(({ name, count }) => [name, count]);
      expect(Object.fromEntries(admitted)).toEqual({ coordinator: 1, server: 2, worker: 2 });
      await session.until('Kueue knows that all pods run', async () => {
        const conditions = (await workload('queued')).status.conditions as Seen[];
        const ready = conditions.some(({ type, status: is }) => type === 'PodsReady' && is === 'True');
        return ready ? { done: undefined } : { seen: conditions };
      });
      await setStopPolicy(session, made, 'HoldAndDrain');
      const stopped = await untilQueued('queued', /./);
      expect(stopped.checkpoint.step).toBeGreaterThanOrEqual(8);
      expect((await workload('queued')).status.admission).toBeUndefined();
      await setStopPolicy(session, made, 'None');
      await expectSuccess('queued');
    },
  );

  itWithKueue('gives its quota to one of higher priority, and goes on after it', async () => {
    const priorities = { 'e2e-patient': 10, 'e2e-urgent': 1000 };
    const made = await makeQueue('preempted', { quota: ENOUGH, priorities });
    await submit('patient', made, { priority: 'e2e-patient' });
    await session.untilStep('patient', NAMESPACE, 8);
    await submit('urgent', made, { priority: 'e2e-urgent' });
    await session.until('the urgent job has pods', async () => {
      const pods = await podsOf('urgent');
      return pods.length > 0 ? { done: undefined } : { seen: await session.statusOf('urgent', NAMESPACE) };
    });
    // What has ended has given its place back, even while its node clears it away.
    const alive = (await podsOf('patient')).filter(
      ({ status }) => !['Succeeded', 'Failed'].includes(status.phase as string),
    );
    expect(alive).toEqual([]);
    const patient = await session.statusOf('patient', NAMESPACE);
    expect(patient.checkpoint.step).toBeGreaterThanOrEqual(8);
    const evicted = (await workload('patient')).status.conditions.find(
      ({ type }: Seen) => type === 'Preempted',
    );
    expect(evicted).toMatchObject({ reason: 'InClusterQueue' });
    await expectSuccess('urgent');
    await expectSuccess('patient');
  });

  itWithKueue(
    "runs on the nodes of its flavour, and grows by a Workload of the workers' own when there is quota",
    async () => {
      // The cohort's claim is on one node, so that is where the pods can be.
      const { spec } = await session.get('pod', COHORT_POD, NAMESPACE);
      const nodeLabels = { 'kubernetes.io/hostname': spec.nodeName as string };
      const made = await makeQueue('growing', { quota: ENOUGH, nodeLabels });
      await submit('growing', made, { epochs: MANY_EPOCHS });
      await session.untilStep('growing', NAMESPACE, 1);
      for (const pod of await podsOf('growing')) expect(pod.spec.nodeSelector).toMatchObject(nodeLabels);
      await session.kubectl(['scale', 'wtj/growing', '-n', NAMESPACE, '--replicas=3']);
      await session.until('the third worker waits for quota', async () => {
        const more = await workload('growing-workers-2');
        const condition = (more?.status?.conditions as Seen[] | undefined)?.find(
          ({ type }) => type === 'QuotaReserved',
        );
        return condition?.status === 'False' ? { done: undefined } : { seen: more };
      });
      expect(await session.get('pod', 'growing-worker-2', NAMESPACE)).toBeUndefined();
      await setQuota(session, made, { ...ENOUGH, cpu: '300m' });
      await session.until('the third worker works', async () => {
        const status = await session.statusOf('growing', NAMESPACE);
        return status.workers?.ready === 3 ? { done: undefined } : { seen: status };
      });
      expect((await workload('growing')).status.conditions).toContainEqual(
        expect.objectContaining({ type: 'Admitted', status: 'True' }),
      );
    },
  );

  itWithKueue(
    'that is autoscaled asks for a worker more, and for no further one while that one waits',
    async () => {
      // For a coordinator, a server and a worker.
      const made = await makeQueue('sizing', { quota: { ...ENOUGH, cpu: '150m' } });
      const runPolicy = { gang: 'kueue' as const, queue: made.name };
      const autoscaling = { maximumWorkers: 4 };
      const choices = { name: 'sizing', namespace: NAMESPACE, epochs: MANY_EPOCHS, runPolicy, autoscaling };
      await session.apply(autoscaledJob(choices));
      const second = await session.until('a second worker waits for quota', async () => {
        const more = await workload('sizing-workers-1');
        const conditions = (more?.status?.conditions ?? []) as Seen[];
        const waits = conditions.some(({ type, status }) => type === 'QuotaReserved' && status === 'False');
        return waits ? { done: more } : { seen: await session.statusOf('sizing', NAMESPACE) };
      });
      expect(second.spec.podSets.map(({ count }: Seen) => count)).toEqual([1]);
      const { progress, autoscaling: wanted } = await session.statusOf('sizing', NAMESPACE);
      expect(wanted.workers).toBe(2);
      await session.untilStep('sizing', NAMESPACE, (progress.step as number) + 30);
      expect((await session.statusOf('sizing', NAMESPACE)).autoscaling.workers).toBe(2);
      expect(await session.get('pod', 'sizing-worker-1', NAMESPACE)).toBeUndefined();
      await setQuota(session, made, { ...ENOUGH, cpu: '200m' });
      await session.until('the second worker works', async () => {
        const status = await session.statusOf('sizing', NAMESPACE);
        return status.workers?.ready === 2 ? { done: undefined } : { seen: status };
      });
    },
  );
});
