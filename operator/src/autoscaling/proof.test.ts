/** Memory that the autoscaler raises, where the cluster does not take it. */
import { describe, expect, it } from '@jest/globals';
import { parseQuantity } from '@wsi-operator/api';
import { buildJob } from '../testing/builders.ts';
import { MeasuredJob } from '../testing/measured-job.ts';

const MIB = 2 ** 20;
const own = { requests: { memory: '256Mi' }, limits: { memory: '512Mi' } };

function measured(role: 'server' | 'worker'): MeasuredJob {
  return new MeasuredJob(
    buildJob({
      workers: 1,
      autoscaling: { maximumWorkers: 1, stragglers: { replace: false, slowdown: 2 } },
      templates: { [role]: { spec: { containers: [{ name: 'trainer', resources: own }] } } },
    }),
  );
}

/** As the admission of a LimitRange does. */
function limitRange(job: MeasuredJob, most: number): void {
  const refused = new Map<string, string>();
  job.cluster.fault = (call, action) => {
    if (call !== 'apply' || action?.kind !== 'createPod') return false;
    const name = action.object.metadata?.name ?? '';
    const limit = parseQuantity(action.object.spec?.containers[0]?.resources?.limits?.['memory'] ?? 0);
    if (limit <= most) refused.delete(name);
    else refused.set(name, `maximum memory usage per Container is ${most}, but limit is ${limit}`);
    job.cluster.refusals = [...refused].map(([pod, message]) => ({ what: `create Pod ${pod}`, message }));
    return limit > most;
  };
}
const names = (job: MeasuredJob): string => job.cluster.names().join(' ');
const ALL = 'lung-coordinator-0 lung-server-0 lung-worker-0';

describe('memory that was raised', () => {
  it('and is refused goes back, after a kill, and is not asked for again at once', async () => {
    const job = measured('server');
    limitRange(job, 512 * MIB);
    await job.minutes(2);
    job.kill('lung-server-0');
    await job.minutes(5);
    expect([names(job), job.job.status?.phase]).toEqual([ALL, 'Running']);
    expect(job.autoscaling.memory).toEqual({});
    expect(job.autoscaling.memoryRefused?.parameterServers).toMatchObject({ tries: 1 });
    expect(job.events('MemoryRefused')).toEqual([
      expect.stringMatching(
        /^server memory back to the template's: 768 MiB is not accepted \(maximum memory/,
      ),
    ]);
  });

  it('never costs a healthy worker before it is known to be accepted', async () => {
    const job = measured('worker');
    limitRange(job, 512 * MIB);
    await job.minutes(2);
    const uid = job.cluster.pods.get('lung-worker-0')?.metadata?.uid;
    job.peaks.worker = 480 * MIB;
    await job.minutes(8);
    expect(job.cluster.pods.get('lung-worker-0')?.metadata?.uid).toBe(uid);
    expect(job.events('WorkerReplaced')).toEqual([]);
    expect(job.events('MemoryRefused').length).toBe(1);
    job.cluster.pods.delete('lung-worker-0');
    await job.minutes(1);
    expect([names(job), job.job.status?.phase]).toEqual([ALL, 'Running']);
  });

  it('is shown to be accepted by one worker more, which goes when the other is replaced', async () => {
    const job = measured('worker');
    await job.minutes(2);
    job.peaks.worker = 480 * MIB;
    const seen = new Set<string>();
    for (let round = 0; round < 60; round += 1) {
      await job.tick();
      for (const name of job.cluster.names()) seen.add(name);
    }
    expect([...seen]).toContain('lung-worker-1');
    expect(job.events('WorkerReplaced').length).toBe(1);
    expect(names(job)).toBe(ALL);
    const { workers } = job.autoscaling.memoryAccepted ?? {};
    expect(workers).toEqual(job.autoscaling.memory?.workers);
  });
});
