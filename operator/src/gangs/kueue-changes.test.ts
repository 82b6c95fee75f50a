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

  test.each([
    ['insufficient unused quota for cpu, 2 more needed', undefined],
    ['insufficient quota for cpu, request (9) > maximum capacity (8)', /maximum capacity/],
  ])('more that wait: %s', (words, never) => {
    const [of, [, , base, growth]] = grown(6, [ready]);
    const waits = { conditions: [condition('QuotaReserved', 'False', 'Pending', words)] };
    const result = plan(of, [spot, a100, base!, at(growth as Workload, waits)], six);
    expect(result.workers).toBe(4);
    if (never === undefined) expect(result.neverMore).toBeUndefined();
    else expect(result.neverMore).toMatch(never);
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

  test('a Workload that was finished by somebody else is made again', () => {
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
