/**
 * The operator as a process: caches, leader election, the loop, metrics and probes, and their ends.
 *
 *   caches fill (leader and followers) ──► ready ──► lease held ──► jobs read again ──► the loop
 *                                                        └─ lost: nothing more is written, the process ends
 */
import type { ApiClient } from '@wsi-operator/controller';
import { WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import { KubernetesCluster, type EventSink } from '../cluster/kubernetes/kubernetes-cluster.ts';
import { Reconciler } from '../loop/reconciler.ts';
import { serve, type Answer, type HttpEndpoint } from './http-endpoint.ts';
import type { JobForMetrics } from './job-metrics.ts';
import type { OperatorMetrics } from './metrics.ts';
import type { OperatorOptions } from './options.ts';
import { health, readiness } from './probes.ts';
import { metricsProtection, type MetricsProtection } from './secure-metrics/metrics-protection.ts';
import { METRICS_PATH } from './secure-metrics/token-review.ts';

/** What events and leases call this program. */
export const COMPONENT = 'wsi-operator';

/** Passes under way may finish for so long before the process ends anyway; below the pod's grace period. */
const DRAIN_MILLISECONDS = 15_000;

/** For what is left to be sent at the end: events. */
const FLUSH_MILLISECONDS = 3_000;

/** Who leads; see LeaderElector. */
export interface Election {
  readonly isLeader: boolean;
  /** Calls `lead` when this process leads, with a signal that is aborted when it should stop or the lead is lost. */
  run(signal: AbortSignal, lead: (leading: AbortSignal) => Promise<void>): Promise<OperatorEnd>;
}

export interface OperatorParts {
  readonly events: EventSink & { flush(): Promise<void> };
  /** Absent: this process is the only one. */
  readonly election?: Election;
  readonly options: OperatorOptions;
  readonly client: ApiClient;
  /** For reviews of tokens; {@link client} by default. */
  readonly reviews?: ApiClient;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What has to be known of the server before anything is decided; probes are answered meanwhile. */
  readonly prepare?: () => Promise<void>;
}

/** - `stopped`: as asked, the lease is released; - `lost`: another one leads, or may: the process must end at once. */
export type OperatorEnd = 'stopped' | 'lost';

export class Operator {
  readonly #parts: OperatorParts;
  readonly #cluster: KubernetesCluster;
  readonly #reconciler: Reconciler;
  #endpoints: readonly HttpEndpoint[] = [];
  #leads = false;

  constructor(parts: OperatorParts) {
    const { options, client, clock, logger, metrics, events } = parts;
    const { settings } = options;
    this.#parts = parts;
    this.#cluster = new KubernetesCluster({
      client,
      events,
      clock,
      logger,
      settings,
      namespaces: options.namespaces,
      mayWrite: () => this.isLeader,
      onIncompleteStatus: () => metrics.onIncompleteStatus(),
      onList: (resource, reason) => {
        if (reason !== 'start') metrics.onRelist(resource);
      },
    });
    this.#reconciler = new Reconciler({
      cluster: this.#cluster,
      clock,
      logger,
      settings,
      concurrency: options.concurrency,
      observer: metrics,
    });
    metrics.observe({
      jobs: () => this.#jobs(),
      queueDepth: () => this.#reconciler.queueDepth,
      isLeader: () => this.isLeader,
      informers: () =>
        this.#cluster.caches.required.map((cache) => ({
          resource: cache.resource.plural,
          synced: cache.hasSynced,
        })),
    });
  }

  /** True while this process may write. */
  get isLeader(): boolean {
    return this.#leads && (this.#parts.election?.isLeader ?? true);
  }

  /** Ports that were given, or chosen where 0 was given; once {@link run} listens. */
  get ports(): { readonly metrics: number; readonly health: number } | undefined {
    const [metrics, health] = this.#endpoints;
    return metrics === undefined || health === undefined
      ? undefined
      : { metrics: metrics.port, health: health.port };
  }

  /**
   * Until the signal is aborted, or the lead is lost.
   * @throws WsiError when a port is taken
   */
  async run(signal: AbortSignal): Promise<OperatorEnd> {
    const { logger, election, events, prepare } = this.#parts;
    const protection = await this.#protection();
    this.#endpoints = await this.#listen(protection);
    const caches = new AbortController();
    const running = Promise.all([this.#cluster.run(caches.signal), protection?.run(caches.signal)]);
    try {
      await Promise.all([this.#untilSynced(signal), prepare?.()]);
      if (signal.aborted) return 'stopped';
      logger.info({ jobs: this.#cluster.caches.jobs().length }, 'caches are filled');
      if (election === undefined) {
        await this.#lead(signal, signal);
        await this.#within(FLUSH_MILLISECONDS, events.flush());
        return 'stopped';
      }
      const end = await election.run(signal, (leading) => this.#lead(leading, signal));
      // Another one may act by now: nothing is waited for.
      if (end === 'stopped') await this.#within(FLUSH_MILLISECONDS, events.flush());
      return end;
    } finally {
      caches.abort();
      await this.#within(FLUSH_MILLISECONDS, running);
      await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
    }
  }

  /** While the lead lasts. When this process is asked to stop, passes under way have a moment to finish. */
  async #lead(leading: AbortSignal, stop: AbortSignal): Promise<void> {
    const { logger, options } = this.#parts;
    logger.info({ identity: options.identity }, 'leading');
    this.#leads = true;
    try {
      await this.#catchUp(leading);
      const work = Promise.all([this.#reconciler.run(leading), this.#cluster.pollProgress(leading)]);
      await Promise.race([work, aborted(leading)]);
      if (stop.aborted) await this.#within(DRAIN_MILLISECONDS, work);
    } finally {
      this.#leads = false;
      logger.info({ identity: options.identity }, 'no longer leading');
    }
  }

  async #within(milliseconds: number, work: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    const limit = this.#parts.clock.sleep(milliseconds, over.signal).catch(() => undefined);
    await Promise.race([work, limit]);
    over.abort();
  }

  /** Nothing is decided before it has succeeded: from an old status a job that has ended would be started again. */
  async #catchUp(leading: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    for (let done = false; !done;) {
      try {
        await this.#cluster.catchUp(leading);
        done = true;
      } catch (error) {
        done = leading.aborted;
        logger.warn({ error: WsiError.from(error) }, 'jobs not read');
        await clock.sleep(1_000, leading).catch(() => undefined);
      }
    }
  }

  async #untilSynced(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#cluster.synced, aborted(signal)]);
  }

  async #protection(): Promise<MetricsProtection | undefined> {
    const { options, client, reviews = client, metrics, clock, logger } = this.#parts;
    const { metricsSecurity: security, identity } = options;
    if (security === undefined) return undefined;
    return metricsProtection({ security, identity, client: reviews, metrics, clock, logger });
  }

  async #listen(protection: MetricsProtection | undefined): Promise<readonly HttpEndpoint[]> {
    const { options, metrics } = this.#parts;
    const metricsAnswer = async (): Promise<Answer> => {
      return { status: 200, body: await metrics.text(), contentType: metrics.contentType };
    };
    const metricsEndpoint = await serve(options.metricsPort, { [METRICS_PATH]: metricsAnswer }, protection);
    // The kubelet has no token: probes are on their own port, in plain HTTP.
    try {
      const healthEndpoint = await serve(options.healthPort, {
        '/healthz': () => health(this.#reconciler.stuckMilliseconds),
        '/readyz': () => readiness(this.#cluster.caches.required),
      });
      return [metricsEndpoint, healthEndpoint];
    } catch (error) {
      await metricsEndpoint.close();
      throw error;
    }
  }

  #jobs(): JobForMetrics[] {
    return this.#cluster.caches.jobs().map(({ metadata, status }) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      status: status ?? {},
    }));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
