/** Parameter servers that the autoscaler adds, where the cluster has no room for them. */
import { describe, expect, it } from '@jest/globals';
import { buildJob } from '../testing/builders.ts';
import { MeasuredJob } from '../testing/measured-job.ts';
import { serversAllowed } from './servers-proof.ts';

const raised = { workers: 1, replicas: 1, servers: 3, advisedServers: 3 };

function grown(): MeasuredJob {
  return new MeasuredJob(
    buildJob({
      workers: 1,
      autoscaling: { maximumWorkers: 1, minimumServers: 1, maximumServers: 4 },
      status: { autoscaling: raised },
    }),
  );
}

const ALL = 'lung-coordinator-0 lung-server-0 lung-worker-0';
const names = (job: MeasuredJob): string => job.cluster.names().join(' ');

describe('servers that were added', () => {
  it.each(['lung-server-2', 'lung-worker-0'])('and leave no room for %s go back', async (victim) => {
    const job = grown();
    job.cluster.fault = (call, action) => {
      if (call !== 'apply' || action?.kind !== 'createPod') return false;
      const name = action.object.metadata?.name ?? '';
      const refuse = name === victim && job.autoscaling.servers === 3;
      if (refuse)
        job.cluster.refusals = [{ what: `create Pod ${name}`, message: 'exceeded quota: pods, limited: 4' }];
      return refuse;
    };
    await job.minutes(3);
    job.cluster.refusals = [];
    await job.minutes(2);
    expect([names(job), job.job.status?.phase]).toEqual([ALL, 'Running']);
    expect(job.events('ServersRefused')).toEqual([
      expect.stringMatching(/^back from 3 to 1 servers: .*exceeded quota/),
    ]);
    expect(job.autoscaling).toMatchObject({ servers: 1, serversAccepted: 1, serversRefused: { tries: 1 } });
  });

  it.each([-86_400_000, 86_400_000])(
    'and find no node go back after five minutes, and not before',
    async (ahead) => {
      const job = grown();
      const unplaced = (): void => {
        const found = job.cluster.pods.get('lung-server-2');
        if (found?.status?.phase !== 'Running') return;
        // By a scheduler whose clock is a day ahead, or behind.
        const lastTransitionTime = new Date(job.clock.now() + ahead).toISOString();
        const condition = {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          lastTransitionTime,
        };
        const status = { phase: 'Pending', conditions: [condition] } as never;
        job.cluster.pods.set('lung-server-2', { ...found, status });
      };
      const minutes = async (count: number): Promise<void> => {
        for (let tick = 0; tick < count * 12; tick += 1) {
          await job.runPass();
          unplaced();
          await job.tick();
          unplaced();
        }
      };
      await minutes(4);
      expect(job.events('ServersRefused')).toEqual([]);
      await minutes(3);
      expect([names(job), job.job.status?.phase]).toEqual([ALL, 'Running']);
    },
  );

  it('and run are what a later raise goes back to', async () => {
    const job = grown();
    await job.minutes(1);
    expect(job.autoscaling).toMatchObject({ servers: 3, serversAccepted: 3 });
    expect(job.events('ServersRefused')).toEqual([]);
  });

  it('are not asked for again before their time', () => {
    const { job } = grown();
    const refused = { servers: 2, until: new Date(1000).toISOString(), tries: 1 };
    const allowed = (now: number) => serversAllowed(job, { ...raised, serversRefused: refused }, 3, now);
    expect([allowed(999), allowed(1000)]).toEqual([1, 3]);
  });
});
