/** Memory, devices, replicas and suspension: what a cluster gives, refuses and takes. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { itWhere } from './it-where.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { Session, WAIT, type Seen } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-resources';
const EPOCHS = 40;
const GPU = 'nvidia.com/gpu';

const session = new Session();
prepareNamespace(session, NAMESPACE);

/** What a failed test has left must not be held against the next one. */
afterEach(async () => {
  await session.kubectl(['delete', 'wtj', '--all', '-n', NAMESPACE, '--wait=true', WAIT]);
});

async function remove(name: string): Promise<void> {
  await session.kubectl(['delete', 'wtj', name, '-n', NAMESPACE, '--wait=true', WAIT]);
  await untilEmpty(session, NAMESPACE);
}

function condition(status: Seen, type: string): Seen {
  return status.conditions?.find((one: Seen) => one.type === type);
}

describe('memory', () => {
  it('that exceeds the limit is reported as such, with the limit and a remedy', async () => {
    // Node alone takes more than this.
    const resources = { requests: { memory: '40Mi' }, limits: { memory: '48Mi' } };
    const workers = { replicas: 1, template: { spec: { containers: [{ name: 'trainer', resources }] } } };
    const job = trainingJob({
      name: 'oom',
      namespace: NAMESPACE,
      spec: { workers, runPolicy: { backoffLimit: 1 } },
    });
    await session.apply(job);
    const restarting = await session.until('the kill is reported in the conditions', async () => {
      const status = await session.statusOf('oom', NAMESPACE);
      const reason = condition(status, 'Running')?.reason;
      const seen = [reason, condition(status, 'Failed')?.reason];
      return seen.includes('OutOfMemory') ? { done: status } : { seen: status };
    });
    expect(restarting.failures[0]).toMatchObject({ pod: 'oom-worker-0', reason: 'outOfMemory' });
    const status = await session.until('the job has failed', async () => {
      const now = await session.statusOf('oom', NAMESPACE);
      return condition(now, 'Failed')?.status === 'True' ? { done: now } : { seen: now };
    });
    expect(condition(status, 'Failed').reason).toBe('BackoffLimitExceeded');
    expect(condition(status, 'Failed').message).toMatch(/memory.*48Mi/s);
    const events = await session.kubectl(['get', 'events', '-n', NAMESPACE]);
    expect(events).toContain('PodOutOfMemory');
    await remove('oom');
  });
});

describe('devices', () => {
  const nodes: string[] = [];
  const patchCapacity = async (node: string, value: string | null): Promise<void> => {
    const patch = JSON.stringify({ status: { capacity: { [GPU]: value } } });
    await session.kubectl(['patch', 'node', node, '--subresource=status', '--type=merge', '-p', patch]);
  };
  afterEach(async () => {
    for (const node of nodes.splice(0)) await patchCapacity(node, null);
  });

  itWhere(session.file.features.changeNodes, 'nodes must not be changed')(
    'says that there is no GPU for a worker, and starts it when there is one',
    async () => {
      const resources = { limits: { [GPU]: '1' } };
      const workers = { replicas: 1, template: { spec: { containers: [{ name: 'trainer', resources }] } } };
      await session.apply(trainingJob({ name: 'gpu', namespace: NAMESPACE, epochs: 2, spec: { workers } }));
      const waiting = await session.until('the job says that it finds no place', async () => {
        const status = await session.statusOf('gpu', NAMESPACE);
        return condition(status, 'Running')?.reason === 'Unschedulable' ? { done: status } : { seen: status };
      });
      expect(condition(waiting, 'Running')).toMatchObject({ status: 'False' });
      expect(condition(waiting, 'Running').message).toContain(GPU);
      const node = (await session.kubectl(['get', 'nodes', '-o=jsonpath={.items[0].metadata.name}'])).trim();
      nodes.push(node);
      await patchCapacity(node, '1');
      const status = await session.untilCondition('gpu', NAMESPACE, 'Succeeded');
      expect(status.parametersSha256).toMatch(/^[0-9a-f]{64}$/);
      await remove('gpu');
    },
  );
});

describe('replicas and suspension', () => {
  it('free every pod, and resume from the checkpoint with other numbers to the same bits', async () => {
    const expected = await quietDigest(session, NAMESPACE, EPOCHS);
    await session.apply(trainingJob({ name: 'pause', namespace: NAMESPACE, epochs: EPOCHS, servers: 1 }));
    await session.untilStep('pause', NAMESPACE, 8);
    const patch = async (spec: object): Promise<void> => {
      const text = JSON.stringify({ spec });
      await session.kubectl(['patch', 'wtj', 'pause', '-n', NAMESPACE, '--type=merge', '-p', text]);
    };
    await patch({ suspend: true });
    const suspended = await session.untilCondition('pause', NAMESPACE, 'Suspended');
    expect(suspended.checkpoint.step).toBeGreaterThanOrEqual(8);
    expect(await session.list('pods', NAMESPACE, 'wsi.dev/job-name=pause')).toEqual([]);
    // Servers may change while nothing runs.
    await patch({ parameterServers: { replicas: 2 } });
    await patch({ suspend: false });
    await session.untilCondition('pause', NAMESPACE, 'Running');
    await session.kubectl(['scale', 'wtj/pause', '-n', NAMESPACE, '--replicas=3']);
    await session.until('three workers are there', async () => {
      const { workers } = await session.statusOf('pause', NAMESPACE);
      return workers?.ready === 3 || workers?.succeeded > 0 ? { done: workers } : { seen: workers };
    });
    const status = await session.untilCondition('pause', NAMESPACE, 'Succeeded');
    expect(status.parametersSha256).toBe(expected);
    await remove('pause');
  });

  it('refuse unsafe changes, with the reason', async () => {
    await session.apply(trainingJob({ name: 'fixed', namespace: NAMESPACE, spec: { suspend: true } }));
    const change = (spec: object): Promise<{ code: number; stderr: string }> =>
      session.tryKubectl([
        'patch',
        'wtj',
        'fixed',
        '-n',
        NAMESPACE,
        '--type=merge',
        '-p',
        JSON.stringify({ spec }),
      ]);
    const refused = await change({ training: { epochs: 7 } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('training cannot change: checkpoints and results belong to it');
    expect((await change({ parameterServers: { replicas: 3 } })).code).toBe(0);
    const running = await change({ suspend: false, parameterServers: { replicas: 1 } });
    expect(running.stderr).toContain('can change only while suspend is true');
    await remove('fixed');
  });
});
