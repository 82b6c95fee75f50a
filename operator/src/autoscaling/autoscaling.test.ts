/* eslint-disable max-lines -- the decisions about one job, in their order */
import { describe, expect, it } from '@jest/globals';
import { statusProblems, type WsiTrainingJobStatus } from '@wsi-operator/api';
import { parseModel } from '@wsi-operator/autoscaler';
import { DEFAULT_SETTINGS } from '../job/settings.ts';
import { buildJob } from '../testing/builders.ts';
import { MeasuredJob, stepSeconds } from '../testing/measured-job.ts';

const MIB = 2 ** 20;
const trainer = (resources: object) => ({ spec: { containers: [{ name: 'trainer', resources }] } });

function condition(status: WsiTrainingJobStatus | undefined, type: string) {
  return status?.conditions?.find((one) => one.type === type);
}

describe('a job that is autoscaled', () => {
  it('grows to the size that the floor allows, says why, and stays there', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    await job.minutes(20);
    const settled = job.running;
    expect(settled).toBeGreaterThan(1);
    expect(job.sizes).toEqual([...job.sizes].sort((a, b) => a - b));
    expect(job.autoscaling.workers).toBe(settled);
    const rescaled = job.events('Rescaled');
    expect(rescaled.length).toBe(job.sizes.length - 1);
    expect(rescaled[0]).toMatch(
      /^1 -> \d+ workers: [\d.]+ -> [\d.]+ tiles\/s predicted, efficiency \d\.\d\d, \d+ is too far from what was measured, try first$/,
    );
    expect(rescaled.at(-1)).toMatch(/floor 0\.7$/);
    expect(job.autoscaling.decisions?.map(({ what, from, to }) => [what, from, to]).at(-1)).toEqual([
      'workers',
      job.sizes.at(-2),
      settled,
    ]);
    expect(job.autoscaling.reason).toContain(`${settled} workers as before`);
    expect(statusProblems(job.job.status)).toEqual([]);
    await job.minutes(15);
    expect(job.sizes.at(-1)).toBe(settled);
    expect(job.events('Rescaled')).toEqual(rescaled);
  });

  it('finds that two workers are all that two processors can use, and leaves it at that', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 4 } }));
    job.parallel = 2;
    await job.minutes(25);
    expect(job.running).toBe(2);
    expect(Math.max(...job.sizes)).toBeLessThanOrEqual(4);
    const changes = job.autoscaling.changes;
    await job.minutes(20);
    expect(job.autoscaling.changes).toBe(changes);
  });

  it('reports in the condition Scaling why it grows', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 4 } }));
    job.places = 1;
    await job.minutes(3);
    const scaling = condition(job.job.status, 'Scaling');
    expect([scaling?.status, scaling?.reason]).toEqual(['True', 'Unschedulable']);
    job.places = 4;
    await job.tick();
    await job.runPass();
    expect(condition(job.job.status, 'Scaling')?.reason).toBe('ReplicasReached');
  });

  it('does nothing while the coordinator is silent', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    await job.minutes(1);
    job.silent = true;
    await job.tick();
    const [before, size] = [job.autoscaling, job.running];
    await job.minutes(30);
    expect(job.autoscaling).toEqual(before);
    expect(job.running).toBe(size);
  });

  it('goes to a number that is set by hand, within the bounds, and on from there', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    await job.minutes(20);
    const settled = job.running;
    job.edit((spec) => ({ workers: { ...spec.workers, replicas: 3 } }));
    await job.tick();
    expect(job.events('Rescaled').at(-1)).toBe(
      `${settled} -> 3 workers: set by hand (spec.workers.replicas)`,
    );
    await job.tick();
    expect(job.running).toBe(3);
    await job.minutes(20);
    expect(job.running).toBe(settled);
    expect(settled).toBeGreaterThan(3);
    job.edit((spec) => ({ autoscaling: { ...spec.autoscaling, maximumWorkers: 2 } }));
    await job.tick();
    await job.tick();
    expect(job.running).toBe(2);
    expect(job.events('Rescaled').at(-1)).toBe(`${settled} -> 2 workers: spec.autoscaling has other bounds`);
  });

  it('returns to the number of the spec when it is not to be autoscaled any more, and keeps its model', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    await job.minutes(20);
    job.edit(() => ({ autoscaling: undefined }));
    await job.minutes(1);
    expect(job.running).toBe(1);
    expect(job.autoscaling.workers).toBeUndefined();
    expect(parseModel(job.autoscaling.model!)?.throughput.observed.length).toBeGreaterThan(1);
    job.edit(() => ({ autoscaling: buildJob({ autoscaling: {} }).spec.autoscaling }));
    await job.minutes(20);
    expect(job.running).toBeGreaterThan(1);
  });

  it('learns its model, but nothing else, when its size is fixed', async () => {
    const job = new MeasuredJob(buildJob({ workers: 2 }));
    await job.minutes(10);
    expect(Object.keys(job.autoscaling).sort()).toEqual([
      'basis',
      'model',
      'remainingTiles',
      'shape',
      'time',
    ]);
    expect(job.autoscaling.shape).toBe('tiny/attention/224/16/cpu/1');
    expect(job.sizes).toEqual([2]);
  });
});

