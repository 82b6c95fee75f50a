/**
 * One pass: observe -> plan -> apply -> one status write -> events. Nothing is remembered between passes, so a pass
 * may fail anywhere and the next one starts from what is there.
 */
import { canonicalJson, WsiError, type Clock, type ErrorCode, type Logger } from '@wsi-operator/foundation';
import type { Cluster, JobKey, ObservedJob } from '../cluster/port.ts';
import type { ClusterSettings } from '../job/settings.ts';
import type { Plan } from '../plan/pass.ts';
import type { PlanEvent } from '../job/actions.ts';
import { faultObserved } from '../plan/fault.ts';
import { plan } from '../plan/plan.ts';
import { WorkQueue } from '@wsi-operator/controller/queue';
import { applyActions, podOf, type FailedAction } from './apply-actions.ts';

/** - `gone`: no such job; - `done`: reconciled again after the time, if one is given; - `failed`: again, rate-limited. */
export type PassOutcome =
  | { readonly kind: 'gone' }
  | { readonly kind: 'done'; readonly requeueAfterMilliseconds: number | undefined }
  | { readonly kind: 'failed'; readonly error: WsiError };

/** Hears of every pass, for metrics. */
export interface LoopObserver {
  /** A job that was due has waited so long. */
  onTaken(waitSeconds: number): void;
  onPass(outcome: PassOutcome['kind'], seconds: number): void;
}

export interface ReconcilerOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: ClusterSettings;
  /** How many jobs are reconciled at the same time. */
  readonly concurrency?: number;
  readonly observer?: LoopObserver;
}

export class Reconciler {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #settings: ClusterSettings;
  readonly #concurrency: number;
  readonly #queue: WorkQueue;
  readonly #observer: LoopObserver | undefined;
  /** When each waiting key was or will be due, monotonic milliseconds. */
  readonly #due = new Map<JobKey, number>();
  /** When each pass under way began. */
  readonly #begun = new Map<JobKey, number>();
  /** Failures that a cluster remembers and throws again are reported once, as events and in the log. */
  readonly #reported = new WeakSet<WsiError>();
  readonly #logged = new WeakSet<WsiError>();
  #lastEnd: number;

