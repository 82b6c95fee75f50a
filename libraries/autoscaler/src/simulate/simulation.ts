/**
 * Jobs on a cluster of nodes with devices, event by event: arrivals, workers that become ready, fail, are slow, nodes
 * that are taken away and come back, jobs that end. Between events every job proceeds at a constant rate, so nothing is
 * stepped through and thousands of workers cost what their events cost.
 */
import type { Conditions } from './conditions.ts';
import { RandomStream } from '@wsi-operator/foundation';
import { BinaryHeap } from '../allocate/binary-heap.ts';
import { Cluster } from './cluster.ts';
import { RunningJob } from './running-job.ts';
import type { Allocation, ClusterView, Policy } from './policy.ts';
import type { TracedJob } from './trace.ts';

export interface JobResult {
  readonly id: string;
  readonly arrivalSeconds: number;
  readonly completionSeconds: number;
  readonly deviceSeconds: number;
  readonly rescales: number;
}

type Event =
  | { readonly at: number; readonly kind: 'arrival'; readonly job: TracedJob }
  | { readonly at: number; readonly kind: 'allocate' }
  | { readonly at: number; readonly kind: 'ready'; readonly job: RunningJob }
  | { readonly at: number; readonly kind: 'end'; readonly job: RunningJob; readonly version: number }
  | { readonly at: number; readonly kind: 'failure' }
  | { readonly at: number; readonly kind: 'nodeDown' }
  | { readonly at: number; readonly kind: 'nodeUp'; readonly node: number };

export class Simulation {
  readonly #policy: Policy;
  readonly #conditions: Conditions;
  readonly #cluster: Cluster;
  readonly #events = new BinaryHeap<Event>((a, b) => a.at - b.at);
  readonly #running = new Map<string, RunningJob>();
  readonly #results: JobResult[] = [];
  readonly #seed: number;
  /** Faults are drawn by time alone, so that every policy meets the same ones. */
  readonly #faults: RandomStream;
  #arrivalsLeft: number;
  #now = 0;
  #busy = 0;

  constructor(trace: readonly TracedJob[], policy: Policy, conditions: Conditions, seed: number) {
    this.#policy = policy;
    this.#conditions = conditions;
    this.#seed = seed;
    this.#cluster = new Cluster(conditions.nodes, conditions.devicesPerNode);
    this.#faults = new RandomStream(seed, 'faults');
    this.#arrivalsLeft = trace.length;
    for (const job of trace) this.#events.push({ at: job.arrivalSeconds, kind: 'arrival', job });
    this.#events.push({ at: 0, kind: 'allocate' });
    this.#plan('failure', conditions.hoursBetweenFailures / this.#cluster.size);
    this.#plan('nodeDown', conditions.hoursBetweenPreemptions / conditions.nodes);
  }

  /** @param onEnd called with the number of jobs that have ended, and returns whether to go on */
  run(onEnd?: (ended: number) => void): readonly JobResult[] {
    while (this.#arrivalsLeft > 0 || this.#running.size > 0) {
      const event = this.#events.pop();
      if (event === undefined) throw new Error('the simulation has jobs but no events');
      this.#now = event.at;
      const before = this.#results.length;
      this.#handle(event);
      if (onEnd !== undefined && this.#results.length > before) onEnd(this.#results.length);
    }
    return this.#results;
  }

  #handle(event: Event): void {
    switch (event.kind) {
      case 'arrival':
        this.#arrivalsLeft -= 1;
        this.#running.set(event.job.id, new RunningJob(event.job, this.#conditions, this.#seed));
        this.#allocate();
        return;
      case 'allocate':
        this.#events.push({ at: this.#now + this.#policy.interval, kind: 'allocate' });
        this.#allocate();
        return;
      case 'ready': {
        this.#proceed(event.job);
        return;
      }
      case 'end': {
        this.#end(event.job, event.version);
        return;
      }
      case 'failure': {
        this.#failure();
        return;
      }
      case 'nodeDown': {
        this.#nodeDown();
        return;
      }
      case 'nodeUp':
        this.#cluster.bringBack(event.node);
        this.#allocate();
        return;
    }
  }

