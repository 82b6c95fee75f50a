import { describe, expect, test } from '@jest/globals';
import { LOCAL_SETTINGS, type Observed } from '../../cluster/port.ts';
import { buildJob, pod, seen, type JobChoices } from '../../testing/builders.ts';
import type { KubernetesObject, V1Pod } from '../../kubernetes-types.ts';
import type { Action } from '../actions.ts';
import type { Condition, Workload, WorkloadStatus } from './kueue-workload.ts';
import type { WsiTrainingJob } from '@wsi/api';
import { buildPod } from '../pods.ts';
import { planGang, type GangPlan } from './index.ts';
import { desiredSlots } from '../names.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const BEFORE = '2025-12-31T00:00:00Z';
const WORKER = { role: 'worker', index: 0 } as const;

function job(choices: JobChoices = {}, queue: string | undefined = 'gpu'): WsiTrainingJob {
  return buildJob({
    ...choices,
    runPolicy: { gang: 'kueue', ...(queue && { queue }), ...choices.runPolicy },
  });
}

function plan(
  of: WsiTrainingJob,
  objects: readonly KubernetesObject[] = [],
  pods: readonly V1Pod[] = [],
): GangPlan {
  const observed: Observed = { ...seen(pods), objects, gangs: ['kueue'] };
  return planGang(of, observed, LOCAL_SETTINGS, NOW);
}

/** As the plan makes it, with what Kueue says of it. */
function workload(of: WsiTrainingJob, status?: WorkloadStatus): Workload {
  const [made] = plan(of).objects;
  if (made === undefined) throw new Error('The plan makes no Workload.');
  return at(made as Workload, status);
}

function at(made: Workload, status?: WorkloadStatus): Workload {
  return { ...made, metadata: { ...made.metadata, resourceVersion: '7' }, ...(status && { status }) };
}

function condition(
  type: string,
  status: 'True' | 'False',
  reason = 'Because',
  message = 'so it is',
): Condition {
  return { type, status, reason, message, lastTransitionTime: BEFORE };
}

function admitted(counts: Record<string, number>, more: readonly Condition[] = []): WorkloadStatus {
  return {
    conditions: [condition('QuotaReserved', 'True'), condition('Admitted', 'True'), ...more],
    admission: {
      podSetAssignments: Object.entries(counts).map(([name, count]) => ({
        name,
        count,
        flavors: { cpu: 'spot', memory: 'spot', 'nvidia.com/gpu': 'a100' },
      })),
    },
  };
}

const spot = flavor('spot', { pool: 'spot' }, [{ key: 'spot', operator: 'Exists' }]);
const a100 = flavor('a100', { gpu: 'a100' }, []);

function flavor(name: string, nodeLabels: object, tolerations: object[]): KubernetesObject {
  return {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'ResourceFlavor',
    metadata: { name },
    spec: { nodeLabels, tolerations },
  };
}

function running(of: WsiTrainingJob): V1Pod[] {
  return desiredSlots(of).map((slot) => pod(of, slot));
}

function patched(
  actions: readonly Action[],
): WorkloadStatus & { admission?: null; reclaimablePods?: unknown } {
  const patches = actions.filter((action) => action.kind === 'patchStatus');
  expect(patches).toMatchObject([
    { apiVersion: 'kueue.x-k8s.io/v1beta2', objectKind: 'Workload', resourceVersion: '7' },
  ]);
  return patches[0]?.status as never;
}

const FULL = { coordinator: 1, server: 1, worker: 2 };

