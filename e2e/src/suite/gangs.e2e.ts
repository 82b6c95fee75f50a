/**
 * Gangs with the real schedulers: Kubernetes' own gang scheduling where the cluster has it, and the coscheduling plug-in
 * and Volcano, which are brought to the native cluster.
 */
import { afterEach, beforeAll, describe, expect } from '@jest/globals';
import { startCoscheduling, type SecondScheduler } from '../gangs/coscheduling-scheduler.ts';
import { startVolcano } from '../gangs/volcano.ts';
import { itWhere } from './it-where.ts';
import { setDevices } from './node-devices.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { Session, type Seen } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-gangs';
const EPOCHS = 20;
/** A device that only these tests know: every pod of a job wants one. */
const SEAT = 'wsi.dev/seat';

const session = new Session();
const { features } = session.file;
/** Built here, and run beside the cluster's own. */
const bringsSchedulers = session.file.provider === 'native';
const NOT_HERE = 'a second scheduler is brought to the native cluster only';
const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
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
  await setDevices(session, SEAT, count);
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

/** Waits until the condition `Running` has a reason and as many pods exist; none of them may have a node. */
async function untilWaiting(name: string, reason: string, pods: number): Promise<void> {
  // The operator looks once a minute for APIs that have come.
  await session.until(`${name} waits: ${reason}, ${pods} pods`, 180, async () => {
    const { conditions } = await session.statusOf(name, NAMESPACE);
    const running = conditions?.find(({ type }: Seen) => type === 'Running');
    const there = (await podsOf(name)).length;
    return running?.reason === reason && there === pods ? { done: undefined } : { seen: conditions };
  });
  expect((await podsOf(name)).filter(({ spec }) => spec.nodeName !== undefined)).toEqual([]);
}

interface Waiting {
  readonly reason: string;
  readonly pods: number;
}

/** No pod has a node while one seat is missing for the minimum; with that seat all of the minimum have one. */
async function expectTogether(
  gang: string,
  { reason, pods }: Waiting = { reason: 'Unschedulable', pods: 5 },
): Promise<void> {
  await setSeats(3);
  await session.apply(seatedJob(gang, { gang }));
  await untilWaiting(gang, reason, pods);
  await setSeats(4);
  const placed = await session.until('the minimum has nodes', 120, async () => {
    const withNodes = (await podsOf(gang)).filter(({ spec }) => spec.nodeName !== undefined);
    return withNodes.length >= 4
      ? { done: withNodes }
      : { seen: withNodes.map(({ metadata }) => metadata.name) };
  });
  const roles = placed.map(({ metadata }) => metadata.labels['wsi.dev/role'] as string).sort();
  expect(roles).toEqual(['coordinator', 'server', 'server', 'worker']);
  await expectSuccess(gang);
}

describe('a gang', () => {
  let scheduler: SecondScheduler | undefined;
  afterEach(async () => {
    await setSeats(null);
    await scheduler?.stop();
    scheduler = undefined;
  }, 60_000);

  itWhere(features.gangScheduling && features.changeNodes, 'the cluster has no gang scheduling')(
    "of Kubernetes' own starts together or not at all",
    async () => {
      await expectTogether('native');
    },
    500_000,
  );

  itWhere(bringsSchedulers, NOT_HERE)(
    'of the coscheduling plug-in starts together or not at all',
    async () => {
      scheduler = await startCoscheduling(session.file, log);
      await expectTogether('coscheduling');
    },
    900_000,
  );

  itWhere(bringsSchedulers, NOT_HERE)(
    'of Volcano has no pod until its queue lets it in, and starts together',
    async () => {
      scheduler = await startVolcano(session.file, log);
      await expectTogether('volcano', { reason: 'QueuePending', pods: 0 });
    },
    1_500_000,
  );
});