  #end(job: RunningJob, version: number): void {
    if (job.version !== version || !this.#running.has(job.traced.id)) return;
    job.advance(this.#now);
    for (const worker of job.workers) this.#cluster.release(worker.node);
    this.#running.delete(job.traced.id);
    this.#results.push({
      id: job.traced.id,
      arrivalSeconds: job.traced.arrivalSeconds,
      completionSeconds: this.#now - job.traced.arrivalSeconds,
      deviceSeconds: job.deviceSeconds,
      rescales: job.rescales,
    });
    this.#policy.finished?.(job.view(this.#now));
    this.#allocate();
  }

  /** The policy's turn: shrink first, then grow into what is free, in the policy's order. */
  #allocate(): void {
    if (this.#running.size === 0) return;
    this.#busy = this.#cluster.busy;
    for (const job of this.#running.values()) this.#proceed(job);
    const allocation = this.#policy.allocate(this.#view());
    this.#apply(allocation);
  }

  #apply({ workers, replace }: Allocation): void {
    const changed = new Set<RunningJob>();
    for (const [id, ids] of replace ?? []) {
      const job = this.#running.get(id);
      if (job?.restart(ids, this.#now) === true) changed.add(job);
    }
    const changes = [...workers].flatMap(([id, count]) => {
      const job = this.#running.get(id);
      return job === undefined ? [] : [{ job, count: Math.max(0, Math.floor(count)) }];
    });
    for (const { job, count } of changes) {
      const freed = job.shrinkTo(count, this.#now);
      for (const node of freed) this.#cluster.release(node);
      if (freed.length > 0) changed.add(job);
    }
    for (const { job, count } of changes) {
      const nodes: number[] = [];
      while (job.workers.length + nodes.length < count) {
        const node = this.#cluster.take(job.nodes);
        if (node === undefined) break;
        nodes.push(node);
      }
      if (nodes.length === 0) continue;
      job.grow(nodes, this.#now);
      changed.add(job);
    }
    for (const job of changed) {
      this.#events.push({ at: this.#now + this.#conditions.startSeconds, kind: 'ready', job });
      this.#proceed(job);
    }
  }

  /** Accounts for the time since the last event, and says when the job would end from here. */
  #proceed(job: RunningJob): void {
    job.advance(this.#now);
    const seconds = job.setRate(this.#now, this.#busy);
    if (seconds !== undefined && Number.isFinite(seconds)) {
      this.#events.push({ at: this.#now + seconds, kind: 'end', job, version: job.version });
    }
  }

  #failure(): void {
    this.#plan('failure', this.#conditions.hoursBetweenFailures / this.#cluster.size);
    const node = this.#faults.integer(this.#conditions.nodes);
    const device = this.#faults.integer(this.#conditions.devicesPerNode);
    let index = device;
    for (const job of this.#running.values()) {
      const here = job.workers.filter((worker) => worker.node === node);
      const worker = here[index];
      index -= here.length;
      if (worker === undefined) continue;
      job.restart([worker.id], this.#now);
      this.#events.push({ at: this.#now + this.#conditions.startSeconds, kind: 'ready', job });
      this.#proceed(job);
      return;
    }
  }

  #nodeDown(): void {
    const { hoursBetweenPreemptions, preemptionHours, nodes } = this.#conditions;
    this.#plan('nodeDown', hoursBetweenPreemptions / nodes);
    const node = this.#faults.integer(nodes);
    const until = this.#now + preemptionHours * 3600 * (0.5 + this.#faults.uniform());
    if (!this.#cluster.takeAway(node)) return;
    for (const job of this.#running.values()) job.lose(node, this.#now);
    this.#events.push({ at: until, kind: 'nodeUp', node });
    this.#allocate();
  }

  #plan(kind: 'failure' | 'nodeDown', meanHours: number): void {
    if (!Number.isFinite(meanHours)) return;
    const hours = -Math.log(1 - this.#faults.uniform()) * meanHours;
    this.#events.push({ at: this.#now + hours * 3600, kind });
  }

  #view(): ClusterView {
    return {
      seconds: this.#now,
      capacity: this.#cluster.capacity,
      busy: this.#busy,
      startSeconds: this.#conditions.startSeconds,
      jobs: [...this.#running.values()].map((job) => job.view(this.#now)),
    };
  }
}
