import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pino from 'pino';
import { Reconciler } from '../loop/reconciler.ts';
import { buildJob, progressAt } from '../testing/builders.ts';
import { ManualClock } from '@wsi-operator/controller/testing';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import { MemoryCluster } from '../testing/memory-cluster.ts';

const key = 'default/lung';
const logger = pino({ level: 'silent' });

/** One thing that may happen between two passes of the reconciler. */
type Happening =
  | { readonly kind: 'start' }
  | { readonly kind: 'end'; readonly pod: number; readonly exitCode: number }
  | { readonly kind: 'vanish'; readonly pod: number }
  | { readonly kind: 'scale'; readonly workers: number }
  | { readonly kind: 'servers'; readonly servers: number }
  | { readonly kind: 'suspend'; readonly value: boolean }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'progress'; readonly step: number }
  | { readonly kind: 'fault'; readonly call: 'observe' | 'apply' | 'writeStatus' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.constant<Happening>({ kind: 'start' }),
  fc.record({
    kind: fc.constant('end' as const),
    pod: fc.nat(9),
    exitCode: fc.constantFrom(0, 1, 64, 74, 137, 143),
  }),
  fc.record({ kind: fc.constant('vanish' as const), pod: fc.nat(9) }),
  fc.record({ kind: fc.constant('scale' as const), workers: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('servers' as const), servers: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('suspend' as const), value: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(30) }),
  fc.record({ kind: fc.constant('progress' as const), step: fc.nat(50) }),
  fc.record({
    kind: fc.constant('fault' as const),
    call: fc.constantFrom('observe' as const, 'apply' as const, 'writeStatus' as const),
  }),
);

class Simulation {
  readonly clock = new ManualClock();
  readonly cluster: MemoryCluster;
  readonly reconciler: Reconciler;
  readonly ended = new Set<string>();

  constructor(workers: number, servers: number, backoffLimit: number) {
    this.cluster = new MemoryCluster(buildJob({ workers, servers, runPolicy: { backoffLimit } }), this.clock);
    this.reconciler = new Reconciler({
      cluster: this.cluster,
      clock: this.clock,
      logger,
      settings: LOCAL_SETTINGS,
    });
  }

  async happen(next: Happening): Promise<void> {
    const { cluster } = this;
    const names = cluster.names();
    const chosen = 'pod' in next ? names[next.pod % Math.max(1, names.length)] : undefined;
    switch (next.kind) {
      case 'start':
        cluster.start();
        break;
      case 'end':
        if (chosen !== undefined) cluster.end(chosen, next.exitCode);
        break;
      case 'vanish':
        if (chosen !== undefined) cluster.pods.delete(chosen);
        break;
      case 'scale':
        this.edit({ workers: { ...cluster.job!.spec.workers, replicas: next.workers } });
        break;
      case 'servers':
        this.edit({ parameterServers: { ...cluster.job!.spec.parameterServers, replicas: next.servers } });
        break;
      case 'suspend':
        this.edit({ suspend: next.value });
        break;
      case 'wait':
        await this.clock.advance(next.seconds * 1000);
        break;
      case 'progress':
        cluster.progress = progressAt(next.step);
        break;
      case 'fault': {
        let armed = true;
        cluster.fault = (call) => {
          const hit = armed && call === next.call;
          if (hit) armed = false;
          return hit;
        };
        break;
      }
    }
  }

  edit(change: object): void {
    const { job } = this.cluster;
    if (job !== undefined) this.cluster.job = { ...job, spec: { ...job.spec, ...change } };
  }

  /** Lets the cluster come to rest: pods start, leaving ones go, time passes. */
  async settle(): Promise<void> {
    for (let round = 0; round < 40; round += 1) {
      await this.reconciler.reconcile(key);
      this.cluster.start();
      for (const [name, found] of this.cluster.pods) {
        if (found.metadata?.deletionTimestamp !== undefined) this.cluster.pods.delete(name);
      }
      await this.clock.advance(20_000);
    }
  }
}

