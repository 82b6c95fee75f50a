/** The loop with everything that a real cluster asks for (certificates, policies, claims), from any state, whatever happens. */
import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { ManualClock } from '@wsi-operator/controller/testing';
import fc from 'fast-check';
import pino from 'pino';
import { DEFAULT_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { V1Pod } from '../kubernetes-types.ts';
import { Reconciler } from '../loop/reconciler.ts';
import { buildJob, pod, seen } from '../testing/builders.ts';
import { MemoryCluster } from '../testing/memory-cluster.ts';
import type { Action } from '../job/actions.ts';
import { REVISION_ANNOTATION, ROLES } from '../job/names.ts';
import { desiredObjects } from './owned-objects.ts';
import { plan } from './plan.ts';

const key = 'default/lung';
const logger = pino({ level: 'silent' });
const settings: ClusterSettings = { ...DEFAULT_SETTINGS, operatorNamespace: 'wsi-system' };
const KINDS = ['ConfigMap', 'Service', 'NetworkPolicy', 'PodDisruptionBudget', 'PersistentVolumeClaim'];

interface Start {
  readonly workers: number;
  readonly servers: number;
  readonly pods: readonly StartPod[];
  readonly objects: readonly number[];
  readonly certificateDays: number | undefined;
}

interface StartPod {
  readonly role: (typeof ROLES)[number];
  readonly index: number;
  readonly state: 'Pending' | 'Running' | 'Failed' | 'Succeeded' | 'leaving' | 'lost' | 'Unknown';
  readonly revision: 'own' | 'other';
  readonly exitCode: number;
}

const startPod: fc.Arbitrary<StartPod> = fc.record({
  role: fc.constantFrom(...ROLES),
  index: fc.nat(5),
  state: fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded', 'leaving', 'lost', 'Unknown'),
  revision: fc.constantFrom('own', 'own', 'own', 'other'),
  exitCode: fc.constantFrom(0, 1, 74, 137, 143),
});

const start: fc.Arbitrary<Start> = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  servers: fc.integer({ min: 1, max: 3 }),
  pods: fc.array(startPod, { maxLength: 10 }),
  objects: fc.array(fc.nat(4), { maxLength: 5 }),
  certificateDays: fc.option(fc.integer({ min: -3, max: 365 }), { nil: undefined }),
});

/** What may happen between two passes. */
type Happening =
  | { readonly kind: 'start' | 'certificatesGone' | 'nodeLost' | 'drift' | 'fault' }
  | { readonly kind: 'end'; readonly pod: number; readonly exitCode: number }
  | { readonly kind: 'vanish'; readonly pod: number }
  | { readonly kind: 'objectGone'; readonly object: number }
  | { readonly kind: 'suspend'; readonly value: boolean }
  | { readonly kind: 'workers'; readonly count: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constantFrom(
      'start' as const,
      'certificatesGone' as const,
      'nodeLost' as const,
      'drift' as const,
      'fault' as const,
    ),
  }),
  fc.record({
    kind: fc.constant('end' as const),
    pod: fc.nat(9),
    exitCode: fc.constantFrom(1, 74, 137, 143),
  }),
  fc.record({ kind: fc.constant('vanish' as const), pod: fc.nat(9) }),
  fc.record({ kind: fc.constant('objectGone' as const), object: fc.nat(9) }),
  fc.record({ kind: fc.constant('suspend' as const), value: fc.boolean() }),
  fc.record({ kind: fc.constant('workers' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(300) }),
);

function startingPod(job: WsiTrainingJob, from: StartPod, now: number): V1Pod {
  const { role, index, state, revision } = from;
  const leaving = state === 'leaving' || state === 'lost';
  // A coordinator that has finished is an end, and no state to come from.
  const exitCode = state === 'Succeeded' && role !== 'coordinator' ? 0 : Math.max(1, from.exitCode);
  const ended = state === 'Failed' || state === 'Succeeded';
  const built = pod(
    job,
    { role, index: role === 'coordinator' ? 0 : index },
    {
      phase: leaving ? 'Running' : (state as 'Running'),
      uid: `uid-${role}-${index}`,
      ...(ended ? { exitCode } : {}),
      ...(leaving ? { leaving, leavingAt: now } : {}),
    },
    settings,
  );
  if (revision === 'other') built.metadata!.annotations![REVISION_ANNOTATION] = 'other';
  return built;
}

class Simulation {
  readonly clock = new ManualClock();
  readonly cluster: MemoryCluster;
  readonly reconciler: Reconciler;
  readonly violations: string[] = [];
  /** Pods whose node is lost: nobody ends them. */
  readonly stuck = new Set<string>();
  #armed = false;

  constructor(from: Start) {
    const job = buildJob({
      workers: from.workers,
      servers: from.servers,
      runPolicy: { backoffLimit: 1000 },
      storage: { output: { size: '1Gi', accessModes: ['ReadWriteOnce'], retain: true } },
    });
    this.cluster = new MemoryCluster(job, this.clock);
    const now = this.clock.now();
    for (const one of from.pods) {
      const built = startingPod(job, one, now);
      const name = built.metadata?.name ?? '';
      if (one.state === 'lost') this.stuck.add(name);
      this.cluster.pods.set(name, built);
    }
    const desired = desiredObjects(job, settings, 2);
    for (const index of from.objects) {
      const object = desired[index]!;
      this.cluster.objects.set(`${object.apiVersion}/${object.kind}/${object.metadata.name!}`, object);
    }
    if (from.certificateDays !== undefined) {
      this.cluster.certificates = {
        notAfter: new Date(now + from.certificateDays * 86_400_000).toISOString(),
      };
    }
    this.cluster.fault = (call, action) => {
      if (action?.kind === 'createPod') this.#checkCreation(action);
      const hit = this.#armed && call !== 'observe';
      if (hit) this.#armed = false;
      return hit;
    };
    this.reconciler = new Reconciler({ cluster: this.cluster, clock: this.clock, logger, settings });
  }

