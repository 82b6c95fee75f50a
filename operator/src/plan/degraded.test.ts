/** What does not run is reported, with its name and what it does: also of a run that goes on, and of containers beside a role. */
import { describe, expect, it } from '@jest/globals';
import { findCondition, type WsiTrainingJob } from '@wsi-operator/api';
import type { Plan } from './pass.ts';
import { DEFAULT_SETTINGS } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { V1ContainerState, V1ContainerStatus, V1Pod } from '../kubernetes-types.ts';
import { buildJob, pod, ready, seen } from '../testing/builders.ts';
import type { Slot } from '../job/names.ts';
import { plan } from './plan.ts';

type PodStatus = NonNullable<V1Pod['status']>;
const NOW = 1_000_000_000_000;
const MINUTE = 60_000;
const coordinator: Slot = { role: 'coordinator', index: 0 };
const server: Slot = { role: 'server', index: 0 };
const worker = (index: number): Slot => ({ role: 'worker', index });
const sidecar = { name: 'logs', restartPolicy: 'Always' };
const job = buildJob({
  templates: {
    worker: { spec: { initContainers: [{ name: 'fetch' }, sidecar], containers: [{ name: 'trainer' }] } },
  },
});

const planFor = (given: WsiTrainingJob, observed: Observed): Plan =>
  plan(given, ready(given, observed, DEFAULT_SETTINGS), NOW, DEFAULT_SETTINGS);
const withStatus = (status: PodStatus, slot = worker(1)): V1Pod => ({ ...pod(job, slot), status });
/** The run, with this status of its second worker. */
const run = (status: PodStatus, milliseconds = 0): Observed => ({
  ...seen([pod(job, coordinator), pod(job, server), pod(job, worker(0)), withStatus(status)]),
  seenFor: new Map([['worker-1-uid', milliseconds]]),
});
const condition = (planned: Plan, type: 'Running' | 'Degraded') =>
  findCondition(planned.status.conditions, type);

