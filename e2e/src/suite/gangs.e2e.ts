/**
 * Gangs with the real schedulers: Kubernetes' own gang scheduling where the cluster has it, and the coscheduling plug-in
 * and Volcano, which are brought to the native cluster.
 */
import { afterEach, beforeAll, describe, expect } from '@jest/globals';
import { coscheduling, startCoscheduling, type SecondScheduler } from '../gangs/coscheduling-scheduler.ts';
import { startVolcano, volcano } from '../gangs/volcano.ts';
import type { GoProgram } from '@wsi-operator/cluster';
import { itWhere, whereBuilt } from './it-where.ts';
import { setDevices } from './node-devices.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { Session, WAIT, type Seen } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-gangs';
const EPOCHS = 20;
/** A device that only these tests know: every pod of a job wants one. */
const DEVICE = 'wsi.dev/test-device';

const session = new Session();
const { features } = session.file;
/** Built here, and run beside the cluster's own. */
const bringsSchedulers = session.file.provider === 'native';
const where = (program: GoProgram): readonly [boolean, string] =>
  bringsSchedulers
    ? whereBuilt(session, program)
    : [false, 'a second scheduler is brought to the native cluster only'];
const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
let expected: string;
let scheduler: SecondScheduler | undefined;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  expected = await quietDigest(session, NAMESPACE, EPOCHS);
});

/** A coordinator, two servers and two workers, of which a gang needs four. */
function seatedJob(name: string, runPolicy: object): object {
  const resources = { requests: { cpu: '50m', memory: '256Mi' }, limits: { [DEVICE]: '1' } };
  const template = { spec: { containers: [{ name: 'trainer', resources }] } };
  const roles = {
    coordinator: { template },
    parameterServers: { replicas: 2, template },
    workers: { replicas: 2, template },
  };
  return trainingJob({ name, namespace: NAMESPACE, epochs: EPOCHS, spec: { ...roles, runPolicy } });
}

async function setSeats(count: number | null): Promise<void> {
  await setDevices(session, DEVICE, count);
}

async function podsOf(name: string): Promise<Seen[]> {
  return session.list('pods', NAMESPACE, `wsi.dev/job-name=${name}`);
}

/** Waits for a job to end well, and for nothing to be left of it. */
async function expectSuccess(name: string): Promise<void> {
  const status = await session.untilCondition(name, NAMESPACE, 'Succeeded');
  expect(status.parametersSha256).toBe(expected);
  await session.kubectl(['delete', 'wtj', name, '-n', NAMESPACE, '--wait=true', WAIT]);
  await untilEmpty(session, NAMESPACE);
}

/** Waits until the condition `Running` has a reason and as many pods exist; none of them may have a node. */
async function untilWaiting(name: string, reason: string, pods: number): Promise<void> {
  // The operator checks once a minute for new APIs.
  await session.until(`${name} waits: ${reason}, ${pods} pods`, async () => {
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

/** No pod has a node while one device is missing for the minimum of four; with that device all of the minimum have one. */
async function expectTogether(
  gang: string,
  { reason, pods }: Waiting = { reason: 'Unschedulable', pods: 4 },
): Promise<void> {
  await setSeats(3);
  await session.apply(seatedJob(gang, { gang }));
  await untilWaiting(gang, reason, pods);
  await setSeats(4);
  const placed = await session.until('the minimum has nodes', async () => {
    const pods = await podsOf(gang);
    const withNodes = pods.filter(({ spec }) => spec.nodeName !== undefined);
    if (withNodes.length >= 4) return { done: withNodes };
    scheduler?.requireAlive();
    const places = pods.map(({ metadata, spec }) => [metadata.name, spec.nodeName ?? null]);
    return { seen: { places, conditions: (await session.statusOf(gang, NAMESPACE)).conditions } };
  });
  const roles = placed.map(({ metadata }) => metadata.labels['wsi.dev/role'] as string).sort();
  expect(roles).toEqual(['coordinator', 'server', 'server', 'worker']);
  await expectSuccess(gang);
}

describe('a gang', () => {
  afterEach(async () => {
    await setSeats(null);
    await scheduler?.stop();
    scheduler = undefined;
  });

  itWhere(features.gangScheduling && features.changeNodes, 'the cluster has no gang scheduling')(
    "of Kubernetes' own starts together or not at all",
    async () => {
      await expectTogether('native');
    },
  );

  itWhere(...where(coscheduling))('of the coscheduling plug-in starts together or not at all', async () => {
    scheduler = await startCoscheduling(session.file, session.logs, log);
    await expectTogether('coscheduling');
  });

  itWhere(...where(volcano))(
    'of Volcano has no pod until its queue lets it in, and starts together',
    async () => {
      scheduler = await startVolcano(session.file, session.logs, log);
      await expectTogether('volcano', { reason: 'QueuePending', pods: 0 });
    },
  );
});
