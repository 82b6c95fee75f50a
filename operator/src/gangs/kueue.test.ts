import { describe, expect, test } from '@jest/globals';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
import type { Condition, Workload, WorkloadStatus } from './kueue-workload.ts';
import { buildPod } from '../objects/pods.ts';
import {
  BEFORE,
  WORKER,
  FULL,
  spot,
  a100,
  job,
  plan,
  workload,
  condition,
  admitted,
  running,
  patched,
} from './testing/kueue.ts';

describe('the Workload', () => {
  test('has a set of pods for each role, of which only workers may be fewer', () => {
    const given = job({ servers: 3, workers: 4 });
    expect(plan(given).objects).toMatchObject([
      {
        apiVersion: 'kueue.x-k8s.io/v1beta2',
        kind: 'Workload',
        metadata: { name: 'lung', labels: { 'kueue.x-k8s.io/job-uid': 'job-uid' } },
        spec: {
          queueName: 'gpu',
          podSets: [
            { name: 'coordinator', count: 1 },
            { name: 'server', count: 3 },
            { name: 'worker', count: 4, minCount: 1 },
          ],
        },
      },
    ]);
    const one = plan(job({ workers: 1 })).objects[0] as Workload;
    expect(one.spec.podSets[2]).not.toHaveProperty('minCount');
  });

  test('shows what quota and flavours are decided by, and no more of the pods', () => {
    const spec = {
      nodeSelector: { zone: 'a' },
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
      priorityClassName: 'research',
      containers: [
        {
          name: 'trainer',
          image: 'x',
          resources: { limits: { cpu: '2' } },
          env: [{ name: 'TOKEN', value: 'y' }],
        },
      ],
    };
    const metadata = { annotations: { 'kueue.x-k8s.io/podset-preferred-topology': 'rack', other: 'z' } };
    const made = workload(job({ templates: { worker: { metadata, spec } } }));
    expect(made.spec.podSets[2]?.template).toEqual({
      metadata: { annotations: { 'kueue.x-k8s.io/podset-preferred-topology': 'rack' } },
      spec: {
        nodeSelector: { zone: 'a' },
        tolerations: [{ key: 'gpu', operator: 'Exists' }],
        priorityClassName: 'research',
        restartPolicy: 'Never',
        containers: [{ name: 'trainer', image: 'x', resources: { limits: { cpu: '2' } } }],
      },
    });
  });

  test('has the priority of the class that the job or its pods name, when it is known', () => {
    const classes: KubernetesObject[] = [
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'p' }, value: 5 },
      {
        apiVersion: 'kueue.x-k8s.io/v1beta2',
        kind: 'WorkloadPriorityClass',
        metadata: { name: 'w' },
        value: 9,
      },
    ];
    const given = job({ templates: { worker: { spec: { priorityClassName: 'p' } } } });
    const group = 'scheduling.k8s.io';
    expect(plan(given, classes).objects[0]).toMatchObject({
      spec: { priorityClassRef: { group, kind: 'PriorityClass', name: 'p' }, priority: 5 },
    });
    const labelled = {
      ...given,
      metadata: { ...given.metadata, labels: { 'kueue.x-k8s.io/priority-class': 'w' } },
    };
    expect(plan(labelled, classes).objects[0]).toMatchObject({
      spec: { priorityClassRef: { kind: 'WorkloadPriorityClass', name: 'w' }, priority: 9 },
    });
    expect(plan(given).objects[0]?.['spec']).not.toHaveProperty('priority');
  });

  test('needs a queue', () => {
    const without = job({}, '');
    expect(plan(without).admission).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('spec.runPolicy.queue'),
    });
    expect(plan(without, [], running(without)).admission.kind).toBe('admitted');
  });
});

