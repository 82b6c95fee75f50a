import { describe, expect, test } from '@jest/globals';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import { pod } from '../testing/builders.ts';
import type { KubernetesObject } from '../kubernetes-types.ts';
import type { Condition, Workload } from './kueue-workload.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';
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
  at,
  condition,
  admitted,
  running,
  patched,
} from './testing/kueue.ts';

describe('a job that is rescaled', () => {
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

  test('runs more workers on quota of their own, where it was assigned, and Kueue learns that they do', () => {
    const [given, objects] = grown(6);
    const result = plan(given, objects, six);
    expect(result).toMatchObject({ workers: 6, objects: [], admission: { kind: 'admitted' } });
    expect(result.actions).toMatchObject([{ kind: 'patchStatus', name: 'lung-workers-4' }]);
    const slot = { role: 'worker', index: 5 } as const;
    const member = result.decorate(buildPod(given, slot, LOCAL_SETTINGS), slot);
    expect(member.metadata?.annotations).toMatchObject({ 'kueue.x-k8s.io/workload': 'lung-workers-4' });
    expect(member.spec?.nodeSelector).toEqual({ pool: 'spot', gpu: 'a100' });
  });

  test('asks for the next ones when there are to be more still', () => {
    const [given, objects] = grown(9, [ready]);
    expect(plan(given, objects, six)).toMatchObject({
      workers: 6,
      objects: [{ metadata: { name: 'lung-workers-6' }, spec: { podSets: [{ count: 3 }] } }],
    });
  });

  test.each([
    ['insufficient unused quota for cpu, 2 more needed', undefined],
    ['insufficient quota for cpu, request (9) > maximum capacity (8)', /maximum capacity/],
  ])('more that wait: %s', (words, never) => {
    const [given, [, , base, growth]] = grown(6, [ready]);
    const waits = { conditions: [condition('QuotaReserved', 'False', 'Pending', words)] };
    const result = plan(given, [spot, a100, base!, at(growth as Workload, waits)], six);
    expect(result.workers).toBe(4);
    if (never === undefined) expect(result.neverMore).toBeUndefined();
    else expect(result.neverMore).toMatch(never);
  });

  test('gives quota back when the pods of fewer workers are gone, first that of later ones', () => {
    const [given, objects] = grown(3, [ready]);
    expect(plan(given, objects, six)).toMatchObject({ workers: 3, objects: [], actions: [] });
    const after = plan(given, objects, running(given));
    expect(after.actions).toMatchObject([
      { kind: 'patchStatus', name: 'lung', status: { reclaimablePods: [{ name: 'worker', count: 1 }] } },
      { kind: 'delete', name: 'lung-workers-4' },
    ]);
  });

  test('loses only the later workers when those are evicted, and queues for them again', () => {
    const [given, objects] = grown(6, [ready, condition('Evicted', 'True', 'Preempted')]);
    expect(plan(given, objects, six)).toMatchObject({
      workers: 4,
      actions: [],
      objects: [],
      admission: { kind: 'admitted' },
    });
    const after = plan(given, objects, running(job({ workers: 4 })));
    expect(after).toMatchObject({ workers: 4, objects: [] });
    expect(after.actions).toMatchObject([
      { kind: 'patchStatus', name: 'lung-workers-4', status: { admission: null } },
    ]);
  });

  test('has one Workload again when all are evicted', () => {
    const [given, [, , base, growth]] = grown(6);
    const evicted = {
      ...base,
      status: admitted({ ...FULL, worker: 4 }, [condition('Evicted', 'True')]),
    } as Workload;
    const result = plan(given, [spot, a100, evicted, growth as Workload]);
    expect(result.actions).toMatchObject([
      { kind: 'delete', name: 'lung-workers-4' },
      { kind: 'patchStatus', name: 'lung' },
    ]);
    const waiting = at(evicted, { conditions: [condition('QuotaReserved', 'False')] });
    expect(plan(given, [waiting]).objects).toMatchObject([
      { metadata: { name: 'lung' }, spec: { podSets: [{}, {}, { count: 6 }] } },
    ]);
  });
});

describe('a job that was evicted', () => {
  const given = job();
  const eviction = condition('Evicted', 'True', 'Preempted', 'a job of higher priority');

  test('stops its pods in order, and keeps quota until the last one is gone', () => {
    const evicted = workload(given, admitted(FULL, [eviction]));
    const leaving = [pod(given, WORKER, { leaving: true })];
    expect(plan(given, [spot, a100, evicted], leaving)).toMatchObject({
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
    const evicted = workload(given, admitted(FULL, [condition('Evicted', 'True', reason, 'm')]));
    const result = plan(given, [spot, a100, evicted], [pod(given, WORKER, { exitCode: 0 })]);
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
    ['its Workload was deleted', []],
    [
      'its admission was taken away',
      [workload(given, { conditions: [condition('QuotaReserved', 'False')] })],
    ],
    ['somebody finished its Workload', [workload(given, admitted(FULL, [condition('Finished', 'True')]))]],
  ])('has no pod that runs without quota when %s', (_, objects) => {
    expect(plan(given, [spot, a100, ...objects], running(given)).admission.kind).toBe('evicted');
  });

  test('gets another Workload for one that somebody else has finished', () => {
    const finished = workload(given, admitted(FULL, [condition('Finished', 'True')]));
    expect(plan(given, [spot, a100, finished])).toMatchObject({
      actions: [{ kind: 'delete' }],
      objects: [],
    });
  });
});

describe('a job that has ended', () => {
  test.each([
    ['Succeeded', 'Succeeded'],
    ['Failed', 'Failed'],
  ])('as %s has its Workload finished when no pod is left', (type, reason) => {
    const conditions = [
      { type, status: 'True', reason: 'Whatever', message: 'over', lastTransitionTime: BEFORE },
    ];
    const given = job({ status: { conditions } as never });
    const made = workload(job(), admitted(FULL));
    expect(plan(given, [made], running(given)).actions).toEqual([]);
    const status = patched(plan(given, [made], [pod(given, WORKER, { exitCode: 0 })]).actions);
    expect(status.conditions?.at(-1)).toMatchObject({
      type: 'Finished',
      status: 'True',
      reason,
      message: 'over',
    });
    expect(plan(given, [at(made, { ...made.status, ...status })]).actions).toEqual([]);
  });

  test('does not keep the quota for pods that stay by cleanPodPolicy None', () => {
    const conditions = [
      { type: 'Succeeded', status: 'True', reason: 'R', message: '', lastTransitionTime: BEFORE },
    ];
    const given = job({ status: { conditions } as never, runPolicy: { cleanPodPolicy: 'None' } });
    expect(plan(given, [workload(job(), admitted(FULL))], running(given)).actions).toHaveLength(1);
  });
});
