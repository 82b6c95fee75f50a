/**
 * What the operator counts, as Prometheus reads it. What can be read from the caches (jobs by phase, a job's replicas and
 * progress) is read when it is asked for: there is nothing to keep in step, and a job's series end with the job.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestInfo } from '@wsi-operator/controller';
import type { LoopObserver, PassOutcome } from '../loop/reconciler.ts';
import type { Access } from './secure-metrics/reviewed-access.ts';
import type { CertificateObserver } from './secure-metrics/serving-certificate.ts';
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

/** How a request for the metrics ended; `handshake`: no TLS was agreed upon. */
export type ScrapeOutcome = Access | 'handshake';

export class OperatorMetrics implements LoopObserver, CertificateObserver {
  readonly #registry = new Registry();
  readonly #passes: Counter<'outcome'>;
  readonly #passSeconds: Histogram<'outcome'>;
  readonly #waitSeconds: Histogram;
  readonly #requests: Counter<'verb' | 'resource' | 'code'>;
  readonly #requestSeconds: Histogram<'verb' | 'resource'>;
  readonly #relists: Counter<'resource'>;
  readonly #incomplete: Counter;
  readonly #scrapes: Counter<'outcome'>;
  readonly #certificates: Counter<'outcome'>;
  readonly #certificateEnd: Gauge<'for'>;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#passes = new Counter({
      name: 'wsi_operator_reconcile_total',
      help: "Reconciles, by outcome: done, gone (or not this operator's), failed.",
      labelNames: ['outcome'],
      registers,
    });
    this.#passSeconds = new Histogram({
      name: 'wsi_operator_reconcile_duration_seconds',
      help: 'Duration of a reconcile of a job, with all requests that it made.',
      labelNames: ['outcome'],
      buckets: PASS_SECONDS,
      registers,
    });
    this.#waitSeconds = new Histogram({
      name: 'wsi_operator_queue_wait_seconds',
      help: 'How long a job that was due waited to be reconciled.',
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
    this.#incomplete = new Counter({
      name: 'wsi_operator_incomplete_statuses_total',
      help: 'Statuses that the API server did not store whole: the definition (CRD) is older than the operator.',
      registers,
    });
    this.#scrapes = new Counter({
      name: 'wsi_operator_metrics_requests_total',
      help: 'With metrics.secure: requests for metrics, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.#certificates = new Counter({
      name: 'wsi_operator_metrics_certificates_total',
      help: 'With metrics.secure: certificates that were taken, and readings of one that cannot be used (refused).',
      labelNames: ['outcome'],
      registers,
    });
    // The label keeps the gauge from being there, as 0, where there is no certificate.
    this.#certificateEnd = new Gauge({
      name: 'wsi_operator_metrics_certificate_expiry_timestamp_seconds',
      help: 'With metrics.secure: when the certificate that is used expires, in seconds since 1970.',
      labelNames: ['for'],
      registers,
    });
  }

  onScrape(outcome: ScrapeOutcome): void {
    this.#scrapes.inc({ outcome });
  }

  onCertificateTaken(notAfterMilliseconds: number): void {
    this.#certificates.inc({ outcome: 'taken' });
    this.#certificateEnd.set({ for: 'metrics' }, notAfterMilliseconds / 1000);
  }

  onCertificateRefused(): void {
    this.#certificates.inc({ outcome: 'refused' });
  }

  onIncompleteStatus(): void {
    this.#incomplete.inc();
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
    gauge('wsi_operator_queue_depth', 'Jobs that are due and wait to be reconciled.', sources.queueDepth);
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