describe('a job that waits', () => {
  test.each<[string, WorkloadStatus | undefined, string]>([
    ['Kueue says nothing yet', undefined, 'The job waits in the Kueue queue "gpu".'],
    [
      'there is no quota',
      { conditions: [condition('QuotaReserved', 'False', 'Pending', 'insufficient unused quota for cpu')] },
      'insufficient unused quota for cpu',
    ],
    [
      'admission checks are not through',
      {
        ...admitted(FULL),
        conditions: [condition('QuotaReserved', 'True')],
        admissionChecks: [
          { name: 'nodes', state: 'Pending', message: 'asked for' },
          { name: 'licence', state: 'Ready' },
        ],
      },
      'admission checks are not through: nodes is Pending (asked for).',
    ],
  ])('says why when %s', (_, status, message) => {
    const given = job();
    const result = plan(given, [spot, a100, workload(given, status)]);
    expect(result.admission).toMatchObject({ kind: 'waiting', reason: 'QueuePending' });
    expect(result.admission).toHaveProperty('message', expect.stringContaining(message));
    expect(result.actions).toEqual([]);
  });

  test('says so when its Workload was deactivated', () => {
    const given = job();
    const made = workload(given);
    const off = { ...made, spec: { ...made.spec, active: false } };
    expect(plan(given, [off]).admission).toHaveProperty('message', expect.stringContaining('deactivated'));
  });

  test('waits for an assigned flavour that was not observed', () => {
    const given = job();
    expect(plan(given, [spot, workload(given, admitted(FULL))]).admission).toMatchObject({
      kind: 'waiting',
      message: expect.stringContaining('not known: a100'),
    });
  });

  test('has a Workload that follows it until quota is reserved', () => {
    const made = workload(job());
    expect(plan(job({ workers: 7, servers: 2 }), [made]).objects).toMatchObject([
      { spec: { podSets: [{ count: 1 }, { count: 2 }, { count: 7 }] } },
    ]);
  });
});

