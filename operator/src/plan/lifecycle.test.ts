/** What a cluster does to a job, case by case: nobody may be left to guess why nothing runs. */
/* eslint-disable max-lines -- the life of one job, stage after stage */
import { describe, expect, it } from '@jest/globals';
import { findCondition, type WsiTrainingJob, type WsiTrainingJobStatus } from '@wsi-operator/api';
import type { Plan } from './pass.ts';
import { DEFAULT_SETTINGS, LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { V1ContainerState, V1ContainerStatus, V1Pod } from '../kubernetes-types.ts';
import { buildJob, pod, progressAt, ready, seen, type JobChoices } from '../testing/builders.ts';
import type { Slot } from '../job/names.ts';
import { plan } from './plan.ts';

const now = 1_000_000_000_000;
const settings: ClusterSettings = { ...DEFAULT_SETTINGS, progressIntervalMilliseconds: 10_000 };
const coordinator: Slot = { role: 'coordinator', index: 0 };
const server: Slot = { role: 'server', index: 0 };
const worker = (index: number): Slot => ({ role: 'worker', index });

const planFor = (job: WsiTrainingJob, observed: Observed, time = now, chosen = settings): Plan =>
  plan(job, ready(job, observed, chosen), time, chosen);
const after = (job: WsiTrainingJob, result: Plan): WsiTrainingJob => ({ ...job, status: result.status });
const running = (result: { status: WsiTrainingJobStatus }): unknown =>
  findCondition(result.status.conditions, 'Running');
const reasons = (result: Plan): string[] => result.events.map(({ reason }) => reason);

function container(state: V1ContainerState, name = 'trainer'): V1ContainerStatus {
  return { name, image: 'registry/trainer:1', imageID: '', ready: false, restartCount: 0, state };
}

function pending(job: WsiTrainingJob, slot: Slot, status: V1Pod['status']): V1Pod {
  return { ...pod(job, slot), status: { phase: 'Pending', ...status } };
}

describe('the reason of Running', () => {
  const gpu = { resources: { limits: { 'nvidia.com/gpu': 1 }, requests: { cpu: '500m' } } };
  const choices: JobChoices = {
    templates: { coordinator: { spec: { containers: [{ name: 'trainer', ...gpu }] } } },
  };
  const job = buildJob(choices);

  it.each<[string, V1Pod['status'], string, RegExp]>([
    [
      'want of a place',
      {
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
          },
        ],
      },
      'Unschedulable',
      /^the coordinator finds no place: 0\/3 nodes .* Insufficient nvidia.com\/gpu\. \(it asks for nvidia.com\/gpu 1, cpu 500m\)$/,
    ],
    [
      'want of an image',
      {
        containerStatuses: [
          container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling' } }),
        ],
      },
      'ImagePullFailed',
      /^the coordinator gets no image registry\/trainer:1: Back-off pulling$/,
    ],
    [
      'want of an image for an init container',
      { initContainerStatuses: [container({ waiting: { reason: 'ErrImagePull' } }, 'fetch')] },
      'ImagePullFailed',
      /ErrImagePull$/,
    ],
    [
      'want of a Secret',
      {
        containerStatuses: [
          container({
            waiting: { reason: 'CreateContainerConfigError', message: 'secret "keys" not found' },
          }),
        ],
      },
      'ContainerConfigInvalid',
      /^container trainer of the coordinator cannot be made: secret "keys" not found$/,
    ],
    [
      'no reason that is known',
      { containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })] },
      'PodsStarting',
      /coordinator 0\/1/,
    ],
  ])('says that pods do not run for %s', (_, status, reason, message) => {
    const first = planFor(job, seen([pending(job, coordinator, status)]));
    expect(running(first)).toMatchObject({
      status: 'False',
      reason,
      message: expect.stringMatching(message),
    });
    if (reason === 'PodsStarting') expect(first.status.message).toBeUndefined();
    else expect(first.status.message).toMatch(message);
    expect(reasons(first).includes(reason)).toBe(reason !== 'PodsStarting');
    const again = planFor(after(job, first), seen([pending(job, coordinator, status), pod(job, server)]));
    expect(reasons(again)).toEqual([]);
  });

  it('a quota, and another refusal, in the words of the API server', () => {
    const refusals = [
      {
        what: 'create pod lung-server-0',
        message: 'exceeded quota: gpus, requested: pods=1, used: pods=4, limited: pods=4',
      },
      { what: 'create pod lung-worker-0', message: 'exceeded quota: gpus' },
    ];
    expect(running(planFor(job, { ...seen([]), refusals }))).toMatchObject({
      reason: 'QuotaExceeded',
      message: expect.stringMatching(
        /^cannot create pod lung-server-0: exceeded quota: gpus, .* \(and 1 more like it\)$/,
      ),
    });
    const policy = [
      { what: 'create pod lung-server-0', message: 'violates PodSecurity "restricted:latest"' },
    ];
    expect(running(planFor(job, { ...seen([]), refusals: policy }))).toMatchObject({
      reason: 'ObjectRefused',
    });
  });

  it('workers that find no place while others run are a matter of scaling', () => {
    const up = [coordinator, server, worker(0)].map((slot) => pod(job, slot));
    const first = planFor(job, seen([...up, pod(job, worker(1))]));
    const waiting = pending(job, worker(1), {
      conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes' }],
    });
    const second = planFor(after(job, first), seen([...up, waiting]));
    expect(second.status.phase).toBe('Running');
    expect(findCondition(second.status.conditions, 'Scaling')).toMatchObject({
      status: 'True',
      reason: 'Unschedulable',
    });
  });
});

