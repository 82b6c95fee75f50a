/**
 * The plan against a small Kueue: admissions (also partial ones), evictions, checks, changes of the spec and pods that
 * come and go in any order. At no moment may a pod be alive without quota that is set aside for it; what Kueue forbids
 * is refused here as there; and left alone, the job comes to have all its workers, and in the end holds nothing.
 */
/* eslint-disable max-lines -- one model of Kueue, and the properties that it is held against */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Observed } from '../plan/observed.ts';
import { slotOf, desiredSlots, replicasOf } from '../job/names.ts';
import type { Action } from '../job/actions.ts';
import { admittedWorkers, holds, isReserved } from './kueue-status.ts';
import { buildJob, pod, seen } from '../testing/builders.ts';
import type { V1Pod } from '../kubernetes-types.ts';
import type { Condition, Workload, WorkloadStatus } from './kueue-workload.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { planGang } from './index.ts';
import { gangInput } from './testing/gang-input.ts';

type Operation =
  | { readonly kind: 'pass' | 'terminate' | 'start' | 'suspend' | 'resume' | 'resize' | 'stop-checks' }
  | { readonly kind: 'admit' | 'round'; readonly room: number }
  | { readonly kind: 'evict'; readonly which: number; readonly reason: string }
  | { readonly kind: 'scale'; readonly workers: number }
  | { readonly kind: 'remove'; readonly which: number };

class Cluster {
  job: WsiTrainingJob = buildJob({ workers: 3, servers: 2, runPolicy: { gang: 'kueue', queue: 'q' } });
  readonly #workloads = new Map<string, Workload>();
  #pods: V1Pod[] = [];
  #version = 0;
  #size = 1;

  do(operation: Operation): void {
    switch (operation.kind) {
      case 'pass': {
        this.pass();
        return;
      }
      case 'admit': {
        this.#admit(operation.room);
        return;
      }
      case 'round':
        for (const kind of ['pass', 'terminate', 'start'] as const) this.do({ kind });
        this.#admit(operation.room);
        {
          this.pass();
          return;
        }
      case 'evict': {
        this.#evict(operation.which, operation.reason);
        return;
      }
      case 'remove': {
        this.#remove(operation.which);
        return;
      }
      case 'scale': {
        this.#setSpec({ workers: { ...this.job.spec.workers, replicas: operation.workers } });
        return;
      }
      case 'suspend':
      case 'resume': {
        this.#setSpec({ suspend: operation.kind === 'suspend' });
        return;
      }
      case 'resize': {
        this.#resize();
        return;
      }
      case 'stop-checks': {
        this.#update((status) => ({ conditions: withCondition(status, 'Admitted', 'False') }));
        return;
      }
      case 'terminate':
        this.#pods = this.#pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
        return;
      case 'start':
        this.#pods = this.#pods.map((one) => ({ ...one, status: { ...one.status, phase: 'Running' } }));
        return;
    }
  }

