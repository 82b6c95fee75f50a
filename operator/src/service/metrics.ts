/**
 * What the operator counts, as Prometheus reads it. What can be read from the caches (jobs by phase, a job's replicas and
 * progress) is read when it is asked for: there is nothing to keep in step, and a job's series end with the job.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestInfo } from '@wsi/controller';
import type { LoopObserver, PassOutcome } from '../loop/reconciler.ts';
import { collectJobs, type JobForMetrics } from './job-metrics.ts';

export interface MetricSources {
  readonly jobs: () => Iterable<JobForMetrics>;
  readonly queueDepth: () => number;
  readonly isLeader: () => boolean;
  /** By resource, e.g. `pods`. */
  readonly informers: () => Iterable<{ readonly resource: string; readonly synced: boolean }>;
}

const PASS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WAIT_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

export class OperatorMetrics implements LoopObserver {
  readonly #registry = new Registry();
  readonly #passes: Counter<'outcome'>;
  readonly #passSeconds: Histogram<'outcome'>;
  readonly #waitSeconds: Histogram;
  readonly #requests: Counter<'verb' | 'resource' | 'code'>;
  readonly #requestSeconds: Histogram<'verb' | 'resource'>;
  readonly #relists: Counter<'resource'>;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#passes = new Counter({
      name: 'wsi_operator_reconcile_total',
      help: "Looks at a job, by how they ended: done, gone (or not this operator's), failed.",
      labelNames: ['outcome'],
      registers,
    });
    this.#passSeconds = new Histogram({
      name: 'wsi_operator_reconcile_duration_seconds',
      help: 'Duration of a look at a job, with all requests that it made.',
      labelNames: ['outcome'],
      buckets: PASS_SECONDS,
      registers,
    });
    this.#waitSeconds = new Histogram({
      name: 'wsi_operator_queue_wait_seconds',
      help: 'How long a job that was due waited for its look.',
      buckets: WAIT_SECONDS,
      registers,
    });
    this.#requests = new Counter({
      name: 'wsi_operator_api_requests_total',
      help: 'Requests to the API server, each attempt; code 0: no answer.',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: 'wsi_operator_api_request_duration_seconds',
      help: 'Duration of a request to the API server; of a watch, until it was accepted.',
      labelNames: ['verb', 'resource'],
      buckets: REQUEST_SECONDS,
      registers,
    });
    this.#relists = new Counter({
      name: 'wsi_operator_informer_relists_total',
      help: 'Lists after the first one: a watch could not be resumed.',
      labelNames: ['resource'],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds what is read from elsewhere when the metrics are asked for. */
  observe(sources: MetricSources): void {
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          this.set(read());
        },
      });
    };
    gauge('wsi_operator_queue_depth', 'Jobs that are due and wait for a look.', sources.queueDepth);
    gauge('wsi_operator_leader', '1: this process leads, 0: it follows.', () => Number(sources.isLeader()));
    new Gauge({
      name: 'wsi_operator_informer_synced',
      help: '1: the cache of this resource has been filled.',
      labelNames: ['resource'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { resource, synced } of sources.informers()) this.set({ resource }, Number(synced));
      },
    });
    // Followers see the same jobs: only the leader tells of them, or every sum would count them several times.
    collectJobs(this.#registry, () => (sources.isLeader() ? sources.jobs() : []));
  }

  onTaken(waitSeconds: number): void {
    this.#waitSeconds.observe(waitSeconds);
  }

  onPass(outcome: PassOutcome['kind'], seconds: number): void {
    this.#passes.inc({ outcome });
    this.#passSeconds.observe({ outcome }, seconds);
  }

  onRequest({ verb, resource, status, seconds }: RequestInfo): void {
    this.#requests.inc({ verb, resource, code: String(status) });
    this.#requestSeconds.observe({ verb, resource }, seconds);
  }

  onRelist(resource: string): void {
    this.#relists.inc({ resource });
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