describe('a job that was admitted', () => {
  const given = job();

  test('has its pods where the flavours are, with their tolerations and what admission checks ask for', () => {
    const checks = {
      admissionChecks: [
        {
          name: 'nodes',
          state: 'Ready',
          podSetUpdates: [
            { name: 'worker', annotations: { provisioned: 'yes' }, nodeSelector: { pool2: 'x' } },
            { name: 'server', annotations: { other: 'yes' } },
          ],
        },
      ],
    };
    const objects = [spot, a100, workload(given, { ...admitted(FULL), ...checks })];
    const result = plan(given, objects);
    expect(result).toMatchObject({ admission: { kind: 'admitted' }, objects: [], workers: 2 });
    const member = result.decorate(buildPod(given, WORKER, LOCAL_SETTINGS), WORKER);
    expect(member).toMatchObject({
      metadata: {
        labels: { 'kueue.x-k8s.io/podset': 'worker', 'wsi.dev/role': 'worker' },
        annotations: { 'kueue.x-k8s.io/workload': 'lung', provisioned: 'yes' },
      },
      spec: {
        nodeSelector: { pool: 'spot', gpu: 'a100', pool2: 'x' },
        tolerations: [{ key: 'spot', operator: 'Exists' }],
      },
    });
    // Kueue's pod integration manages pods with a queue label; these are accounted for by the Workload.
    expect(member.metadata?.labels).not.toHaveProperty('kueue.x-k8s.io/queue-name');
    expect(member.metadata?.annotations).not.toHaveProperty('other');
  });

  test('with fewer workers asks for the others by a Workload of their own', () => {
    const many = job({ workers: 5 });
    const result = plan(many, [spot, a100, workload(many, admitted({ ...FULL, worker: 2 }))]);
    expect(result).toMatchObject({ admission: { kind: 'admitted' }, workers: 2 });
    expect(result.objects).toMatchObject([
      {
        metadata: { name: 'lung-workers-2' },
        spec: { queueName: 'gpu', podSets: [{ name: 'worker', count: 3, minCount: 1 }] },
      },
    ]);
  });

  test('informs Kueue once that all pods are ready', () => {
    const status = admitted(FULL, [condition('PodsReady', 'False', 'WaitForStart')]);
    const waits = running(given).slice(1);
    expect(plan(given, [spot, a100, workload(given, status)], waits).actions).toEqual([]);
    const reported = patched(plan(given, [spot, a100, workload(given, status)], running(given)).actions);
    expect(reported.conditions?.map(({ type, status: value }) => [type, value])).toEqual([
      ['QuotaReserved', 'True'],
      ['Admitted', 'True'],
      ['PodsReady', 'True'],
    ]);
    expect(reported.conditions?.[0]?.lastTransitionTime).toBe(BEFORE);
    expect(reported.conditions?.[2]?.lastTransitionTime).toBe('2026-01-01T00:00:00.000Z');
    expect(reported).not.toHaveProperty('admission');
    expect(
      plan(given, [spot, a100, workload(given, { ...status, ...reported })], running(given)).actions,
    ).toEqual([]);
  });

  const cluster = (pods: readonly V1Pod[], ...reported: readonly Condition[]): unknown => {
    const said = plan(given, [spot, a100, workload(given, admitted(FULL, reported))], pods).actions;
    if (said.length === 0) return 'nothing new';
    const ready = patched(said).conditions?.find(({ type }) => type === 'PodsReady');
    return `${ready?.status} ${ready?.reason}`;
  };
  const unready = (one: V1Pod): V1Pod => ({
    ...one,
    status: { ...one.status, conditions: [{ type: 'Ready', status: 'False' }] },
  });

  test.each<[string, readonly V1Pod[], readonly Condition[], string]>([
    ['before any pod', [], [], 'False WaitForStart'],
    ['running is not ready', running(given).map(unready), [], 'False WaitForStart'],
    [
      'still waiting',
      running(given).map(unready),
      [condition('PodsReady', 'False', 'WaitForStart')],
      'nothing new',
    ],
    ['ready', running(given), [], 'True Started'],
    ['a loss', running(given).slice(1), [condition('PodsReady', 'True', 'Started')], 'False WaitForRecovery'],
    [
      'not ready any more',
      running(given).map(unready),
      [condition('PodsReady', 'True', 'Recovered')],
      'False WaitForRecovery',
    ],
    ['still lost', [], [condition('PodsReady', 'False', 'WaitForRecovery')], 'nothing new'],
    ['made good', running(given), [condition('PodsReady', 'False', 'WaitForRecovery')], 'True Recovered'],
    ['reported already', running(given), [condition('PodsReady', 'True', 'Recovered')], 'nothing new'],
  ])('what Kueue learns of the pods: %s', (_, pods, reported, expected) => {
    expect(cluster(pods, ...reported)).toBe(expected);
  });

  test('stops, and asks again, for other resources than were admitted', () => {
    const before = workload(given, admitted(FULL));
    const resources = { limits: { 'nvidia.com/gpu': 2 } };
    const after = job({ templates: { worker: { spec: { containers: [{ name: 'trainer', resources }] } } } });
    expect(plan(after, [spot, a100, before], running(given))).toMatchObject({
      admission: { kind: 'evicted', reason: 'PodsChanged' },
      objects: [],
      actions: [],
    });
    expect(plan(after, [spot, a100, before]).actions).toMatchObject([{ kind: 'delete', name: 'lung' }]);
  });

  test('keeps what was admitted with another image or environment', () => {
    const before = workload(given, admitted(FULL));
    const containers = [{ name: 'trainer', image: 'trainer:2', env: [{ name: 'A', value: 'b' }] }];
    const base = job({
      templates: { worker: { spec: { containers: [{ name: 'trainer', image: 'trainer:1' }] } } },
    });
    const after = job({ templates: { worker: { spec: { containers } } } });
    expect(plan(after, [spot, a100, workload(base, admitted(FULL))], running(given)).admission.kind).toBe(
      'admitted',
    );
    expect(plan(given, [spot, a100, before], running(given)).admission.kind).toBe('admitted');
  });
});