function container(name: string, state: V1ContainerState, more: Partial<V1ContainerStatus> = {}) {
  return { name, image: 'registry/x:1', imageID: '', ready: false, restartCount: 0, state, ...more };
}
const runs = container('trainer', { running: { startedAt: '2026-01-01T00:00:00Z' } }, { ready: true });
const failed = { terminated: { exitCode: 3, message: 'Error: no such bucket' } } as V1ContainerState;
const backOff = container(
  'logs',
  { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s' } },
  { restartCount: 7, lastState: failed },
);

describe('a run that goes on', () => {
  it.each<[string, PodStatus, number, string, RegExp]>([
    [
      'a worker without a node',
      {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes: taint' },
        ],
      },
      0,
      'Unschedulable',
      /^worker 1 finds no place: 0\/3 nodes: taint/,
    ],
    [
      'an init container without an image',
      {
        phase: 'Pending',
        initContainerStatuses: [container('fetch', { waiting: { reason: 'ImagePullBackOff' } })],
      },
      0,
      'ImagePullFailed',
      /^worker 1 gets no image registry\/x:1 for its init container fetch: ImagePullBackOff$/,
    ],
    [
      'a sidecar that ends again and again before the role has begun',
      { phase: 'Pending', initContainerStatuses: [backOff] },
      0,
      'ContainerFailing',
      /^sidecar logs of worker 1 ends again and again: it was started again 7 times, and last ended with exit code 3: Error: no such bucket$/,
    ],
    [
      'the same while the role runs',
      { phase: 'Running', initContainerStatuses: [backOff], containerStatuses: [runs] },
      0,
      'ContainerFailing',
      /^sidecar logs of worker 1 ends again and again/,
    ],
    [
      'the same between two ends',
      {
        phase: 'Running',
        initContainerStatuses: [{ ...backOff, state: runs.state, ready: true }],
        containerStatuses: [runs],
      },
      MINUTE,
      'ContainerFailing',
      /^sidecar logs of worker 1 ends again and again/,
    ],
    [
      'a container beside the role without an image, whose pod is called Pending',
      {
        phase: 'Pending',
        containerStatuses: [runs, container('proxy', { waiting: { reason: 'ErrImagePull' } })],
      },
      0,
      'ImagePullFailed',
      /^worker 1 gets no image registry\/x:1 for its container proxy: ErrImagePull$/,
    ],
    [
      'a container beside the role that has failed',
      { phase: 'Running', containerStatuses: [runs, container('proxy', failed)] },
      0,
      'ContainerFailing',
      /^container proxy of worker 1 has ended with exit code 3: Error: no such bucket$/,
    ],
    [
      'a pod whose node does not start it',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
      10 * MINUTE,
      'PodStuck',
      /^no scheduler has handled worker 1 for 10 minutes: is there one named default-scheduler\?.*kubectl describe pod lung-worker-1/,
    ],
    [
      'an init container that does not end, in a pod that was made later',
      { phase: 'Pending', initContainerStatuses: [container('fetch', { running: {} })] },
      10 * MINUTE,
      'InitContainerRunning',
      /^init container fetch of worker 1 has been running for more than 10 minutes, and worker 1 starts when it ends \(see kubectl logs lung-worker-1 -c fetch\)$/,
    ],
    ...[
      { status: 'False' },
      { status: 'Unknown', reason: 'NodeStatusUnknown' },
      { status: 'False', reason: 'NodeLost' },
    ].map((said): [string, PodStatus, number, string, RegExp] => [
      `a node that does not answer (${said.status} ${said.reason ?? ''})`,
      {
        phase: 'Running',
        conditions: [
          { type: 'ContainersReady', status: 'True' },
          { type: 'Ready', ...said },
        ],
        containerStatuses: [runs],
      },
      0,
      'NodeUnreachable',
      /^node .* does not answer, and worker 1 on it may run no more\..*kubectl delete pod lung-worker-1: it is then replaced/,
    ]),
  ])('reports %s', (_, status, milliseconds, reason, message) => {
    const first = planFor(job, run(status, milliseconds));
    expect(condition(first, 'Running')).toMatchObject({ status: 'True' });
    expect(condition(first, 'Degraded')).toMatchObject({
      status: 'True',
      reason,
      message: expect.stringMatching(message),
    });
    const reported = first.events.filter((event) => event.reason === reason);
    expect(reported).toMatchObject([{ type: 'Warning' }]);
    const after = { ...job, status: first.status };
    expect(
      planFor(after, run(status, milliseconds)).events.filter((event) => event.reason === reason),
    ).toEqual([]);
    const well = planFor(after, run({ phase: 'Running' }));
    expect(condition(well, 'Degraded')).toMatchObject({ status: 'False', reason: 'NothingInTheWay' });
  });

  it.each([
    [{ status: 'False', reason: 'ContainersNotReady' }, 'False'],
    [{ status: 'False', reason: 'ReadinessGatesNotReady' }, 'True'],
  ])('does not take a pod for lost that its node calls not ready: %o', (said, containers) => {
    const conditions = [
      { type: 'ContainersReady', status: containers },
      { type: 'Ready', ...said },
    ];
    const planned = planFor(
      job,
      run({ phase: 'Running', conditions, containerStatuses: [runs] }, 60 * MINUTE),
    );
    expect(condition(planned, 'Degraded')).toBeUndefined();
  });

  it('leaves a pod of such a node to people, until it is deleted', () => {
    const conditions = [
      { type: 'ContainersReady', status: 'True' },
      { type: 'Ready', status: 'False' },
    ];
    const status = { phase: 'Running', conditions, containerStatuses: [runs] } as PodStatus;
    const deleted = (observed: Observed): Plan['actions'] =>
      planFor(job, observed).actions.filter(({ kind }) => kind === 'deletePod');
    expect(deleted(run(status, 600 * MINUTE))).toEqual([]);
    const { metadata } = withStatus(status);
    const leaving = {
      ...metadata,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 30,
    };
    const pods = run(status).pods.map((each) =>
      each.metadata?.name === metadata?.name ? { ...each, metadata: leaving } : each,
    );
    const at = (milliseconds: number): Observed => ({ ...run(status, milliseconds), pods });
    expect(deleted(at(MINUTE))).toEqual([]);
    expect(deleted(at(3 * MINUTE))).toMatchObject([{ name: 'lung-worker-1', force: true }]);
  });

  it('is no worse for containers that have done their work, or have lasted since they failed', () => {
    const done = container('proxy', { terminated: { exitCode: 0 } });
    const lasted = { ...backOff, state: runs.state, ready: true };
    const status = {
      phase: 'Running',
      initContainerStatuses: [lasted],
      containerStatuses: [runs, done],
    } as PodStatus;
    expect(condition(planFor(job, run(status, 10 * MINUTE)), 'Degraded')).toBeUndefined();
  });

  it('reports a worker that was to be started again and finds no place', () => {
    const record = {
      ...{ pod: 'lung-worker-1', uid: 'before', failures: 1, inARow: 1, counted: 1, step: 0 },
      ...{ time: new Date(NOW - MINUTE).toISOString(), reason: 'crashed', message: 'crashed' },
    };
    const after = {
      ...job,
      status: { ...planFor(job, run({ phase: 'Running' })).status, failures: [record] },
    };
    const status = {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'cordoned' }],
    };
    expect(condition(planFor(after, run(status)), 'Degraded')).toMatchObject({ reason: 'Unschedulable' });
  });
});

describe('a job that has not begun', () => {
  const start = (status: PodStatus, milliseconds = 0): Plan =>
    planFor(job, {
      ...seen([{ ...pod(job, coordinator), status }]),
      seenFor: new Map([['coordinator-0-uid', milliseconds]]),
    });

  it('names the init container that runs first', () => {
    const fetch = container('fetch', { running: {} });
    const status = { phase: 'Pending', initContainerStatuses: [fetch] };
    expect(condition(start(status), 'Running')).toMatchObject({
      reason: 'PodsStarting',
      message: expect.stringMatching(/; container fetch of the coordinator runs first$/),
    });
    expect(condition(start(status, 60 * MINUTE), 'Running')).toMatchObject({
      reason: 'InitContainerRunning',
      message: expect.stringMatching(/container fetch of the coordinator has been running for more than 10/),
    });
  });

  it('says so when its containers have not been made for minutes', () => {
    const status = {
      phase: 'Pending',
      containerStatuses: [container('trainer', { waiting: { reason: 'ContainerCreating' } })],
    };
    expect(condition(start(status, 9 * MINUTE), 'Running')).toMatchObject({ reason: 'PodsStarting' });
    expect(condition(start(status, 10 * MINUTE), 'Running')).toMatchObject({ reason: 'PodStuck' });
  });
});
