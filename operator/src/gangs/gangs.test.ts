/* eslint-disable max-lines -- the same questions for every gang */
import { describe, expect, test } from '@jest/globals';
import { LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { Observed } from '../plan/observed.ts';
import { buildJob, pod, seen, type JobChoices } from '../testing/builders.ts';
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
import type { GangName, WsiTrainingJob } from '@wsi-operator/api';
import { buildPod } from '../objects/pods.ts';
import { gangInput } from './testing/gang-input.ts';
import { GANG_RESOURCES, planGang, type GangPlan } from './index.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const ALL: readonly GangName[] = ['kueue', 'volcano', 'coscheduling', 'native'];
const COORDINATOR = { role: 'coordinator', index: 0 } as const;
const WORKER = { role: 'worker', index: 1 } as const;

interface Choices extends JobChoices {
  readonly gang?: 'none' | GangName;
  readonly queue?: string;
}

function job({ gang, queue, ...choices }: Choices): WsiTrainingJob {
  const runPolicy = { ...(gang && { gang }), ...(queue && { queue }), ...choices.runPolicy };
  return buildJob({ ...choices, runPolicy });
}

function observe(changes: Partial<Observed> = {}): Observed {
  return { ...seen([]), gangs: ALL, ...changes };
}

function plan(
  given: WsiTrainingJob,
  observed = observe(),
  settings: Partial<ClusterSettings> = {},
): GangPlan {
  return planGang(gangInput(given, observed, NOW, { ...LOCAL_SETTINGS, ...settings }));
}

/** As the API server would give it back. */
function stored(object: KubernetesObject | undefined, status?: object): KubernetesObject {
  if (object === undefined) throw new Error('There is no such object.');
  return { ...object, metadata: { ...object.metadata, resourceVersion: '1' }, ...(status && { status }) };
}

const template = (
  cpu: string,
  extra: object = {},
): { spec: { containers: { name: string; resources: object }[] } } => ({
  spec: {
    containers: [{ name: 'trainer', resources: { requests: { cpu, memory: '1Gi' } } }],
    ...extra,
  },
});
const sized = {
  coordinator: template('500m'),
  server: template('0.1'),
  worker: {
    spec: {
      containers: [{ name: 'trainer', resources: { limits: { cpu: 2, 'nvidia.com/gpu': 1 } } }],
      initContainers: [{ name: 'warm', resources: { requests: { memory: '3Gi' } } }],
    },
  },
};

describe('a job without a gang', () => {
  test.each([
    ['because its spec says so', { gang: 'none' }, { defaultGang: 'native' }],
    ['because nobody has chosen one', {}, {}],
  ] as const)('%s has its pods as they are, in the order of the roles', (_, choices, settings) => {
    const result = plan(job(choices), observe(), settings);
    expect(result).toMatchObject({ objects: [], actions: [], allAtOnce: false, workers: 2 });
    expect(result.admission.kind).toBe('admitted');
    const made = buildPod(job({}), WORKER, LOCAL_SETTINGS);
    expect(result.decorate(made, WORKER)).toBe(made);
  });

  test("has the administrator's default when its spec says nothing", () => {
    expect(plan(job({}), observe(), { defaultGang: 'coscheduling' }).objects).toMatchObject([
      { kind: 'PodGroup' },
    ]);
  });
});

describe.each(ALL)('the gang %s', (gang) => {
  const submitted = job({ gang, queue: 'gpu' });

  test('that the cluster does not have starts no pods, and its resource is named', () => {
    const result = plan(submitted, observe({ gangs: ALL.filter((name) => name !== gang) }));
    const [resource] = GANG_RESOURCES[gang];
    expect(result.objects).toEqual([]);
    expect(result.admission).toEqual({
      kind: 'unavailable',
      message: expect.stringContaining(`"${gang}", but the cluster does not serve ${resource?.plural ?? ''}`),
    });
  });

  test('whose API goes away under a running job lets it go on', () => {
    const observed = observe({ gangs: [], pods: [pod(submitted, COORDINATOR)] });
    expect(plan(submitted, observed)).toMatchObject({
      admission: { kind: 'admitted' },
      actions: [],
      objects: [],
    });
  });

  test('has objects of the job, in its namespace, whose API is the one that is asked for', () => {
    const { objects } = plan(submitted);
    const kinds = GANG_RESOURCES[gang].filter(({ use }) => use === 'owned');
    expect(objects.map(({ kind, apiVersion }) => `${apiVersion}/${kind}`)).toEqual(
      kinds.map(({ group, version, kind }) => `${group}/${version}/${kind}`),
    );
    for (const { metadata } of objects) {
      expect(metadata).toMatchObject({
        name: 'lung',
        namespace: 'default',
        ownerReferences: [{ kind: 'WsiTrainingJob', uid: 'job-uid', controller: true }],
      });
    }
  });

  test('has pods created together', () => {
    expect(plan(submitted).allAtOnce).toBe(true);
  });

  test('of a suspended job keeps its objects while a pod is alive, and not after the last one', () => {
    const suspended = job({ gang, queue: 'gpu', suspend: true });
    const objects = plan(submitted).objects.map((object) => stored(object));
    const alive = [pod(submitted, WORKER, { leaving: true }), pod(submitted, COORDINATOR, { exitCode: 0 })];
    expect(plan(suspended, observe({ objects, pods: alive })).actions).toEqual([]);
    const after = plan(suspended, observe({ objects, pods: alive.slice(1) }));
    expect(after.objects).toEqual([]);
    expect(after.actions).toEqual(
      objects
        .toReversed()
        .map(({ apiVersion, kind }) => ({ kind: 'delete', apiVersion, objectKind: kind, name: 'lung' })),
    );
  });

  test('of a job that is being deleted is left to the garbage collector', () => {
    const leaving = {
      ...submitted,
      metadata: { ...submitted.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    const objects = plan(submitted).objects.map((object) => stored(object));
    expect(plan(leaving, observe({ objects }))).toMatchObject({ objects: [], actions: [] });
  });

  test('that the job no longer asks for loses its objects when nothing runs', () => {
    const objects = plan(submitted).objects.map((object) => stored(object));
    const other = job({ gang: 'none' });
    expect(plan(other, observe({ objects, pods: [pod(other, WORKER)] })).actions).toEqual([]);
    expect(plan(other, observe({ objects })).actions).toHaveLength(objects.length);
    expect(plan(submitted, observe({ objects })).actions).toEqual([]);
  });

  test('of a job that has ended applies nothing again', () => {
    const ended = job({ gang, queue: 'gpu', status: { conditions: [condition('Failed')] } });
    expect(plan(ended, observe())).toMatchObject({ objects: [], actions: [] });
  });
});

describe('volcano', () => {
  const submitted = job({ gang: 'volcano', queue: 'gpu', workers: 5, servers: 3, templates: sized });

  test('makes a PodGroup', () => {
    expect(plan(submitted).objects[0]).toMatchObject({
      apiVersion: 'scheduling.volcano.sh/v1beta1',
      kind: 'PodGroup',
      spec: {
        minMember: 5,
        minTaskMember: { coordinator: 1, server: 3, worker: 1 },
        // 0.5 + 3 x 0.1 + 2 cores; 1 + 3 + 3 (the initialization of the worker) GiB.
        minResources: { cpu: '2800m', memory: String(7 * 2 ** 30), 'nvidia.com/gpu': '1' },
        queue: 'gpu',
      },
    });
  });

  test('asks for no resources where the templates do not', () => {
    expect(plan(job({ gang: 'volcano' })).objects[0]?.['spec']).not.toHaveProperty('minResources');
  });

  test.each([
    [undefined, 'waiting'],
    ['Pending', 'waiting'],
    ['Inqueue', 'admitted'],
    ['Running', 'admitted'],
  ])('phase %s without pods: %s', (phase, kind) => {
    const group = stored(plan(submitted).objects[0], phase === undefined ? undefined : { phase });
    expect(plan(submitted, observe({ objects: [group] })).admission.kind).toBe(kind);
  });

  test('does not stop a running job because the phase goes back', () => {
    const group = stored(plan(submitted).objects[0], { phase: 'Pending' });
    const observed = observe({ objects: [group], pods: [pod(submitted, WORKER)] });
    expect(plan(submitted, observed).admission.kind).toBe('admitted');
  });

  test('says why it waits', () => {
    const conditions = [{ type: 'Unschedulable', message: 'queue resource quota insufficient' }];
    const group = stored(plan(submitted).objects[0], { phase: 'Pending', conditions });
    expect(plan(submitted, observe({ objects: [group] })).admission).toMatchObject({
      message: 'The job waits in the Volcano queue "gpu": queue resource quota insufficient',
    });
  });

  test('makes the pods members of its group', () => {
    const member = plan(submitted).decorate(buildPod(submitted, WORKER, LOCAL_SETTINGS), WORKER);
    expect(member).toMatchObject({
      metadata: {
        annotations: { 'scheduling.k8s.io/group-name': 'lung', 'volcano.sh/task-spec': 'worker' },
        labels: { 'wsi.dev/role': 'worker' },
      },
      spec: { schedulerName: 'volcano', hostname: 'lung-worker-1' },
    });
  });
});

describe('coscheduling', () => {
  const submitted = job({ gang: 'coscheduling', workers: 9, servers: 2, templates: sized });

  test('makes a PodGroup', () => {
    expect(plan(submitted).objects[0]).toMatchObject({
      apiVersion: 'scheduling.x-k8s.io/v1alpha1',
      kind: 'PodGroup',
      spec: { minMember: 4 },
    });
  });

  test('sets no minResources, which would keep pods waiting when room appears', () => {
    expect(plan(submitted).objects[0]?.['spec']).toEqual({ minMember: 4 });
  });

  test('touches the group every half minute while a pod waits for a node, and not after', () => {
    const at = (now: number, pods: readonly V1Pod[]): unknown =>
      planGang(gangInput(submitted, observe({ pods }), now)).objects[0]?.metadata.annotations;
    const unplaced = pod(submitted, WORKER, { phase: 'Pending' });
    const placed = { ...unplaced, spec: { containers: [], ...unplaced.spec, nodeName: 'node' } };
    expect(at(NOW, [placed])).toBeUndefined();
    expect(at(NOW, [placed, unplaced])).toEqual({ 'wsi.dev/last-nudge': '2026-01-01T00:00:00.000Z' });
    expect(at(NOW + 29_999, [unplaced])).toEqual(at(NOW, [unplaced]));
    expect(plan(submitted, observe({ pods: [unplaced] })).due).toBe(NOW + 30_000);
    expect(plan(submitted, observe({ pods: [placed] }))).not.toHaveProperty('due');
    expect(at(NOW + 30_000, [unplaced])).toEqual({ 'wsi.dev/last-nudge': '2026-01-01T00:00:30.000Z' });
  });

  test.each([
    ['its own installation', {}, {}, 'scheduler-plugins-scheduler'],
    ["the administrator's", { coschedulingSchedulerName: 'default-scheduler' }, {}, 'default-scheduler'],
    ["the template's", { coschedulingSchedulerName: 'x' }, { schedulerName: 'mine' }, 'mine'],
  ])('scheduler: %s', (_, settings, spec, schedulerName) => {
    const given = job({ gang: 'coscheduling', templates: { worker: { spec } } });
    const member = plan(given, observe(), settings).decorate(buildPod(given, WORKER, LOCAL_SETTINGS), WORKER);
    expect(member.metadata?.labels).toMatchObject({
      'scheduling.x-k8s.io/pod-group': 'lung',
      'wsi.dev/role': 'worker',
    });
    expect(member.spec?.schedulerName).toBe(schedulerName);
  });
});

describe('native', () => {
  const priority = { spec: { priorityClassName: 'research' } };
  const prior = { coordinator: priority, server: priority, worker: priority };
  const submitted = job({ gang: 'native', workers: 9, servers: 2 });

  test('makes a Workload, then a PodGroup', () => {
    const policy = { schedulingPolicy: { gang: { minCount: 4 } } };
    expect(plan(submitted).objects).toMatchObject([
      {
        apiVersion: 'scheduling.k8s.io/v1beta1',
        kind: 'Workload',
        spec: {
          controllerRef: { apiGroup: 'wsi.dev', kind: 'WsiTrainingJob', name: 'lung' },
          podGroupTemplates: [{ name: 'job', ...policy }],
        },
      },
      {
        apiVersion: 'scheduling.k8s.io/v1beta1',
        kind: 'PodGroup',
        spec: { workloadRef: { workloadName: 'lung', templateName: 'job' }, ...policy },
      },
    ]);
  });

  test('makes the pods members of its group', () => {
    const member = plan(submitted).decorate(buildPod(submitted, WORKER, LOCAL_SETTINGS), WORKER);
    expect(member.spec).toMatchObject({
      schedulingGroup: { podGroupName: 'lung' },
      hostname: 'lung-worker-1',
    });
  });

  test('gives the group the priority class of all pods', () => {
    const given = job({ gang: 'native', templates: prior });
    expect(plan(given).objects[1]).toMatchObject({ spec: { priorityClassName: 'research' } });
    const mixed = job({ gang: 'native', templates: { worker: priority } });
    expect(plan(mixed).objects[1]?.['spec']).not.toHaveProperty('priorityClassName');
  });

  test('keeps a group of another priority class while pods run, and makes it again when none does', () => {
    const objects = plan(submitted).objects.map((object) => stored(object));
    const changed = job({ gang: 'native', templates: prior });
    const running = plan(changed, observe({ objects, pods: [pod(changed, WORKER)] }));
    expect(running).toMatchObject({ admission: { kind: 'admitted' }, actions: [] });
    expect(running.objects[1]?.['spec']).not.toHaveProperty('priorityClassName');
    const stopped = plan(changed, observe({ objects }));
    expect(stopped).toMatchObject({ admission: { kind: 'waiting' }, objects: [] });
    expect(stopped.actions.map((action) => action.kind === 'delete' && action.objectKind)).toEqual([
      'PodGroup',
      'Workload',
    ]);
  });

  test('waits for what is being deleted', () => {
    const objects = plan(submitted).objects.map((object) => stored(object));
    for (const object of objects) object.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(plan(submitted, observe({ objects }))).toMatchObject({
      admission: { kind: 'waiting' },
      actions: [],
    });
  });
});

function condition(type: 'Failed' | 'Succeeded'): never {
  return {
    type,
    status: 'True',
    reason: 'JobFinished',
    message: 'over',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  } as never;
}
