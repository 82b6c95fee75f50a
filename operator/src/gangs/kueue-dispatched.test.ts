import { describe, expect, test } from '@jest/globals';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import type { Observed } from '../plan/observed.ts';
import type { KubernetesObject } from '../kubernetes-types.ts';
import { buildJob, seen } from '../testing/builders.ts';
import { plan as planJob } from '../plan/plan.ts';
import { admitted, condition, FULL, job, NOW, plan, running, workload } from './testing/kueue.ts';
import type { WorkloadStatus } from './kueue-workload.ts';
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';

const MULTIKUEUE = 'kueue.x-k8s.io/multikueue';
type Fields = Partial<WsiTrainingJob['spec']>;

function submitted(status?: WsiTrainingJobStatus, fields: Fields = {}): WsiTrainingJob {
  const given = job();
  const spec = { ...given.spec, managedBy: MULTIKUEUE, ...fields };
  return { ...given, spec, ...(status === undefined ? {} : { status }) };
}
const planFor = (given: WsiTrainingJob, objects: readonly KubernetesObject[] = []) =>
  planJob(given, { ...seen([]), objects, gangs: ['kueue'] } satisfies Observed, NOW, LOCAL_SETTINGS);
const made = (status?: WorkloadStatus) => workload(job(), status);
const evicted = condition('Evicted', 'True', 'Preempted');
const rolesOf = (replicas: number): WsiTrainingJobStatus => ({ phase: 'Running', workers: { replicas } });
const end = { type: 'Succeeded', status: 'True', reason: 'x', message: '', lastTransitionTime: '' } as const;
const done: WsiTrainingJobStatus = { conditions: [end], completionTime: '2025-12-31T00:00:00Z' };

describe('a job that Kueue has run on another cluster, where it was submitted', () => {
  test('gets its Workload, and nothing else is made or written', () => {
    const { actions, status, events } = planFor(submitted());
    expect(actions).toMatchObject([
      { kind: 'apply', object: { kind: 'Workload', metadata: { name: 'lung' } } },
    ]);
    expect([status, events]).toEqual([{}, []]);
    expect(planFor(submitted(), [made()]).actions).toEqual([]);
  });

  test('is left alone while it is admitted, also with fewer workers than it asks for', () => {
    const held = made(admitted({ ...FULL, worker: 1 }));
    expect(planFor(submitted(rolesOf(3)), [held])).toMatchObject({ actions: [], status: rolesOf(3) });
  });

  test('gives its quota back when its pods elsewhere are gone, or have not been heard of for long', () => {
    const held = made(admitted(FULL, [evicted]));
    expect(planFor(submitted(rolesOf(0)), [held]).actions).toMatchObject([{ kind: 'patchStatus' }]);
    const fresh = made(
      admitted(FULL, [{ ...evicted, lastTransitionTime: new Date(NOW - 1000).toISOString() }]),
    );
    const waiting = planFor(submitted(rolesOf(2)), [fresh]);
    expect(waiting).toMatchObject({ actions: [], requeueAfterMilliseconds: 299_000 });
    // Long ago.
    expect(planFor(submitted(rolesOf(2)), [held]).actions).toMatchObject([{ kind: 'patchStatus' }]);
  });

  test('takes its Workload away when it is suspended, and stays when it has ended until its time is over', () => {
    const held = made(admitted(FULL));
    const suspended = planFor(submitted(rolesOf(2), { suspend: true }), [held]);
    expect(suspended.actions).toMatchObject([{ kind: 'delete', name: 'lung' }]);
    expect(planFor(submitted(done), [held])).toMatchObject({ actions: [], status: done });
    const { runPolicy } = submitted().spec;
    const expiring = { runPolicy: { ...runPolicy, ttlSecondsAfterFinished: 60 } };
    expect(planFor(submitted(done, expiring), [held]).actions).toEqual([{ kind: 'deleteJob' }]);
  });

  test('does nothing without a queue or without Kueue, and in its old place says the same', () => {
    const given = submitted();
    const { queue: _none, ...runPolicy } = given.spec.runPolicy;
    expect(planFor(submitted(undefined, { runPolicy })).actions).toEqual([]);
    expect(planJob(given, seen([]), NOW, LOCAL_SETTINGS).actions).toEqual([]);
    const old = buildJob({ runPolicy: { gang: 'kueue', queue: 'gpu', managedBy: MULTIKUEUE } });
    expect(planFor(old).actions).toMatchObject([{ kind: 'apply' }]);
  });
});

describe('the same job on the other cluster', () => {
  const dispatched: WsiTrainingJob = {
    ...job(),
    metadata: { ...job().metadata, labels: { 'kueue.x-k8s.io/prebuilt-workload-name': 'lung' } },
  };

  test('takes over the Workload that was made for it, and makes none', () => {
    const { objects, actions, admission } = plan(dispatched);
    expect(objects).toEqual([]);
    const owner = { kind: 'WsiTrainingJob', name: 'lung', uid: 'job-uid', controller: true };
    expect(actions).toMatchObject([{ kind: 'adopt', objectKind: 'Workload', name: 'lung', owner }]);
    expect(admission).toMatchObject({ kind: 'waiting' });
  });

  test('runs when that is admitted, whatever operator has made it', () => {
    const theirs = made(admitted({ coordinator: 1, server: 1, worker: 2 }));
    const foreign = { ...theirs, metadata: { ...theirs.metadata, annotations: {} } };
    const flavors = { ...foreign, status: { ...foreign.status, admission: { podSetAssignments: [] } } };
    expect(plan(dispatched, [flavors]).admission).toEqual({ kind: 'admitted' });
  });

  test('neither changes nor removes it: waiting, evicted or finished', () => {
    expect(plan(dispatched, [made()])).toMatchObject({ objects: [], actions: [] });
    const held = made(admitted(FULL, [evicted]));
    expect(plan(dispatched, [held], running(dispatched))).toMatchObject({
      objects: [],
      actions: [],
      admission: { kind: 'evicted' },
    });
    expect(plan(dispatched, [held]).actions).toMatchObject([{ kind: 'patchStatus' }]);
    const over = made(admitted(FULL, [condition('Finished', 'True')]));
    expect(plan(dispatched, [over])).toMatchObject({ objects: [], actions: [] });
    // It was taken away while pods run: they stop in order.
    expect(plan(dispatched, [], running(dispatched)).admission.kind).toBe('evicted');
  });
});