  /** What the rest of the plan does with the gang's plan. */
  pass(): void {
    const gang = planGang(gangInput(this.job, this.observed, 0));
    for (const object of gang.objects) this.#apply(object as Workload);
    for (const action of gang.actions) this.#carryOut(action);
    const over = this.finished || this.job.spec.suspend || gang.admission.kind !== 'admitted';
    const desired = over
      ? []
      : desiredSlots(this.job).filter((s) => s.role !== 'worker' || s.index < gang.workers);
    const keys = new Set(desired.map(({ role, index }) => `${role}-${index}`));
    const keyOf = (one: V1Pod): string => `${slotOf(one)?.role}-${slotOf(one)?.index}`;
    this.#pods = this.#pods.map((one) => (keys.has(keyOf(one)) ? one : leaving(one)));
    const present = new Set(this.#pods.map(keyOf));
    for (const slot of desired) {
      if (present.has(`${slot.role}-${slot.index}`)) continue;
      this.#pods.push(gang.decorate(pod(this.job, slot, { phase: 'Pending' }), slot));
    }
  }

  get observed(): Observed {
    return { ...seen(this.#pods), objects: [...this.#workloads.values()], gangs: ['kueue'] };
  }

  get finished(): boolean {
    return this.job.status?.conditions !== undefined;
  }

  get workloads(): Workload[] {
    return [...this.#workloads.values()];
  }

  get pods(): readonly V1Pod[] {
    return this.#pods;
  }

  finish(): void {
    const condition = { type: 'Succeeded', status: 'True', reason: 'R', message: '', lastTransitionTime: '' };
    this.job = { ...this.job, status: { conditions: [condition] } as never };
  }

  /** Every pod alive has quota. */
  check(): void {
    const held = this.workloads.filter(isReserved);
    const quota = held.reduce((sum, workload) => sum + admittedWorkers(workload), 0);
    const slots = this.#pods.map(slotOf);
    expect(slots.filter((slot) => slot?.role === 'worker').length).toBeLessThanOrEqual(quota);
    const others = slots.filter((slot) => slot?.role !== 'worker').length;
    if (others > 0) expect(held.map(({ metadata }) => metadata.name)).toContain('lung');
  }

  #setSpec(change: Partial<WsiTrainingJob['spec']>): void {
    this.job = { ...this.job, spec: { ...this.job.spec, ...change } };
  }

  #resize(): void {
    this.#size += 1;
    const containers = [{ name: 'trainer', resources: { limits: { cpu: this.#size } } }];
    this.#setSpec({ workers: { ...this.job.spec.workers, template: { spec: { containers } } } });
  }

  #apply(object: Workload): void {
    const name = object.metadata.name ?? '';
    const old = this.#workloads.get(name);
    if (old !== undefined && isReserved(old)) expect(object.spec.podSets).toEqual(old.spec.podSets);
    this.#store({ ...old, ...object, metadata: { ...old?.metadata, ...object.metadata } });
  }

  #carryOut(action: Action): void {
    if (action.kind === 'delete') {
      this.#workloads.delete(action.name);
    } else if (action.kind === 'patchStatus') {
      const old = this.#workloads.get(action.name);
      // A conflict, or gone: the next pass observes again.
      if (old === undefined || old.metadata.resourceVersion !== action.resourceVersion) return;
      const merged: Record<string, unknown> = { ...old.status, ...action.status };
      const kept = Object.entries(merged).filter(([, value]) => value !== null);
      this.#replaceStatus(old, Object.fromEntries(kept));
    }
  }

  #replaceStatus(old: Workload, status: WorkloadStatus): void {
    const reclaimed = (status: WorkloadStatus | undefined): number =>
      status?.reclaimablePods?.[0]?.count ?? 0;
    const next: Workload = { ...old, status };
    if (isReserved(old) && isReserved(next)) {
      expect(reclaimed(status)).toBeGreaterThanOrEqual(reclaimed(old.status));
      expect(status.admission).toEqual(old.status?.admission);
    }
    const worker = old.spec.podSets.find(({ name }) => name === 'worker');
    expect(reclaimed(status)).toBeLessThanOrEqual(worker?.count ?? 0);
    this.#store(next);
  }

  #store(workload: Workload): void {
    this.#version += 1;
    const metadata = { ...workload.metadata, resourceVersion: String(this.#version) };
    this.#workloads.set(metadata.name ?? '', { ...workload, metadata });
  }

  /** As Kueue does: whole if there is room, with fewer workers where that is allowed. */
  #admit(room: number): void {
    for (const workload of this.workloads) {
      if (holds(workload, 'Finished')) continue;
      if (isReserved(workload)) {
        // Its checks have passed (again).
        const conditions = withCondition(workload.status, 'Admitted', 'True');
        if (!holds(workload, 'Evicted'))
          this.#store({ ...workload, status: { ...workload.status, conditions } });
        continue;
      }
      const assignments = workload.spec.podSets.map(({ name, count, minCount }) => ({
        name,
        count: minCount === undefined ? count : Math.max(minCount, Math.min(count, room)),
      }));
      let status: WorkloadStatus = { ...workload.status, admission: { podSetAssignments: assignments } };
      for (const [type, value] of [
        ['QuotaReserved', 'True'],
        ['Admitted', 'True'],
        ['Evicted', 'False'],
      ] as const) {
        status = { ...status, conditions: withCondition(status, type, value) };
      }
      this.#store({ ...workload, status });
    }
  }

  #evict(which: number, reason: string): void {
    const held = this.workloads.filter(isReserved);
    const workload = held[which % Math.max(1, held.length)];
    if (workload === undefined) return;
    const status = {
      ...workload.status,
      conditions: withCondition(workload.status, 'Evicted', 'True', reason),
    };
    this.#store({ ...workload, status });
  }

  #update(change: (status: WorkloadStatus) => WorkloadStatus): void {
    for (const workload of this.workloads.filter(isReserved)) {
      this.#store({ ...workload, status: { ...workload.status, ...change(workload.status ?? {}) } });
    }
  }

  /** An administrator deletes a Workload that holds no quota (the quota of another would go with it, under its pods). */
  #remove(which: number): void {
    const idle = this.workloads.filter((workload) => !isReserved(workload));
    const workload = idle[which % Math.max(1, idle.length)];
    if (workload !== undefined) this.#workloads.delete(workload.metadata.name ?? '');
  }
}