describe('ends on a cluster', () => {
  const limits = { spec: { containers: [{ name: 'trainer', resources: { limits: { memory: '1Gi' } } }] } };

  it('tell the limit that a killed container had, and what helps', () => {
    const job = buildJob({ templates: { worker: limits } });
    const killed = pod(job, worker(0), { exitCode: 137, reason: 'OOMKilled', finishedAt: now });
    const result = planFor(job, seen([pod(job, coordinator), pod(job, server), killed]));
    expect(result.events[0]).toMatchObject({ type: 'Warning', reason: 'PodOutOfMemory' });
    expect(result.events[0]?.message).toMatch(
      /more memory than it may, which is 1Gi: raise resources\.limits\.memory/,
    );
    expect(running(result)).toMatchObject({ reason: 'OutOfMemory', message: expect.stringContaining('1Gi') });
  });

  it('are those of the trainer, also while a sidecar goes on', () => {
    const job = buildJob();
    const done = pod(job, coordinator);
    const containerStatuses = [
      container({ terminated: { exitCode: 0 } }),
      container({ running: {} }, 'sidecar'),
    ];
    const finished = { ...done, status: { phase: 'Running', containerStatuses } };
    const first = planFor(job, seen([finished]));
    expect(first.status.phase).toBe('Succeeded');
    const kept = buildJob({ runPolicy: { cleanPodPolicy: 'Running' }, status: first.status });
    expect(planFor(kept, seen([finished])).actions).toMatchObject([
      { kind: 'deletePod', name: 'lung-coordinator-0' },
      // A drain need not wait for what is left of a job that has ended.
      { kind: 'delete', objectKind: 'PodDisruptionBudget' },
    ]);
  });

  it('leave the pod for its log while its phase is still to come', () => {
    const job = buildJob();
    const done = pod(job, coordinator);
    const containerStatuses = [container({ terminated: { exitCode: 64, message: 'InvalidCohort: no' } })];
    const ended = { ...done, status: { phase: 'Running', containerStatuses } };
    const first = planFor(job, seen([ended]));
    expect(first.status.phase).toBe('Failed');
    const failed = buildJob({ runPolicy: { cleanPodPolicy: 'Running' }, status: first.status });
    const { actions } = planFor(failed, seen([ended]));
    expect(actions.filter(({ kind }) => kind === 'deletePod')).toEqual([]);
    const all = buildJob({ runPolicy: { cleanPodPolicy: 'All' }, status: first.status });
    expect(planFor(all, seen([ended])).actions).toContainEqual(
      expect.objectContaining({ kind: 'deletePod', name: 'lung-coordinator-0' }),
    );
  });

  it.each([3, 64, 74, 143])(
    'of an init container are reported as such, and its code %i means nothing',
    (exitCode) => {
      const job = buildJob();
      const failed = pod(job, worker(0), { phase: 'Failed' });
      const initContainerStatuses = [container({ terminated: { exitCode, message: 'no route' } }, 'fetch')];
      const result = planFor(job, seen([{ ...failed, status: { phase: 'Failed', initContainerStatuses } }]));
      expect(result.status.failures?.[0]).toMatchObject({
        reason: 'crashed',
        counted: 1,
        message: `was not started: its init container fetch ended with exit code ${exitCode}: no route`,
      });
      expect(result.status.failures?.[0]).not.toHaveProperty('exitCode');
      expect(result.status.phase).toBe('Starting');
    },
  );

  it.each([
    [
      'the kubelet turned it away',
      { phase: 'Failed', reason: 'OutOfnvidia.com/gpu', message: 'Pod was rejected' },
    ],
    [
      'it was evicted for its disk',
      { phase: 'Failed', reason: 'Evicted', message: 'low on ephemeral-storage' },
    ],
    ['it is not heard of any more', { phase: 'Unknown' }],
  ])('do not count where a pod ended because %s', (_, status) => {
    const job = buildJob({ runPolicy: { backoffLimit: 0 } });
    const result = planFor(job, seen([{ ...pod(job, worker(0)), status }]));
    expect(result.status.failures?.[0]).toMatchObject({ reason: 'disrupted', counted: 0 });
    expect(result.status.phase).not.toBe('Failed');
  });

  it('on a lost node hold a name up for two minutes beyond the grace period, then it is freed', () => {
    const job = buildJob();
    const leaving = pod(job, worker(0), { leaving: true, uid: 'lost' });
    const observed = seen([pod(job, coordinator), pod(job, server), leaving, pod(job, worker(1))]);
    const after = (milliseconds: number) => ({ ...observed, seenFor: new Map([['lost', milliseconds]]) });
    const early = planFor(job, after(119_000));
    expect(early.actions).toEqual([]);
    expect(early.requeueAfterMilliseconds).toBeLessThanOrEqual(1000);
    expect(planFor(job, after(120_000)).actions).toEqual([
      { kind: 'deletePod', name: 'lung-worker-0', uid: 'lost', force: true },
    ]);
    // Not in the way of a stop either.
    const stopping = buildJob({ suspend: true });
    const lost = pod(stopping, coordinator, { leaving: true, uid: 'lost' });
    const stuck = { ...seen([lost]), seenFor: new Map([['lost', 120_000]]) };
    expect(planFor(stopping, stuck).actions).toMatchObject([{ force: true }]);
  });

  it.each([-86_400_000, 0, 86_400_000])('are never taken for lost by a clock that is off by %i ms', (off) => {
    const job = buildJob();
    const leaving = pod(job, worker(0), { leaving: true, leavingAt: now + off, uid: 'lost' });
    const observed = seen([pod(job, coordinator), pod(job, server), leaving, pod(job, worker(1))]);
    const removed = (milliseconds: number) =>
      planFor(job, { ...observed, seenFor: new Map([['lost', milliseconds]]) }).actions.filter(
        ({ kind }) => kind === 'deletePod',
      );
    expect(removed(1_000)).toEqual([]);
    expect(removed(120_000)).toMatchObject([{ uid: 'lost', force: true }]);
  });
});