describe('room', () => {
  it('is learned from pods that find no place, reported once, and tried again later and later', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    job.places = 3;
    await job.minutes(9);
    expect(job.events('NoRoom').length).toBe(1);
    expect(job.events('NoRoom')[0]).toMatch(/^room for 3 of \d+ workers: the others have found no place/);
    expect(job.autoscaling.schedulable).toMatchObject({ workers: 3, tries: 1 });
    expect(job.autoscaling.workers).toBeLessThanOrEqual(3);
    await job.minutes(16);
    expect(job.events('NoRoom').length).toBe(2);
    expect(job.autoscaling.schedulable?.tries).toBe(2);
    job.places = Infinity;
    await job.minutes(25);
    expect(job.running).toBeGreaterThan(3);
    expect(job.autoscaling.schedulable).toBeUndefined();
  });

  it('is learned from a quota', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    const message = 'pods "lung-worker-2" is forbidden: exceeded quota: compute';
    job.cluster.fault = (call, action) =>
      call === 'apply' &&
      action?.kind === 'createPod' &&
      /worker-[2-9]/.test(action.object.metadata?.name ?? '');
    for (let tick = 0; tick < 200; tick += 1) {
      await job.tick();
      const refused = job.outcome?.kind === 'failed';
      job.cluster.refusals = refused ? [{ what: 'create Pod lung-worker-2', message }] : [];
    }
    expect(job.autoscaling.quota).toMatchObject({ workers: 2 });
    expect(job.autoscaling.workers).toBe(2);
    expect(job.events('NoRoom')[0]).toMatch(/quota of the namespace allows no more/);
  });
});

describe('stragglers and memory', () => {
  it('restarts a worker that is slower than the others, once', async () => {
    const job = new MeasuredJob(
      buildJob({ workers: 4, autoscaling: { minimumWorkers: 4, maximumWorkers: 4 } }),
    );
    await job.minutes(1);
    const before = job.cluster.pods.get('lung-worker-2')?.metadata?.uid;
    job.slowdowns.set(2, 4);
    await job.minutes(3);
    expect(job.events('WorkerReplaced')).toEqual([
      'lung-worker-2 is restarted: 4.0 times slower than the median',
    ]);
    expect(job.cluster.pods.get('lung-worker-2')?.metadata?.uid).not.toBe(before);
    await job.minutes(20);
    expect(job.events('WorkerReplaced').length).toBe(1);
    expect(job.job.status?.failures ?? []).toEqual([]);
  });

  it('raises memory by half after a kill, at once, also without a measurement', async () => {
    const limits = { memory: '512Mi' };
    const templates = {
      server: trainer({ limits }),
      worker: trainer({ requests: { memory: '256Mi' }, limits }),
    };
    const job = new MeasuredJob(buildJob({ templates, autoscaling: {} }));
    job.silent = true;
    await job.minutes(1);
    job.kill('lung-server-0');
    await job.runPass();
    expect(job.events('MemoryRaised')).toEqual([
      'server memory 512 MiB -> 768 MiB: killed for memory at 512 MiB, headroom 0.2',
    ]);
    await job.minutes(1);
    const again = job.cluster.pods.get('lung-server-0')?.spec?.containers[0]?.resources;
    expect(again).toEqual({ limits: { memory: '768Mi' }, requests: { memory: '768Mi' } });
    // The worker's own is as it was.
    expect(job.cluster.pods.get('lung-worker-0')?.spec?.containers[0]?.resources).toEqual({
      requests: { memory: '256Mi' },
      limits,
    });
    job.kill('lung-server-0');
    await job.minutes(1);
    expect(job.autoscaling.memory?.parameterServers?.requestBytes).toBe(1152 * MIB);
  });

  it('raises memory before a kill, and replaces workers near their limit one at a time', async () => {
    const worker = trainer({ requests: { memory: '256Mi' }, limits: { memory: '1Gi' } });
    const job = new MeasuredJob(
      buildJob({ workers: 3, templates: { worker }, autoscaling: { minimumWorkers: 3, maximumWorkers: 3 } }),
    );
    job.peaks.worker = 600 * MIB;
    await job.minutes(3);
    expect(job.autoscaling.memory?.workers).toEqual({ requestBytes: 768 * MIB, limitBytes: 1024 * MIB });
    expect(job.events('WorkerReplaced')).toEqual([]);
    job.peaks.worker = 1000 * MIB;
    let most = 0;
    for (let tick = 0; tick < 60; tick += 1) {
      await job.tick();
      most = Math.max(most, 3 - job.running);
    }
    expect(job.autoscaling.memory?.workers?.limitBytes).toBe(1216 * MIB);
    const limits = [0, 1, 2].map((i) => job.cluster.pods.get(`lung-worker-${i}`)?.spec?.containers[0]);
    expect(limits.map((one) => one?.resources?.limits?.['memory'])).toEqual(['1216Mi', '1216Mi', '1216Mi']);
    expect(job.events('WorkerReplaced').length).toBe(3);
    expect(most).toBeLessThanOrEqual(1);
  });

  it('leaves a role alone whose template asks for no memory', async () => {
    const job = new MeasuredJob(buildJob({ autoscaling: {} }));
    await job.minutes(1);
    job.kill('lung-worker-0');
    await job.minutes(5);
    expect(job.events('MemoryRaised')).toEqual([]);
    expect(job.cluster.pods.get('lung-worker-0')?.spec?.containers[0]?.resources).toBeUndefined();
  });
});

