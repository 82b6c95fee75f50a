/**
 * Gangs and queues with the real schedulers and controllers: Kubernetes' own gang scheduling where the cluster has it,
 * the coscheduling plug-in where it can be built, Kueue where it is installed.
 */
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { startCoscheduling, type SecondScheduler } from '../gangs/coscheduling-scheduler.ts';
import { kueueQueue, setQuota, setStopPolicy } from '../gangs/kueue-queue.ts';
import { itWhere } from './it-where.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { Session, type Seen } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-gangs';
const EPOCHS = 20;
/** A device that only these tests know: every pod of a job wants one. */
const SEAT = 'wsi.dev/seat';

const session = new Session();
const { features } = session.file;
const kueue = (await session.tryKubectl(['get', '--raw=/apis/kueue.x-k8s.io/v1beta2'])).code === 0;
let expected: string;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  expected = await quietDigest(session, NAMESPACE, EPOCHS);
}, 240_000);

/** A coordinator, two servers and two workers, of which a gang needs four. */
function seatedJob(name: string, runPolicy: object): object {
  const resources = { requests: { cpu: '50m', memory: '256Mi' }, limits: { [SEAT]: '1' } };
  const template = { spec: { containers: [{ name: 'trainer', resources }] } };
  const roles = {
    coordinator: { template },
    parameterServers: { replicas: 2, template },
    workers: { replicas: 2, template },
  };
  return trainingJob({ name, namespace: NAMESPACE, epochs: EPOCHS, spec: { ...roles, runPolicy } });
}

async function setSeats(count: number | null): Promise<void> {
  const node = (await session.kubectl(['get', 'nodes', '-o=jsonpath={.items[0].metadata.name}'])).trim();
  const value = count === null ? null : String(count);
  const patch = JSON.stringify({ status: { capacity: { [SEAT]: value }, allocatable: { [SEAT]: value } } });
  await session.kubectl(['patch', 'node', node, '--subresource=status', '--type=merge', '-p', patch]);
}

async function podsOf(name: string): Promise<Seen[]> {
  return session.list('pods', NAMESPACE, `wsi.dev/job-name=${name}`);
}

/** Waits for a job to end well, and for nothing to be left of it. */
async function expectSuccess(name: string): Promise<void> {
  const status = await session.untilCondition(name, NAMESPACE, 'Succeeded', 300);
  expect(status.parametersSha256).toBe(expected);
  await session.kubectl(['delete', 'wtj', name, '-n', NAMESPACE, '--wait=true', '--timeout=60s']);
  await untilEmpty(session, NAMESPACE);
}

/** No pod has a node while one seat is missing for the minimum; with that seat all of the minimum have one. */
async function expectTogether(name: string, gang: string): Promise<void> {
  await setSeats(3);
  await session.apply(seatedJob(name, { gang }));
  await session.until('the job says that its pods find no place', 120, async () => {
    const { conditions } = await session.statusOf(name, NAMESPACE);
    const running = conditions?.find(({ type }: Seen) => type === 'Running');
    const pods = await podsOf(name);
    return running?.reason === 'Unschedulable' && pods.length === 5
      ? { done: undefined }
      : { seen: conditions };
  });
  expect((await podsOf(name)).filter(({ spec }) => spec.nodeName !== undefined)).toEqual([]);
  await setSeats(4);
  const placed = await session.until('the minimum has nodes', 120, async () => {
    const pods = (await podsOf(name)).filter(({ spec }) => spec.nodeName !== undefined);
    return pods.length >= 4 ? { done: pods } : { seen: pods.map(({ metadata }) => metadata.name) };
  });
  const roles = placed.map(({ metadata }) => metadata.labels['wsi.dev/role'] as string).sort();
  expect(roles).toEqual(['coordinator', 'server', 'server', 'worker']);
  await expectSuccess(name);
}

describe('a gang', () => {
  let scheduler: SecondScheduler | undefined;
  afterEach(() => setSeats(null));
  afterAll(() => scheduler?.stop());

  itWhere(features.gangScheduling && features.changeNodes, 'the cluster has no gang scheduling')(
    "of Kubernetes' own starts together or not at all",
    async () => {
      await expectTogether('native', 'native');
    },
    500_000,
  );

  itWhere(session.file.provider === 'native', 'a second scheduler is brought to the native cluster only')(
    'of the coscheduling plug-in starts together or not at all',
    async () => {
      scheduler = await startCoscheduling(session.file, (line) => {
        process.stderr.write(`${line}\n`);
      });
      await expectTogether('coscheduling', 'coscheduling');
    },
    900_000,
  );
});

describe('a Kueue queue', () => {
  itWhere(kueue, 'Kueue is not installed')(
    'holds a job until there is quota; an evicted job goes on from its checkpoint',
    async () => {
      const reason = (seen: Seen): string =>
        seen.conditions?.find(({ type }: Seen) => type === 'Running')?.reason;
      const untilReason = async (wanted: string): Promise<void> => {
        await session.until(`the job is not running because of ${wanted}`, 120, async () => {
          const status = await session.statusOf('queued', NAMESPACE);
          const pods = await podsOf('queued');
          return reason(status) === wanted && pods.length === 0 ? { done: undefined } : { seen: status };
        });
      };
      const queue = kueueQueue(NAMESPACE, { cpu: '0', memory: '0' });
      await session.apply(...queue.objects);
      try {
        const runPolicy = { gang: 'kueue' as const, queue: queue.name };
        await session.apply(
          trainingJob({ name: 'queued', namespace: NAMESPACE, epochs: EPOCHS, spec: { runPolicy } }),
        );
        await untilReason('QueuePending');
        await setQuota(session, queue, { cpu: '4', memory: '8Gi' });
        await session.untilStep('queued', NAMESPACE, 8);
        await setStopPolicy(session, queue, 'HoldAndDrain');
        await untilReason('QueuePending');
        const { checkpoint } = await session.statusOf('queued', NAMESPACE);
        expect(checkpoint.step).toBeGreaterThan(0);
        await setStopPolicy(session, queue, 'None');
        const status = await session.untilCondition('queued', NAMESPACE, 'Succeeded', 300);
        expect(status.parametersSha256).toBe(expected);
        const workload = await session.get('workloads.kueue.x-k8s.io', 'queued', NAMESPACE);
        expect(workload.status.conditions).toContainEqual(
          expect.objectContaining({ type: 'Finished', status: 'True', reason: 'Succeeded' }),
        );
      } finally {
        await session.kubectl([
          'delete',
          'wtj',
          'queued',
          '-n',
          NAMESPACE,
          '--ignore-not-found',
          '--timeout=60s',
        ]);
        const names = queue.objects.map(({ kind, metadata }) => `${kind}.kueue.x-k8s.io/${metadata.name}`);
        await session.tryKubectl(['delete', '-n', NAMESPACE, '--ignore-not-found', ...names]);
      }
    },
    700_000,
  );
});