describe('the pod failure policy', () => {
  const job = (...rules: unknown[]): WsiTrainingJob =>
    buildJob({ runPolicy: { backoffLimit: 0, podFailurePolicy: { rules } as never } });
  const outcome = (given: WsiTrainingJob, exitCode: number | undefined, slot = worker(0)): unknown => {
    const end = exitCode === undefined ? { phase: 'Failed', reason: 'Evicted' } : undefined;
    const dead = pod(given, slot, { exitCode: exitCode ?? 1, finishedAt: now });
    const result = planFor(given, seen([end === undefined ? dead : { ...dead, status: end }]));
    return findCondition(result.status.conditions, 'Failed')?.reason ?? result.status.failures?.[0]?.counted;
  };

  it.each([
    ['without a rule', [], 1, 'BackoffLimitExceeded'],
    ['with a rule that ignores the end', [{ action: 'Ignore', roles: ['worker'] }], 1, 0],
    ['with a rule for another role', [{ action: 'Ignore', roles: ['server'] }], 1, 'BackoffLimitExceeded'],
    [
      'with two rules, of which the first that applies counts',
      [
        { action: 'Ignore', reasons: ['crashed'] },
        { action: 'FailJob', roles: ['worker'] },
      ],
      1,
      0,
    ],
    [
      'with a rule for the exit code',
      [{ action: 'FailJob', exitCodes: { operator: 'In', values: [7] } }],
      7,
      'PodFailurePolicy',
    ],
    [
      'with a rule for other exit codes',
      [{ action: 'Ignore', exitCodes: { operator: 'NotIn', values: [7] } }],
      8,
      0,
    ],
    [
      'with a rule of which one part does not hold',
      [{ action: 'Ignore', roles: ['worker'], reasons: ['input'] }],
      1,
      'BackoffLimitExceeded',
    ],
    ['with a rule that bad input may be tried again', [{ action: 'Ignore', reasons: ['input'] }], 64, 0],
    [
      'with a rule that an eviction counts',
      [{ action: 'Restart', reasons: ['disrupted'] }],
      undefined,
      'BackoffLimitExceeded',
    ],
    [
      'with a rule for exit codes, of which an eviction has none',
      [{ action: 'FailJob', exitCodes: { operator: 'NotIn', values: [1] } }],
      undefined,
      0,
    ],
  ])('decides what an end does, %s', (_, rules, exitCode, expected) => {
    expect(outcome(job(...rules), exitCode)).toBe(expected);
  });
});

