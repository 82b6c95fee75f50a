/**
 * One pass: observe -> plan -> apply -> one status write -> events. Nothing is remembered between passes, so a pass
 * may fail anywhere and the next one starts from what is there.
 */
import { canonicalJson, WsiError, type Clock, type Logger } from '@wsi/foundation';
import type { Cluster, ClusterSettings, JobKey } from '../cluster/port.ts';
import type { Action, PlanEvent } from '../plan/actions.ts';
import { plan } from '../plan/plan.ts';
import { WorkQueue } from '@wsi/controller/queue';

/** - `gone`: no such job; - `done`: look again after the time, if one is given; - `failed`: look again, rate-limited. */
export type PassOutcome =
  | { readonly kind: 'gone' }
  | { readonly kind: 'done'; readonly requeueAfterMilliseconds: number | undefined }
  | { readonly kind: 'failed'; readonly error: WsiError };

export interface ReconcilerOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: ClusterSettings;
  /** How many jobs are looked at at the same time. */
  readonly concurrency?: number;
}

export class Reconciler {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #settings: ClusterSettings;
  readonly #concurrency: number;
  readonly #queue: WorkQueue;

  constructor(options: ReconcilerOptions) {
    this.#cluster = options.cluster;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#settings = options.settings;
    this.#concurrency = options.concurrency ?? 1;
    this.#queue = new WorkQueue({ clock: options.clock });
  }

  /** Runs until the signal is aborted; the passes under way are finished first. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    if (signal.aborted) return;
    const loops = Array.from({ length: this.#concurrency }, () => this.#work());
    for await (const key of this.#cluster.watch(signal)) this.#queue.add(key);
    this.#queue.close();
    await Promise.all(loops);
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const outcome = await this.reconcile(key);
      this.#queue.done(key);
      switch (outcome.kind) {
        case 'gone':
          this.#queue.forget(key);
          break;
        case 'done':
          this.#queue.forget(key);
          if (outcome.requeueAfterMilliseconds !== undefined) {
            this.#queue.addAfter(key, outcome.requeueAfterMilliseconds);
          }
          break;
        case 'failed':
          this.#logger.warn({ key, error: outcome.error }, 'reconcile failed');
          this.#queue.addRateLimited(key);
          break;
      }
    }
  }

  /** One pass over one job. Never throws. */
  async reconcile(key: JobKey): Promise<PassOutcome> {
    try {
      const seen = await this.#cluster.observe(key);
      if (seen === undefined) return { kind: 'gone' };
      const { actions, status, events, requeueAfterMilliseconds } = plan(
        seen.job,
        seen.observed,
        this.#clock.now(),
        this.#settings,
      );
      const failure = await this.#applyAll(key, actions);
      if (canonicalJson(status) !== canonicalJson(seen.job.status ?? null)) {
        await this.#cluster.writeStatus(key, status);
      }
      const refused = failure === undefined ? [] : [actionFailed(failure)];
      // Events only after the status that they tell of is written.
      await this.#cluster.emit(key, [...events, ...refused]);
      if (failure !== undefined) return { kind: 'failed', error: failure };
      return { kind: 'done', requeueAfterMilliseconds };
    } catch (error) {
      return { kind: 'failed', error: WsiError.from(error) };
    }
  }

  /** One refused action (a quota, say) does not hold up the others. The first failure is returned. */
  async #applyAll(key: JobKey, actions: readonly Action[]): Promise<WsiError | undefined> {
    let failure: WsiError | undefined;
    for (const action of actions) {
      try {
        await this.#cluster.apply(key, action);
        this.#logger.debug({ key, action: action.kind }, 'applied');
      } catch (error) {
        failure ??= WsiError.from(error);
      }
    }
    return failure;
  }
}

function actionFailed(error: WsiError): PlanEvent {
  return { type: 'Warning', reason: 'ActionFailed', message: error.message };
}