function invariants(simulation: Simulation): void {
  const { cluster } = simulation;
  const job = cluster.job!;
  const count = (role: string): number => cluster.names().filter((name) => name.includes(`-${role}-`)).length;
  // Names are stable and creation of a second pod of one name throws in the cluster; here: no more than ever asked.
  expect(count('coordinator')).toBeLessThanOrEqual(1);
  expect(count('server')).toBeLessThanOrEqual(3);
  expect(count('worker')).toBeLessThanOrEqual(4);
  const conditions = job.status?.conditions ?? [];
  expect(new Set(conditions.map((condition) => condition.type)).size).toBe(conditions.length);
  const holds = (type: string): boolean =>
    conditions.some((condition) => condition.type === type && condition.status === 'True');
  expect(holds('Succeeded') && holds('Failed')).toBe(false);
  expect(holds('Running') && (holds('Succeeded') || holds('Failed') || holds('Suspended'))).toBe(false);
}

/** Where a cluster at rest must have come to: all pods running, or none left. */
function expectRest({ cluster }: Simulation): void {
  const { spec, status } = cluster.job!;
  if (status?.phase === 'Running') {
    expect(cluster.names().length).toBe(1 + spec.parameterServers.replicas + spec.workers.replicas);
    return;
  }
  expect(['Succeeded', 'Failed', 'Suspended']).toContain(status?.phase);
  expect(cluster.names()).toEqual([]);
  if (status?.phase === 'Suspended') expect(spec.suspend).toBe(true);
}

const scenario = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  servers: fc.integer({ min: 1, max: 3 }),
  backoffLimit: fc.nat(5),
  happenings: fc.array(happening, { maxLength: 40 }),
});

describe('the loop, whatever happens', () => {
  it('never breaks its invariants and always arrives where the spec or the end says', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ workers, servers, backoffLimit, happenings }) => {
        const simulation = new Simulation(workers, servers, backoffLimit);
        const { cluster } = simulation;
        let wasFinal: string | undefined;
        let restarts = 0;
        for (const next of happenings) {
          await simulation.happen(next);
          const outcome = await simulation.reconciler.reconcile(key);
          if (outcome.kind === 'failed') expect(outcome.error.message).not.toMatch(/two pods/);
          invariants(simulation);
          const phase = cluster.job?.status?.phase;
          if (wasFinal !== undefined) expect(phase).toBe(wasFinal);
          if (phase === 'Succeeded' || phase === 'Failed') wasFinal = phase;
          expect(cluster.job?.status?.restarts ?? 0).toBeGreaterThanOrEqual(restarts);
          restarts = cluster.job?.status?.restarts ?? 0;
        }
        cluster.fault = () => false;
        await simulation.settle();
        invariants(simulation);
        expectRest(simulation);
        // Settled: a further pass changes nothing.
        const writes = cluster.log.length;
        const before = cluster.job;
        await simulation.reconciler.reconcile(key);
        expect(cluster.log.length).toBe(writes);
        expect(cluster.job).toEqual(before);
      }),
      { numRuns: 150 },
    );
  });

  it('counts every end exactly once, also when the operator dies between any two calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('observe', 'apply', 'writeStatus', 'none'), fc.nat(3)), {
          maxLength: 30,
        }),
        async (faults) => {
          const simulation = new Simulation(2, 1, 1000);
          const { cluster } = simulation;
          await simulation.settle();
          let ends = 0;
          for (const [call, seconds] of faults) {
            if (cluster.pods.get('lung-worker-1')?.status?.phase === 'Running') {
              cluster.end('lung-worker-1', 1);
              ends += 1;
            }
            cluster.fault = (name) => name === call;
            await simulation.reconciler.reconcile(key);
            cluster.start();
            await simulation.clock.advance(seconds * 1000);
          }
          cluster.fault = () => false;
          await simulation.clock.advance(600_000);
          await simulation.settle();
          expect(cluster.job?.status?.failures?.[0]?.failures ?? 0).toBe(ends);
          expect(cluster.job?.status?.restarts).toBe(ends);
        },
      ),
      { numRuns: 60 },
    );
  });
});