describe('a gang', () => {
  it('that the server has not got makes the job wait, and is reported', () => {
    const job = buildJob({ runPolicy: { gang: 'kueue', queue: 'research' } });
    const result = planFor(job, seen([]));
    expect(running(result)).toMatchObject({ status: 'False', reason: 'GangUnavailable' });
    expect(result.status.phase).toBe('Pending');
    expect(result.status.startTime).toBeUndefined();
    expect(result.actions.filter(({ kind }) => kind === 'createPod')).toEqual([]);
    expect(result.events).toContainEqual(
      expect.objectContaining({ type: 'Warning', reason: 'GangUnavailable' }),
    );
  });

  it('that queues makes the job wait, then the pods of the minimum are made at once', () => {
    const job = buildJob({ runPolicy: { gang: 'volcano' } });
    const observed: Observed = { ...seen([]), gangs: ['volcano'] };
    const first = planFor(job, observed);
    expect(running(first)).toMatchObject({ reason: 'QueuePending' });
    const group = first.actions.find(
      (action) => action.kind === 'apply' && action.object.kind === 'PodGroup',
    );
    const queued = group?.kind === 'apply' ? { ...group.object, status: { phase: 'Inqueue' } } : undefined;
    const second = planFor(after(job, first), { ...observed, objects: [queued!] });
    const made = second.actions.flatMap((action) => (action.kind === 'createPod' ? [action.object] : []));
    expect(made.map(({ metadata }) => metadata?.name)).toEqual([
      'lung-coordinator-0',
      'lung-server-0',
      'lung-worker-0',
    ]);
    expect(second.status.startTime).toBeDefined();
  });
});

describe('who else manages a job', () => {
  it('another controller: nothing is done and nothing written', () => {
    const job = buildJob({
      runPolicy: { managedBy: 'example.org/queue' },
      status: { phase: 'Running' },
    });
    expect(planFor(job, seen([]))).toEqual({
      actions: [],
      events: [],
      status: job.status,
      requeueAfterMilliseconds: undefined,
    });
    expect(planFor(buildJob({ runPolicy: { managedBy: 'wsi.dev/operator' } }), seen([])).actions).not.toEqual(
      [],
    );
  });

  it('nobody, while its spec is invalid: that is reported once, and no pod is touched', () => {
    const job = { ...buildJob(), spec: {} as never };
    const observed = { ...seen([]), invalid: 'spec.cohort: Required value' };
    const first = plan(job, observed, now, settings);
    expect(first.actions).toEqual([]);
    expect(first.status).toMatchObject({ phase: 'Pending', message: 'spec.cohort: Required value' });
    expect(reasons(first)).toEqual(['InvalidSpec']);
    const second = plan(after(job, first), observed, now, settings);
    expect([second.events, second.status]).toEqual([[], first.status]);
  });

  it('nobody, while its spec is invalid, but that it goes in time once it is over', () => {
    const conditions = [{ type: 'Succeeded', status: 'True', reason: 'TrainingCompleted', message: '' }];
    const completionTime = new Date(now - 60_000).toISOString();
    const over = (runPolicy: unknown, status: object = { conditions, completionTime }): Plan => {
      const job = { ...buildJob(), spec: { runPolicy } as never, status: status as never };
      return plan(job, { ...seen([]), invalid: 'spec.cohort: Required value' }, now, settings);
    };
    expect(over({ ttlSecondsAfterFinished: 60 }).actions).toEqual([{ kind: 'deleteJob' }]);
    expect(over({ ttlSecondsAfterFinished: 90 })).toMatchObject({
      actions: [],
      requeueAfterMilliseconds: 30_000,
    });
    for (const policy of [undefined, null, 'x', {}, { ttlSecondsAfterFinished: '60' }]) {
      expect(over(policy)).toMatchObject({ actions: [], requeueAfterMilliseconds: undefined });
    }
    expect(over({ ttlSecondsAfterFinished: 60 }, { completionTime }).actions).toEqual([]);
  });
});