  constructor(options: ReconcilerOptions) {
    this.#cluster = options.cluster;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#settings = options.settings;
    this.#concurrency = options.concurrency ?? 1;
    this.#queue = new WorkQueue({
      clock: options.clock,
      // Tenants take turns, and none holds all of the passes: its own may wait for the API server.
      groupOf: (key) => key.split('/', 1)[0] ?? '',
      mostHeldOfGroup: Math.max(1, this.#concurrency - 1),
    });
    this.#observer = options.observer;
    this.#lastEnd = options.clock.monotonic();
  }

  /** Jobs that are due and wait. */
  get queueDepth(): number {
    return this.#queue.depth;
  }

  /**
   * For how long the loop has made no headway: since the oldest pass under way began, or since the last one ended while
   * jobs are due. 0 when there is nothing to do.
   */
  get stuckMilliseconds(): number {
    const now = this.#clock.monotonic();
    const oldest = Math.min(...this.#begun.values(), now);
    const idle = this.#queue.depth > 0 && this.#begun.size === 0 ? now - this.#lastEnd : 0;
    return Math.max(now - oldest, idle);
  }

  /** Runs until the signal is aborted; the passes under way are finished first. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    if (signal.aborted) return;
    const loops = Array.from({ length: this.#concurrency }, () => this.#work());
    this.#cluster.watch(signal, (key) => {
      this.#note(key, 0);
      this.#queue.add(key);
    });
    await Promise.all(loops);
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const outcome = await this.#pass(key);
      this.#queue.done(key);
      switch (outcome.kind) {
        case 'gone':
          this.#queue.forget(key);
          break;
        case 'done':
          this.#queue.forget(key);
          if (outcome.requeueAfterMilliseconds !== undefined) {
            this.#note(key, outcome.requeueAfterMilliseconds);
            this.#queue.addAfter(key, outcome.requeueAfterMilliseconds);
          }
          break;
        case 'failed':
          this.#log(key, outcome.error);
          this.#queue.addRateLimited(key);
          break;
      }
    }
  }

  async #pass(key: JobKey): Promise<PassOutcome> {
    const start = this.#clock.monotonic();
    const due = this.#due.get(key);
    this.#due.delete(key);
    if (due !== undefined) this.#observer?.onTaken(Math.max(0, start - due) / 1000);
    this.#begun.set(key, start);
    const outcome = await this.reconcile(key);
    this.#begun.delete(key);
    this.#lastEnd = this.#clock.monotonic();
    this.#observer?.onPass(outcome.kind, (this.#lastEnd - start) / 1000);
    return outcome;
  }

  /** A fault of one job's plan is reported in that job's own status, and tried again later and later. */
  #plan({ job, observed }: ObservedJob): { readonly planned: Plan; readonly fault?: WsiError } {
    const now = this.#clock.now();
    const { fault } = observed;
    if (fault !== undefined) {
      const error = new WsiError('Internal', `the job cannot be reconciled (${fault})`);
      return { planned: plan(job, observed, now, this.#settings), fault: error };
    }
    try {
      return { planned: plan(job, observed, now, this.#settings) };
    } catch (thrown) {
      const error = WsiError.from(thrown);
      return { planned: plan(job, faultObserved(thrown), now, this.#settings), fault: error };
    }
  }

  #log(key: JobKey, error: WsiError): void {
    const level = this.#logged.has(error) || QUIET.includes(error.code) ? 'debug' : 'warn';
    this.#logger[level]({ key, error }, 'reconcile failed');
    this.#logged.add(error);
  }

  #note(key: JobKey, delay: number): void {
    const time = this.#clock.monotonic() + delay;
    this.#due.set(key, Math.min(time, this.#due.get(key) ?? time));
  }

  /** One pass over one job. Never throws. */
  async reconcile(key: JobKey): Promise<PassOutcome> {
    try {
      const seen = await this.#cluster.observe(key);
      if (seen === undefined) return { kind: 'gone' };
      const { planned, fault } = this.#plan(seen);
      const { actions, status, events, requeueAfterMilliseconds } = planned;
      const failed = await applyActions(actions, (action) => this.#cluster.apply(key, action));
      if (canonicalJson(status) !== canonicalJson(seen.job.status ?? null)) {
        await this.#cluster.writeStatus(key, status);
      }
      // Events only after the status that they tell of is written.
      const news = failed.filter(({ error }) => !this.#reported.has(error) && !QUIET.includes(error.code));
      await this.#cluster.emit(key, [...eventsOfAppliedActions(events, failed), ...refusals(news)]);
      for (const { error } of news) this.#reported.add(error);
      if (fault !== undefined) return { kind: 'failed', error: fault };
      const [failure] = failed;
      if (failure !== undefined) return { kind: 'failed', error: failure.error };
      return { kind: 'done', requeueAfterMilliseconds };
    } catch (error) {
      return { kind: 'failed', error: WsiError.from(error) };
    }
  }
}

/** What is there has changed, or another leads: the next pass is all that is needed, and nobody need know. */
const QUIET: readonly ErrorCode[] = ['StaleGeneration', 'Cancelled'];

/** A plan says what it has decided; of a pod that was refused nothing must report that it was created. */
function eventsOfAppliedActions(events: readonly PlanEvent[], failed: readonly FailedAction[]): PlanEvent[] {
  const pods = new Set(failed.flatMap(({ action }) => podOf(action) ?? []));
  return events.filter(({ pod, type }) => type !== 'Normal' || pod === undefined || !pods.has(pod));
}

/** One event for all of a pass: ten pods over the same quota are one piece of news. */
function refusals(failed: readonly FailedAction[]): PlanEvent[] {
  const [first] = failed;
  if (first === undefined) return [];
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more that failed)`;
  return [{ type: 'Warning', reason: 'ActionFailed', message: `${first.error.message}${others}` }];
}