describe('the Workload', () => {
  test('has a set of pods for each role, of which only workers may be fewer', () => {
    const of = job({ servers: 3, workers: 4 });
    expect(plan(of).objects).toMatchObject([
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
    const of = job({ templates: { worker: { spec: { priorityClassName: 'p' } } } });
    const group = 'scheduling.k8s.io';
    expect(plan(of, classes).objects[0]).toMatchObject({
      spec: { priorityClassRef: { group, kind: 'PriorityClass', name: 'p' }, priority: 5 },
    });
    const labelled = {
      ...of,
      metadata: { ...of.metadata, labels: { 'kueue.x-k8s.io/priority-class': 'w' } },
    };
    expect(plan(labelled, classes).objects[0]).toMatchObject({
      spec: { priorityClassRef: { kind: 'WorkloadPriorityClass', name: 'w' }, priority: 9 },
    });
    expect(plan(of).objects[0]?.['spec']).not.toHaveProperty('priority');
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

describe('waiting', () => {
  test.each<[string, WorkloadStatus | undefined, string]>([
    ['nothing is said yet', undefined, 'The job waits in the Kueue queue "gpu".'],
    [
      'no quota',
      { conditions: [condition('QuotaReserved', 'False', 'Pending', 'insufficient unused quota for cpu')] },
      'insufficient unused quota for cpu',
    ],
    [
      'admission checks',
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
  ])('%s', (_, status, message) => {
    const of = job();
    const result = plan(of, [spot, a100, workload(of, status)]);
    expect(result.admission).toMatchObject({ kind: 'waiting', reason: 'QueuePending' });
    expect(result.admission).toHaveProperty('message', expect.stringContaining(message));
    expect(result.actions).toEqual([]);
  });

  test('a deactivated Workload says so', () => {
    const of = job();
    const made = workload(of);
    const off = { ...made, spec: { ...made.spec, active: false } };
    expect(plan(of, [off]).admission).toHaveProperty('message', expect.stringContaining('deactivated'));
  });

  test('an assigned flavour that was not observed is waited for', () => {
    const of = job();
    expect(plan(of, [spot, workload(of, admitted(FULL))]).admission).toMatchObject({
      kind: 'waiting',
      message: expect.stringContaining('not known: a100'),
    });
  });

  test('the Workload follows the job until quota is reserved', () => {
    const made = workload(job());
    expect(plan(job({ workers: 7, servers: 2 }), [made]).objects).toMatchObject([
      { spec: { podSets: [{ count: 1 }, { count: 2 }, { count: 7 }] } },
    ]);
  });
});

describe('admitted', () => {
  const of = job();

  test('pods go where the flavours are, with their tolerations and what admission checks ask for', () => {
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
    const objects = [spot, a100, workload(of, { ...admitted(FULL), ...checks })];
    const result = plan(of, objects);
    expect(result).toMatchObject({ admission: { kind: 'admitted' }, objects: [], actions: [], workers: 2 });
    const member = result.decorate(buildPod(of, WORKER, LOCAL_SETTINGS), WORKER);
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

  test('with fewer workers: the others are asked for by a Workload of their own', () => {
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

  test('Kueue is told once that all pods run', () => {
    const status = admitted(FULL);
    const waits = running(of).slice(1);
    expect(plan(of, [spot, a100, workload(of, status)], waits).actions).toEqual([]);
    const told = patched(plan(of, [spot, a100, workload(of, status)], running(of)).actions);
    expect(told.conditions?.map(({ type, status: value }) => [type, value])).toEqual([
      ['QuotaReserved', 'True'],
      ['Admitted', 'True'],
      ['PodsReady', 'True'],
    ]);
    expect(told.conditions?.[0]?.lastTransitionTime).toBe(BEFORE);
    expect(told.conditions?.[2]?.lastTransitionTime).toBe('2026-01-01T00:00:00.000Z');
    expect(told).not.toHaveProperty('admission');
    expect(plan(of, [spot, a100, workload(of, { ...status, ...told })], running(of)).actions).toEqual([]);
  });

  test('other resources than were admitted: stop, and ask again', () => {
    const before = workload(of, admitted(FULL));
    const resources = { limits: { 'nvidia.com/gpu': 2 } };
    const after = job({ templates: { worker: { spec: { containers: [{ name: 'trainer', resources }] } } } });
    expect(plan(after, [spot, a100, before], running(of))).toMatchObject({
      admission: { kind: 'evicted', reason: 'PodsChanged' },
      objects: [],
      actions: [],
    });
    expect(plan(after, [spot, a100, before]).actions).toMatchObject([{ kind: 'delete', name: 'lung' }]);
  });

  test('another image or environment changes nothing that was admitted', () => {
    const before = workload(of, admitted(FULL));
    const containers = [{ name: 'trainer', image: 'trainer:2', env: [{ name: 'A', value: 'b' }] }];
    const base = job({
      templates: { worker: { spec: { containers: [{ name: 'trainer', image: 'trainer:1' }] } } },
    });
    const after = job({ templates: { worker: { spec: { containers } } } });
    expect(plan(after, [spot, a100, workload(base, admitted(FULL))], running(of)).admission.kind).toBe(
      'admitted',
    );
    expect(plan(of, [spot, a100, before], running(of)).admission.kind).toBe('admitted');
  });
});

describe('rescaling', () => {
  /** A running job that was admitted with 4 workers and has grown to 6. */
  function grown(workers: number, more: readonly Condition[] = []): [WsiTrainingJob, KubernetesObject[]] {
    const was = job({ workers: 4 });
    const base = workload(was, admitted({ ...FULL, worker: 4 }, [condition('PodsReady', 'True')]));
    const [growth] = plan(job({ workers: 6 }), [spot, a100, base]).objects;
    const status = admitted({ worker: 2 }, more);
    return [job({ workers }), [spot, a100, base, at(growth as Workload, status)]];
  }

  const six = running(job({ workers: 6 }));
  const ready = condition('PodsReady', 'True');

  test('more workers run on quota of their own, where it was assigned, and Kueue learns that they do', () => {
    const [of, objects] = grown(6);
    const result = plan(of, objects, six);
    expect(result).toMatchObject({ workers: 6, objects: [], admission: { kind: 'admitted' } });
    expect(result.actions).toMatchObject([{ kind: 'patchStatus', name: 'lung-workers-4' }]);
    const slot = { role: 'worker', index: 5 } as const;
    const member = result.decorate(buildPod(of, slot, LOCAL_SETTINGS), slot);
    expect(member.metadata?.annotations).toMatchObject({ 'kueue.x-k8s.io/workload': 'lung-workers-4' });
    expect(member.spec?.nodeSelector).toEqual({ pool: 'spot', gpu: 'a100' });
  });

  test('more still: the next ones are asked for', () => {
    const [of, objects] = grown(9, [ready]);
    expect(plan(of, objects, six)).toMatchObject({
      workers: 6,
      objects: [{ metadata: { name: 'lung-workers-6' }, spec: { podSets: [{ count: 3 }] } }],
    });
  });

  test('fewer: quota goes back when the pods are gone, first that of later ones', () => {
    const [of, objects] = grown(3, [ready]);
    expect(plan(of, objects, six)).toMatchObject({ workers: 3, objects: [], actions: [] });
    const after = plan(of, objects, running(of));
    expect(after.actions).toMatchObject([
      { kind: 'patchStatus', name: 'lung', status: { reclaimablePods: [{ name: 'worker', count: 1 }] } },
      { kind: 'delete', name: 'lung-workers-4' },
    ]);
  });

  test('the later ones are evicted: they alone go, and queue again', () => {
    const [of, objects] = grown(6, [ready, condition('Evicted', 'True', 'Preempted')]);
    expect(plan(of, objects, six)).toMatchObject({
      workers: 4,
      actions: [],
      objects: [],
      admission: { kind: 'admitted' },
    });
    const after = plan(of, objects, running(job({ workers: 4 })));
    expect(after).toMatchObject({ workers: 4, objects: [] });
    expect(after.actions).toMatchObject([
      { kind: 'patchStatus', name: 'lung-workers-4', status: { admission: null } },
    ]);
  });

  test('all are evicted: there is one Workload again', () => {
    const [of, [, , base, growth]] = grown(6);
    const evicted = {
      ...base,
      status: admitted({ ...FULL, worker: 4 }, [condition('Evicted', 'True')]),
    } as Workload;
    const result = plan(of, [spot, a100, evicted, growth as Workload]);
    expect(result.actions).toMatchObject([
      { kind: 'delete', name: 'lung-workers-4' },
      { kind: 'patchStatus', name: 'lung' },
    ]);
    const waiting = at(evicted, { conditions: [condition('QuotaReserved', 'False')] });
    expect(plan(of, [waiting]).objects).toMatchObject([
      { metadata: { name: 'lung' }, spec: { podSets: [{}, {}, { count: 6 }] } },
    ]);
  });
});

describe('evicted', () => {
  const of = job();
  const eviction = condition('Evicted', 'True', 'Preempted', 'a job of higher priority');

  test('pods are stopped in order; quota is kept until the last one is gone', () => {
    const evicted = workload(of, admitted(FULL, [eviction]));
    const leaving = [pod(of, WORKER, { leaving: true })];
    expect(plan(of, [spot, a100, evicted], leaving)).toMatchObject({
      admission: {
        kind: 'evicted',
        reason: 'Preempted',
        message: 'Kueue has evicted the job: a job of higher priority',
      },
      actions: [],
      objects: [],
    });
  });

  test.each([
    ['Preempted', 'True'],
    ['PodsReadyTimeout', 'False'],
    ['ClusterQueueStopped', 'False'],
  ])('then the quota is given back and the Workload queues again: %s', (reason, requeued) => {
    const evicted = workload(of, admitted(FULL, [condition('Evicted', 'True', reason, 'm')]));
    const result = plan(of, [spot, a100, evicted], [pod(of, WORKER, { exitCode: 0 })]);
    expect(result.admission.kind).toBe('waiting');
    const status = patched(result.actions);
    expect(status.admission).toBeNull();
    expect(status.reclaimablePods).toBeNull();
    const byType = new Map(status.conditions?.map((one) => [one.type, one]));
    expect(byType.get('QuotaReserved')).toMatchObject({ status: 'False', reason: 'Pending', message: 'm' });
    expect(byType.get('Admitted')).toMatchObject({ status: 'False', reason: 'NoReservation' });
    expect(byType.get('Requeued')).toMatchObject({ status: requeued, reason });
    expect(byType.get('PodsReady')).toMatchObject({ status: 'False' });
    expect(byType.get('Evicted')).toMatchObject({ status: 'True', reason });
  });

  test.each<[string, KubernetesObject[]]>([
    ['the Workload was deleted', []],
    ['the admission was taken away', [workload(of, { conditions: [condition('QuotaReserved', 'False')] })]],
    ['somebody finished it', [workload(of, admitted(FULL, [condition('Finished', 'True')]))]],
  ])('%s: no pod runs without quota', (_, objects) => {
    expect(plan(of, [spot, a100, ...objects], running(of)).admission.kind).toBe('evicted');
  });

  test('a Workload that was finished by somebody else is made anew', () => {
    const finished = workload(of, admitted(FULL, [condition('Finished', 'True')]));
    expect(plan(of, [spot, a100, finished])).toMatchObject({ actions: [{ kind: 'delete' }], objects: [] });
  });
});

describe('the end', () => {
  test.each([
    ['Succeeded', 'Succeeded'],
    ['Failed', 'Failed'],
  ])('%s: the Workload is finished when no pod is left', (type, reason) => {
    const conditions = [
      { type, status: 'True', reason: 'Whatever', message: 'over', lastTransitionTime: BEFORE },
    ];
    const of = job({ status: { conditions } as never });
    const made = workload(job(), admitted(FULL));
    expect(plan(of, [made], running(of)).actions).toEqual([]);
    const status = patched(plan(of, [made], [pod(of, WORKER, { exitCode: 0 })]).actions);
    expect(status.conditions?.at(-1)).toMatchObject({
      type: 'Finished',
      status: 'True',
      reason,
      message: 'over',
    });
    expect(plan(of, [at(made, { ...made.status, ...status })]).actions).toEqual([]);
  });

  test('with cleanPodPolicy None pods that stay do not keep the quota', () => {
    const conditions = [
      { type: 'Succeeded', status: 'True', reason: 'R', message: '', lastTransitionTime: BEFORE },
    ];
    const of = job({ status: { conditions } as never, runPolicy: { cleanPodPolicy: 'None' } });
    expect(plan(of, [workload(job(), admitted(FULL))], running(of)).actions).toHaveLength(1);
  });
});
