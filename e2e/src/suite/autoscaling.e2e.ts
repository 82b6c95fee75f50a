/**
 * Jobs that are sized by what is measured of them, with pods that train: they grow, they keep to what a quota and the
 * nodes have room for, and they are given the memory that they need, to the same parameters as a run of a fixed size.
 */
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { autoscaledJob, type AutoscaledChoices } from './autoscaled-job.ts';
import { itAtLength } from './it-where.ts';
import { setDevices } from './node-devices.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { Session, WAIT, type Seen } from './session.ts';

const NAMESPACE = 'e2e-autoscaling';
/** Long enough to be measured, to grow, and to be measured again. */
const EPOCHS = 120;
/** Of a job that does not end by itself while it is observed. */
const MANY_EPOCHS = 10_000;
/** A device that only this suite knows: every worker wants one. */
const DEVICE = 'wsi.dev/test-device';

const session = new Session();
let expected: string;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  expected = await quietDigest(session, NAMESPACE, EPOCHS);
});
/** What a failed test has left must not be held against the next one. */
afterEach(async () => {
  await session.kubectl(['delete', 'resourcequota', '--all', '-n', NAMESPACE]);
  await session.kubectl(['delete', 'wtj', '--all', '-n', NAMESPACE, '--wait=true', WAIT]);
  await untilEmpty(session, NAMESPACE);
});

function job(
  name: string,
  choices: Omit<AutoscaledChoices, 'name' | 'namespace' | 'epochs'> & { epochs?: number } = {},
): object {
  return autoscaledJob({ name, namespace: NAMESPACE, epochs: EPOCHS, ...choices });
}

async function messages(name: string, reason: string): Promise<string[]> {
  const events = await session.list('events', NAMESPACE);
  const ofJob = events.filter((event) => (event.involvedObject ?? event.regarding)?.name === name);
  return ofJob
    .filter((event) => event.reason === reason)
    .map((event) => (event.message ?? event.note) as string);
}

async function untilTold(name: string, reason: string, words: RegExp): Promise<string> {
  return session.until(`${name} says ${reason}`, async () => {
    const all = await messages(name, reason);
    const found = all.find((message) => words.test(message));
    return found === undefined
      ? { seen: { all, status: await session.statusOf(name, NAMESPACE) } }
      : { done: found };
  });
}

async function untilWorkers(name: string, count: number): Promise<Seen> {
  return session.until(`${name} is to have ${count} workers, and has them`, async () => {
    const status = await session.statusOf(name, NAMESPACE);
    const pods = await session.list('pods', NAMESPACE, `wsi.dev/job-name=${name},wsi.dev/role=worker`);
    const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return status.workers?.desired === count && alive.length === count ? { done: status } : { seen: status };
  });
}

async function expectSuccess(name: string): Promise<Seen> {
  const status = await session.untilCondition(name, NAMESPACE, 'Succeeded');
  expect(status.parametersSha256).toBe(expected);
  return status;
}

describe('an autoscaled job', () => {
  it('grows according to its measurements, and requests the observed memory', async () => {
    await session.apply(job('growing'));
    const why = await untilTold('growing', 'Rescaled', /^1 -> 2 workers/);
    expect(why).toMatch(/^1 -> 2 workers: [\d.]+ -> [\d.]+ tiles\/s predicted, efficiency \d\.\d\d/);
    await untilTold('growing', 'MemoryRaised', /^worker memory 256 MiB -> \d+ MiB: peak \d+ MiB/);
    const status = await expectSuccess('growing');
    const [grown] = (status.autoscaling.decisions as Seen[]).filter(({ what }) => what === 'workers');
    expect(grown).toMatchObject({ from: 1, to: 2, reason: why });
    // The model is for jobs to come, too.
    expect(JSON.parse(status.autoscaling.model as string)).toBeInstanceOf(Object);
  });

  it('stays within the quota of its namespace', async () => {
    const spec = { hard: { pods: '3' } };
    const metadata = { name: 'three-pods', namespace: NAMESPACE };
    await session.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec });
    await session.apply(job('bounded'));
    await untilTold('bounded', 'Rescaled', /^1 -> 2 workers/);
    await untilTold(
      'bounded',
      'NoRoom',
      /^room for 1 of 2 workers: the quota of the namespace allows no more/,
    );
    const status = await untilWorkers('bounded', 1);
    expect(status.autoscaling.quota).toMatchObject({ workers: 1, tries: 1 });
    await expectSuccess('bounded');
  });

  itAtLength(
    session,
    session.file.features.changeNodes,
    'nodes must not be changed',
  )('keeps to what the nodes have room for, and trains on meanwhile', async () => {
    await setDevices(session, DEVICE, 1);
    try {
      const resources = { requests: { cpu: '50m', memory: '256Mi' }, limits: { [DEVICE]: '1' } };
      await session.apply(job('seated', { resources, epochs: MANY_EPOCHS }));
      await untilTold('seated', 'Rescaled', /^1 -> 2 workers/);
      const before = (await session.statusOf('seated', NAMESPACE)).progress.step as number;
      // For five minutes a pod is left waiting: it is what makes a cluster add nodes.
      await untilTold('seated', 'NoRoom', /^room for 1 of 2 workers: the others have found no place/);
      const status = await untilWorkers('seated', 1);
      expect(status.autoscaling.schedulable).toMatchObject({ workers: 1, tries: 1 });
      await session.untilStep(
        'seated',
        NAMESPACE,
        Math.max(before + 50, (status.progress.step as number) + 1),
      );
    } finally {
      await setDevices(session, DEVICE, null);
    }
  });

  it('is given more memory after it was killed for its limit, until it has enough', async () => {
    // So little that none is left after loading, whichever container the pages of its libraries are counted for: more
    // would sometimes be raised from a measured peak before the kernel kills.
    const memory = '96Mi';
    const resources = { requests: { cpu: '50m', memory }, limits: { memory } };
    const autoscaling = { maximumWorkers: 1, memory: { maximum: '2Gi' } };
    await session.apply(job('hungry', { resources, autoscaling }));
    await untilTold(
      'hungry',
      'MemoryRaised',
      /^worker memory 96 MiB -> 192 MiB: killed for memory at 96 MiB/,
    );
    await session.untilStep('hungry', NAMESPACE, 1);
    const { spec } = await session.get('pod', 'hungry-worker-0', NAMESPACE);
    const given = spec.containers.find(({ name }: Seen) => name === 'trainer').resources;
    expect(given.limits.memory).not.toBe(memory);
    const status = await expectSuccess('hungry');
    expect(status.failures.map(({ reason }: Seen) => reason)).toContain('outOfMemory');
    expect(status.autoscaling.memory.workers.limitBytes).toBeGreaterThanOrEqual(192 * 2 ** 20);
  });
});
