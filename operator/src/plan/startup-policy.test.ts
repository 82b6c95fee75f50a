import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { V1Pod } from '../kubernetes-types.ts';
import { buildJob, pod } from '../testing/builders.ts';
import { minimumCount } from '../gangs/minimum.ts';
import { podName, slotOf, type Slot } from '../job/names.ts';
import { takeSnapshot, type ObservedSlot } from '../job/snapshot.ts';
import { inTheWay, startable } from './startup-policy.ts';

const job = buildJob({ workers: 4, servers: 2 });

function slots(pods: readonly V1Pod[]): readonly ObservedSlot[] {
  return takeSnapshot(job, { pods }).slots;
}

function waiting(slot: Slot): V1Pod {
  return pod(job, slot, { phase: 'Pending' });
}

function placed(slot: Slot): V1Pod {
  const made = waiting(slot);
  return { ...made, spec: { containers: [], ...made.spec, nodeName: 'node' } };
}

const coordinator: Slot = { role: 'coordinator', index: 0 };
const server = (index: number): Slot => ({ role: 'server', index });
const worker = (index: number): Slot => ({ role: 'worker', index });
const minimum = [coordinator, server(0), server(1), worker(0)];
const names = (some: readonly ObservedSlot[]): string[] => some.map(({ name }) => name.replace('lung-', ''));

function created(pods: readonly V1Pod[], together = true): string[] {
  const all = slots(pods);
  return names(
    startable(
      all.filter(({ state }) => state === 'absent'),
      all,
      together,
    ),
  );
}

describe('the pods of a gang that may be created', () => {
  it('are at first its minimum', () => {
    expect(created([])).toEqual(['coordinator-0', 'server-0', 'server-1', 'worker-0']);
    expect(created([coordinator, server(1), worker(0)].map(waiting))).toEqual(['server-0']);
  });

  it('are the other workers once the minimum has nodes', () => {
    expect(created(minimum.map(waiting))).toEqual([]);
    expect(created([...[coordinator, server(0), worker(0)].map(placed), waiting(server(1))])).toEqual([]);
    expect(created(minimum.map(placed))).toEqual(['worker-1', 'worker-2', 'worker-3']);
  });

  it('are another worker when the first one may not start yet', () => {
    const all = slots([]);
    const due = all.filter(({ name }) => name !== podName(job, worker(0)));
    expect(names(startable(due, all, true))).toEqual(['coordinator-0', 'server-0', 'server-1', 'worker-1']);
  });

  it('wait for a server that has lost its node, and workers without a node make room for it', () => {
    const pods = [placed(coordinator), placed(server(0)), placed(worker(2)), waiting(worker(1))];
    expect(created(pods)).toEqual(['server-1']);
    expect(names(inTheWay(slots(pods)))).toEqual(['worker-1']);
    expect(names(inTheWay(slots([...pods, placed(server(1))])))).toEqual([]);
  });

  it('leave one worker in the minimum that waits', () => {
    const pods = [coordinator, server(0), worker(1), worker(3)].map(waiting);
    expect(names(inTheWay(slots(pods)))).toEqual(['worker-3']);
  });
});

describe('the pods of a job without a gang that may be created', () => {
  it('are workers when coordinator and servers run', () => {
    expect(created([], false)).toEqual(['coordinator-0', 'server-0', 'server-1']);
    const running = [coordinator, server(0), server(1)].map((slot) => pod(job, slot));
    expect(created(running, false)).toEqual(['worker-0', 'worker-1', 'worker-2', 'worker-3']);
  });
});

/** Counts members without asking for their roles, and prefers whichever pods the test says. */
function bindAny(pods: Map<string, V1Pod>, nodes: number, preference: readonly number[]): void {
  const order = [...pods.values()].filter(({ spec }) => spec?.nodeName === undefined);
  const rank = (one: V1Pod): number => preference[order.indexOf(one) % preference.length] ?? 0;
  const bound = [...pods.values()].length - order.length;
  const chosen = order.toSorted((a, b) => rank(a) - rank(b)).slice(0, Math.max(0, nodes - bound));
  if (bound + chosen.length < minimumCount(job)) return;
  for (const one of chosen) {
    const slot = slotOf(one);
    if (slot !== undefined) pods.set(podName(job, slot), placed(slot));
  }
}

describe('a gang under a scheduler that takes its members in any order', () => {
  it('gets its minimum, and then as many workers as there is room for', () => {
    const round = fc.record({ preference: fc.array(fc.nat(9), { minLength: 1, maxLength: 7 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: minimumCount(job), max: 8 }),
        fc.subarray([...minimum, worker(1), worker(2), worker(3)]),
        fc.array(round, { minLength: 8, maxLength: 8 }),
        (nodes, before, rounds) => {
          const pods = new Map(before.map((slot) => [podName(job, slot), waiting(slot)]));
          for (const { preference } of rounds) {
            const all = slots([...pods.values()]);
            const absent = all.filter(({ state }) => state === 'absent');
            for (const { name } of inTheWay(all)) pods.delete(name);
            for (const slot of startable(absent, all, true)) pods.set(slot.name, waiting(slot));
            bindAny(pods, nodes, preference);
          }
          const held = [...pods.values()].filter(({ spec }) => spec?.nodeName !== undefined);
          const roles = held.map((one) => slotOf(one)?.role);
          expect(roles.filter((role) => role !== 'worker')).toHaveLength(3);
          expect(held).toHaveLength(Math.min(nodes, 7));
        },
      ),
    );
  });
});
