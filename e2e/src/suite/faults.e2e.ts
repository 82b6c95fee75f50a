/** Pods, operator, its leader and the API server are taken away in the middle of a run: the result is the same bits. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { restartApiServer } from './control.ts';
import { leadingOperator } from './leading-operator.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { Session, WAIT, type Seen } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-faults';
const EPOCHS = 40;

const session = new Session();
const { operatorNamespace } = session.file;
let expected: string;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  expected = await quietDigest(session, NAMESPACE, EPOCHS);
});

/** Runs a job, does harm once it is under way, and holds its end against the quiet run's. */
async function withstand(name: string, harm: () => Promise<void>): Promise<Seen> {
  await session.apply(trainingJob({ name, namespace: NAMESPACE, epochs: EPOCHS }));
  await session.untilStep(name, NAMESPACE, 8);
  await harm();
  const status = await session.untilCondition(name, NAMESPACE, 'Succeeded');
  expect(status.parametersSha256).toBe(expected);
  await session.kubectl(['delete', 'wtj', name, '-n', NAMESPACE, '--wait=true', WAIT]);
  await untilEmpty(session, NAMESPACE);
  return status;
}

async function deletePod(name: string, namespace = NAMESPACE, ...flags: string[]): Promise<void> {
  await session.kubectl(['delete', 'pod', name, '-n', namespace, '--wait=false', ...flags]);
}

const AT_ONCE = ['--grace-period=0', '--force'];

describe('a job ends with the same parameters', () => {
  it.each([
    ['a worker', 'no-worker', 'worker-1', []],
    ['a parameter server', 'no-server', 'server-0', []],
    ['the coordinator', 'no-coordinator', 'coordinator-0', []],
    ['a worker, without notice', 'lost-worker', 'worker-0', AT_ONCE],
    ['a parameter server, without notice', 'lost-server', 'server-1', AT_ONCE],
    ['the coordinator, without notice', 'lost-coordinator', 'coordinator-0', AT_ONCE],
  ])('when %s is deleted', async (_what, name, role, flags) => {
    const pod = `${name}-${role}`;
    let uid = '';
    await withstand(name, async () => {
      uid = (await session.get('pod', pod, NAMESPACE)).metadata.uid as string;
      await deletePod(pod, NAMESPACE, ...flags);
      await session.until(`${pod} is replaced`, async () => {
        const now = (await session.get('pod', pod, NAMESPACE))?.metadata.uid;
        return now !== undefined && now !== uid ? { done: now } : { seen: now };
      });
    });
  });

  it('when every pod of the operator is deleted', async () => {
    await withstand('no-operator', async () => {
      await session.kubectl(['delete', 'pods', '-n', operatorNamespace, ...operatorPods()]);
      // Something to do for the operator that takes over.
      await deletePod('no-operator-worker-0');
    });
  });

  it('when the leader is killed and the other operator takes over', async () => {
    await withstand('no-leader', async () => {
      const before = await leadingOperator(session);
      await deletePod(before, operatorNamespace, ...AT_ONCE);
      await deletePod('no-leader-worker-1');
      await session.until('another operator leads', async () => {
        const now = await leadingOperator(session);
        return now !== before && now !== '' ? { done: now } : { seen: now };
      });
    });
  });

  it('when the API server is restarted', async () => {
    await withstand('no-api', async () => {
      await restartApiServer(session);
      await deletePod('no-api-worker-0');
    });
  });
});

function operatorPods(): string[] {
  return ['-l', `app.kubernetes.io/instance=${session.file.release}`];
}