  /** What must be there before any pod: the same as its own plan says, reported by the cluster and not by the plan. */
  #checkCreation(action: Extract<Action, { kind: 'createPod' }>): void {
    const { cluster, violations } = this;
    const name = action.object.metadata?.name ?? '';
    const days = (Date.parse(cluster.certificates?.notAfter ?? '') - this.clock.now()) / 86_400_000;
    const others = cluster.names().length > 0;
    if (!(days > 0) && !others) violations.push(`${name} without certificates`);
    if (!(days >= 30) && !others) violations.push(`${name} with certificates that expire`);
    const kinds = [...cluster.objects.values()].map(({ kind }) => kind);
    for (const kind of KINDS) if (!kinds.includes(kind)) violations.push(`${name} without ${kind}`);
    if (cluster.pods.has(name)) violations.push(`two pods named ${name}`);
  }

  async happen(next: Happening): Promise<void> {
    switch (next.kind) {
      case 'wait':
        await this.clock.advance(next.seconds * 1000);
        break;
      case 'suspend':
        this.#edit({ suspend: next.value });
        break;
      case 'workers':
        this.#edit({ workers: { ...this.cluster.job!.spec.workers, replicas: next.count } });
        break;
      case 'fault':
        this.#armed = true;
        break;
      case 'drift':
        this.#drift();
        break;
      default:
        this.#lose(next);
    }
  }

  #lose(next: Exclude<Happening, { kind: 'wait' | 'suspend' | 'workers' }>): void {
    const { cluster } = this;
    const names = cluster.names();
    const chosen = 'pod' in next ? (names[next.pod % Math.max(1, names.length)] ?? '') : '';
    switch (next.kind) {
      case 'start':
        cluster.start();
        break;
      case 'certificatesGone':
        cluster.certificates = undefined;
        break;
      case 'nodeLost':
        for (const name of names.slice(0, 2)) this.stuck.add(name);
        break;
      case 'end':
        cluster.end(chosen, next.exitCode);
        break;
      case 'vanish':
        cluster.pods.delete(chosen);
        break;
      case 'objectGone': {
        const keys = [...cluster.objects.keys()];
        cluster.objects.delete(keys[next.object % Math.max(1, keys.length)] ?? '');
        break;
      }
    }
  }

  #edit(change: object): void {
    const { job } = this.cluster;
    if (job !== undefined) this.cluster.job = { ...job, spec: { ...job.spec, ...change } };
  }

  #drift(): void {
    for (const [id, object] of this.cluster.objects) {
      if (object.kind === 'NetworkPolicy') {
        const spec = { ...(object['spec'] as object), ingress: [{}] };
        this.cluster.objects.set(id, { ...object, spec });
      }
    }
  }

  /** Kubelets do what they were asked to, except on nodes that are lost. */
  async settle(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      await this.reconciler.reconcile(key);
      this.cluster.start();
      for (const [name, found] of this.cluster.pods) {
        const leaving = found.metadata?.deletionTimestamp !== undefined;
        if (leaving && !this.stuck.has(name)) this.cluster.pods.delete(name);
      }
      for (const name of this.stuck) if (!this.cluster.pods.has(name)) this.stuck.delete(name);
      await this.clock.advance(40_000);
    }
  }
}

function expectRest({ cluster, clock }: Simulation): void {
  const { spec, status } = cluster.job!;
  const expected = spec.suspend ? 0 : 1 + spec.parameterServers.replicas + spec.workers.replicas;
  expect(status?.phase).toBe(spec.suspend ? 'Suspended' : 'Running');
  expect(cluster.names().length).toBe(expected);
  // Planning again from its own result decides nothing new.
  const observed = {
    ...seen([...cluster.pods.values()]),
    objects: [...cluster.objects.values()],
    certificates: cluster.certificates!,
  };
  const again = plan(cluster.job!, observed, clock.now(), settings);
  expect([again.actions, again.events]).toEqual([[], []]);
  expect(again.status).toBe(status);
  if (!spec.suspend) {
    const open = [...cluster.objects.values()].find(({ kind }) => kind === 'NetworkPolicy');
    expect((open?.['spec'] as { ingress: unknown[] }).ingress).not.toEqual([{}]);
  }
}

describe('the loop on a cluster', () => {
  it('comes from any state to the desired one, and never makes a pod before what it needs', async () => {
    await fc.assert(
      fc.asyncProperty(start, fc.array(happening, { maxLength: 15 }), async (from, happenings) => {
        const simulation = new Simulation(from);
        for (const next of happenings) {
          await simulation.happen(next);
          await simulation.reconciler.reconcile(key);
        }
        await simulation.settle(30);
        expect(simulation.violations).toEqual([]);
        expectRest(simulation);
      }),
      { numRuns: 150 },
    );
  });
});