describe('warnings', () => {
  it('of an output that does not last are reported once, and not on this machine', () => {
    const job = buildJob();
    const first = planFor(job, seen([]));
    expect(reasons(first)).toContain('OutputNotPersistent');
    expect(first.status.warnings).toMatchObject([{ reason: 'OutputNotPersistent' }]);
    expect(reasons(planFor(after(job, first), seen([])))).not.toContain('OutputNotPersistent');
    const kept = buildJob({ storage: { output: { claimName: 'runs' } } });
    expect(planFor(kept, seen([])).status.warnings).toBeUndefined();
    expect(planFor(job, seen([]), now, LOCAL_SETTINGS).status.warnings).toBeUndefined();
  });
});

describe('the status', () => {
  const all = (job: WsiTrainingJob): V1Pod[] =>
    [coordinator, server, worker(0), worker(1)].map((slot) => pod(job, slot));

  it('is written for progress once an interval, for counts a little sooner, and for news at once', () => {
    const job = buildJob();
    const first = planFor(job, seen(all(job), progressAt(1)));
    const running_ = after(job, first);
    const held = planFor(running_, seen(all(job), progressAt(2)), now + 9_000);
    expect(held.status).toBe(first.status);
    expect(held.requeueAfterMilliseconds).toBe(1_000);
    const written = planFor(running_, seen(all(job), progressAt(2)), now + 10_000);
    expect(written.status.progress).toMatchObject({ step: 2, summary: '2% 0/1 epochs' });
    // A worker that leaves: the number of ready pods is no news of its own.
    const fewer = [...all(job).slice(0, 3), pod(job, worker(1), { leaving: true })];
    const more = after(job, planFor(running_, seen(fewer, progressAt(1)), now + 3_000));
    expect(more.status?.workers).toMatchObject({ ready: 1, desired: 2, summary: '1/2' });
    const failed = [...all(job).slice(0, 3), pod(job, worker(1), { exitCode: 1 })];
    expect(planFor(running_, seen(failed, progressAt(1)), now + 1).status).not.toBe(first.status);
  });

  it('counts a pod as ready when its probe says so', () => {
    const job = buildJob();
    const starting = {
      ...pod(job, server),
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
    };
    expect(planFor(job, seen([starting])).status.parameterServers).toMatchObject({ replicas: 1, ready: 0 });
  });

  it('stays small with a thousand pods that fail again and again', () => {
    let job = buildJob({ workers: 999, runPolicy: { backoffLimit: 1000 } });
    const message = `Something: ${'x'.repeat(4000)}`;
    for (let round = 0; round < 3; round += 1) {
      const dead = Array.from({ length: 999 }, (_unused, index) =>
        pod(job, worker(index), { exitCode: 1, uid: `${round}-${index}`, message, finishedAt: now }),
      );
      job = after(job, planFor(job, seen(dead, progressAt(5)), now));
    }
    expect(job.status?.failures).toHaveLength(999);
    expect(JSON.stringify(job.status).length).toBeLessThan(450_000);
    // When they have recovered, the newest remain, and one line for the others.
    const up = Array.from({ length: 999 }, (_unused, index) => pod(job, worker(index), { uid: 'new' }));
    const pods = [pod(job, coordinator), pod(job, server), ...up];
    job = after(job, planFor(job, seen(pods, progressAt(6)), now + 1000));
    expect(job.status?.failures).toHaveLength(33);
    expect(job.status?.failures?.find(({ pod: name }) => name === 'lung-worker-*')).toMatchObject({
      failures: 3 * (999 - 32),
      counted: 0,
    });
    expect(job.status?.workers?.restarts).toBe(3 * 999);
    expect(JSON.stringify(job.status).length).toBeLessThan(60_000);
    const again = planFor(job, seen(pods, progressAt(6)), now + 20_000);
    expect(again.status.workers?.restarts).toBe(3 * 999);
  });
});