describe('a warm start', () => {
  async function trained(): Promise<string> {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    await job.minutes(20);
    return job.autoscaling.model!;
  }

  it('begins with the size that the model of an earlier job chooses, and keeps what it began with', async () => {
    const earlierModel = { job: 'lung-fold-0', model: await trained() };
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    job.cluster.earlierModel = earlierModel;
    await job.tick();
    expect(job.events('Rescaled')[0]).toMatch(/^start with \d+ workers: .*, by the model of lung-fold-0$/);
    job.cluster.earlierModel = undefined;
    await job.minutes(20);
    expect(job.autoscaling.warmStart).toEqual(earlierModel);
    expect(job.sizes.length).toBe(1);
    expect(job.running).toBeGreaterThan(1);
  });

  it.each(['', '{', '{"version":99}', 'x'.repeat(9000)])(
    'is not made from what is no model (%#)',
    async (model) => {
      const job = new MeasuredJob(buildJob({ workers: 2, autoscaling: { maximumWorkers: 16 } }));
      job.silent = true;
      job.cluster.earlierModel = { job: 'lung-fold-0', model };
      await job.minutes(1);
      expect(job.autoscaling.warmStart).toBeUndefined();
      expect(job.sizes).toEqual([2]);
    },
  );

  it('goes on from its own model when the coordinator has lost what it had measured', async () => {
    const job = new MeasuredJob(buildJob({ workers: 1, autoscaling: { maximumWorkers: 16 } }));
    await job.minutes(20);
    const settled = job.running;
    job.observations = [];
    await job.minutes(20);
    expect(job.running).toBe(settled);
    expect(job.autoscaling.warmStart?.job).toBe('lung');
    expect(parseModel(job.autoscaling.model!)?.throughput.warm).toBe(true);
  });
});

describe('parameter servers', () => {
  const slowServers = (workers: number): number => stepSeconds(workers) + 0.4 * workers;

  it('are advised, where their number is not to be chosen', async () => {
    const job = new MeasuredJob(buildJob({ workers: 8, autoscaling: { maximumWorkers: 8 } }));
    job.stepSeconds = slowServers;
    await job.minutes(10);
    expect(job.job.spec.parameterServers.replicas).toBe(1);
    expect(job.autoscaling.servers).toBeUndefined();
    expect(job.autoscaling.advisedServers).toBe(1);
  });
});

describe('under Kueue', () => {
  it('memory is not raised while the pods run: they would have to be admitted again', async () => {
    const worker = trainer({ requests: { memory: '256Mi' } });
    const settings = { ...DEFAULT_SETTINGS, certificates: false };
    const job = new MeasuredJob(
      buildJob({ templates: { worker }, autoscaling: {}, runPolicy: { gang: 'kueue', queue: 'q' } }),
      settings,
    );
    await job.minutes(1);
    expect(job.job.status?.phase).toBe('Pending');
    expect(job.autoscaling.workers).toBe(2);
    expect(job.autoscaling.memory).toBeUndefined();
  });
});