function leaving(one: V1Pod): V1Pod {
  return { ...one, metadata: { ...one.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
}

function withCondition(
  status: WorkloadStatus | undefined,
  type: string,
  value: 'True' | 'False',
  reason = 'R',
): Condition[] {
  const others = (status?.conditions ?? []).filter((condition) => condition.type !== type);
  return [...others, { type, status: value, reason, message: '', lastTransitionTime: '' }];
}

const pass = fc.constant<Operation>({ kind: 'pass' });
const operation = fc.oneof(
  { weight: 6, arbitrary: pass },
  // Without steady progress random operations would never come far.
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 4 }).map((room): Operation => ({ kind: 'round', room })),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Operation>({ kind: 'terminate' }, { kind: 'start' }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Operation>(
      { kind: 'suspend' },
      { kind: 'resume' },
      { kind: 'resize' },
      { kind: 'stop-checks' },
    ),
  },
  { weight: 3, arbitrary: fc.nat(6).map((room): Operation => ({ kind: 'admit', room })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(5), fc.constantFrom('Preempted', 'PodsReadyTimeout'))
      .map(([which, reason]): Operation => ({ kind: 'evict', which, reason })),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 7 }).map((workers): Operation => ({ kind: 'scale', workers })),
  },
  { weight: 1, arbitrary: fc.nat(5).map((which): Operation => ({ kind: 'remove', which })) },
);

function operations(maxLength: number): fc.Arbitrary<Operation[]> {
  return fc.array(operation, { maxLength, size: 'max' });
}

/** Kueue has room for everything and pods come and go at once. */
function settle(cluster: Cluster): void {
  for (let round = 0; round < 12; round += 1) {
    for (const kind of ['pass', 'terminate', 'pass', 'start'] as const) cluster.do({ kind });
    cluster.do({ kind: 'admit', room: 10 });
    cluster.check();
  }
}

describe('with Kueue', () => {
  test('no pod is alive without quota, and all come to run', () => {
    fc.assert(
      fc.property(operations(60), (steps) => {
        const cluster = new Cluster();
        for (const one of steps) {
          cluster.do(one);
          cluster.check();
        }
        cluster.do({ kind: 'resume' });
        settle(cluster);
        const workers = cluster.pods.filter((one) => slotOf(one)?.role === 'worker');
        expect(workers).toHaveLength(replicasOf(cluster.job, 'worker'));
        expect(cluster.pods).toHaveLength(desiredSlots(cluster.job).length);
        // Nothing is asked for or reported again and again.
        const { objects, actions } = planGang(gangInput(cluster.job, cluster.observed, 0));
        expect([...objects, ...actions]).toEqual([]);
        const quota = cluster.workloads.reduce((sum, workload) => sum + admittedWorkers(workload), 0);
        expect(quota).toBe(workers.length);
      }),
      { numRuns: 150 },
    );
  });

  test('a job that has ended holds nothing', () => {
    fc.assert(
      fc.property(operations(40), (steps) => {
        const cluster = new Cluster();
        for (const one of steps) cluster.do(one);
        cluster.finish();
        settle(cluster);
        expect(cluster.pods).toEqual([]);
        for (const { status } of cluster.workloads) {
          expect(status?.conditions?.find(({ type }) => type === 'Finished')?.status).toBe('True');
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a suspended job has no Workload', () => {
    fc.assert(
      fc.property(operations(40), (steps) => {
        const cluster = new Cluster();
        for (const one of steps) cluster.do(one);
        cluster.do({ kind: 'suspend' });
        settle(cluster);
        expect([...cluster.pods, ...cluster.workloads]).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
