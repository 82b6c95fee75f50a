/**
 * Kubernetes events (events.k8s.io/v1) about objects. `record` only notes: writing goes on behind it, one at a time,
 * and never fails the caller. What is said again within minutes is counted as a series of one event; of different
 * events each object has a budget, so that a flapping one cannot flood the API server.
 */
import { randomBytes } from 'node:crypto';
import { systemClock, type Clock, type Logger } from '@wsi-operator/foundation';
import { ApiError } from './api-error.ts';
import type { ApiClient } from './api-client.ts';
import type { ObjectReference, Resource } from './objects.ts';
import { backOff, TokenBucket } from './rate-limit.ts';

const events: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

export interface EventRecorderOptions {
  /** Best one of its own, so that events do not take the rate of what matters more. */
  readonly client: Pick<ApiClient, 'create' | 'patch'>;
  /** The controller, as a qualified name: `wsi.dev/operator`. */
  readonly component: string;
  /** This process, e.g. the pod's name. */
  readonly instance: string;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** Why, in CamelCase: `WorkerRestarted`. */
  readonly reason: string;
  /** For people; cut at 1024 bytes. */
  readonly message: string;
  /** What was done, in CamelCase; the reason by default. */
  readonly action?: string | undefined;
}

interface Series {
  readonly key: string;
  readonly regarding: ObjectReference;
  readonly text: EventText;
  readonly first: number;
  name: string;
  count: number;
  last: number;
  /** Of the count that the server has; undefined: it has none. */
  written: { readonly count: number; readonly time: number } | undefined;
  /** A write is due at a later time. */
  timer: AbortController | undefined;
}

/** A repetition after this long is a new event, milliseconds. */
const seriesEnd = 360_000;
/** A series' count is written at most this often. */
const firstSeriesDelay = 5000;
const seriesDelay = 30_000;
const eventsOfObject = { burst: 25, perSecond: 1 / 60 };
const longestQueue = 1000;
/** Of the queue, so much may be about objects of one namespace: a tenant's must not crowd out the others'. */
const longestOfNamespace = 250;
const longestMemory = 4096;
const attempts = 3;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  /** By what is said about which object; the one that was said last comes last. */
  readonly #series = new Map<string, Series>();
  readonly #budgets = new Map<string, TokenBucket>();
  readonly #due = new Set<Series>();
  #writing: Promise<void> | undefined;
  #sending: Series | undefined;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Events that were not written: over an object's budget, over the queue's length, or refused by the server. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Says something about an object. Returns at once; nothing is thrown. */
  record(regarding: ObjectReference, text: EventText): void {
    const now = this.#clock.now();
    const { uid = '', namespace = '', name = '', kind = '' } = regarding;
    const object = [kind, namespace, name, uid].join('/');
    const key = JSON.stringify([object, text.type, text.reason, text.action, text.message]);
    const known = this.#series.get(key);
    if (known !== undefined && now - known.last < seriesEnd) {
      known.count += 1;
      known.last = now;
      this.#series.delete(key);
      this.#series.set(key, known);
      this.#writeLater(known);
      return;
    }
    if (this.#isFull(namespace) || !this.#budgetOf(object).tryTake()) {
      this.#drop(regarding, text);
      return;
    }
    this.#forgetOld();
    const made: Series = {
      key,
      regarding,
      text,
      first: now,
      name: eventName(name),
      count: 1,
      last: now,
      written: undefined,
      timer: undefined,
    };
    this.#series.set(key, made);
    this.#write(made);
  }

  /** Writes all that is noted, the counts of series too. Resolves when the server has it, or refused it. */
  async flush(): Promise<void> {
    do {
      for (const series of this.#series.values()) {
        series.timer?.abort();
        series.timer = undefined;
        if (isBehind(series) && series !== this.#sending) this.#write(series);
      }
      await this.#writing;
    } while (this.#writing !== undefined || [...this.#series.values()].some(isBehind));
  }

  #isFull(namespace: string): boolean {
    if (this.#due.size >= longestQueue) return true;
    let own = 0;
    for (const { regarding } of this.#due) if ((regarding.namespace ?? '') === namespace) own += 1;
    return own >= longestOfNamespace;
  }

  #writeLater(series: Series): void {
    const { written } = series;
    if (series.timer !== undefined || written === undefined) return;
    const delay = written.count === 1 ? firstSeriesDelay : seriesDelay;
    const timer = new AbortController();
    series.timer = timer;
    const left = Math.max(0, written.time + delay - this.#clock.monotonic());
    this.#clock.sleep(left, timer.signal).then(
      () => {
        series.timer = undefined;
        this.#write(series);
      },
      // Flushed.
      () => undefined,
    );
  }

  #write(series: Series): void {
    this.#due.add(series);
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // So that it never ends before it is known to run.
    await Promise.resolve();
    for (const series of this.#due) {
      this.#due.delete(series);
      if (!isBehind(series)) continue;
      const { count } = series;
      this.#sending = series;
      if (await this.#send(series)) series.written = { count, time: this.#clock.monotonic() };
      else this.#drop(series.regarding, series.text);
      this.#sending = undefined;
      // Said again meanwhile.
      if (isBehind(series)) this.#writeLater(series);
    }
    this.#writing = undefined;
  }

  /** @returns False when it could not be written; it is then forgotten. */
  async #send(series: Series): Promise<boolean> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      try {
        await (series.written === undefined ? this.#create(series) : this.#count(series));
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.isAlreadyExists) {
          // Our own, whose answer was lost.
          series.written = { count: 1, time: this.#clock.monotonic() };
          if (!isBehind(series)) return true;
        } else if (error instanceof ApiError && error.isNotFound && series.written !== undefined) {
          // Events live for an hour.
          series.written = undefined;
          series.name = eventName(series.regarding.name ?? '');
        } else if (!(error instanceof ApiError && error.retryable)) {
          // E.g. the namespace is being deleted.
          this.#options.logger?.debug({ error, reason: series.text.reason }, 'an event was refused');
          break;
        }
        await this.#clock.sleep(backOff(attempt, 200, 5000));
      }
    }
    this.#series.delete(series.key);
    return false;
  }

  async #create(series: Series): Promise<void> {
    const { component, instance, client } = this.#options;
    const { regarding, text, name, count } = series;
    await client.create(events, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace: namespaceOf(regarding) },
      eventTime: microTime(series.first),
      reportingController: component,
      reportingInstance: instance.slice(0, 128),
      action: (text.action ?? text.reason).slice(0, 128),
      reason: text.reason.slice(0, 128),
      regarding,
      note: cut(text.message, 1024),
      type: text.type,
      ...(count > 1 ? { series: { count, lastObservedTime: microTime(series.last) } } : {}),
    });
  }

  async #count(series: Series): Promise<void> {
    const { name, regarding, count, last } = series;
    const patch = { series: { count, lastObservedTime: microTime(last) } };
    await this.#options.client.patch(events, name, namespaceOf(regarding), patch);
  }

  #budgetOf(object: string): TokenBucket {
    let budget = this.#budgets.get(object);
    if (budget === undefined) {
      if (this.#budgets.size >= longestMemory) {
        for (const [key, each] of this.#budgets) if (each.full) this.#budgets.delete(key);
      }
      budget = new TokenBucket(this.#clock, eventsOfObject.perSecond, eventsOfObject.burst);
      this.#budgets.set(object, budget);
    }
    return budget;
  }

  /** Ended series, and the oldest when there are too many. */
  #forgetOld(): void {
    const now = this.#clock.now();
    for (const [key, series] of this.#series) {
      const ended = now - series.last >= seriesEnd;
      if (!ended && this.#series.size < longestMemory) break;
      if (series.timer !== undefined) continue;
      this.#series.delete(key);
    }
  }

  #drop(regarding: ObjectReference, text: EventText): void {
    this.#dropped += 1;
    const { namespace, name } = regarding;
    this.#options.logger?.debug(
      { namespace, name, reason: text.reason, dropped: this.#dropped },
      'an event was dropped',
    );
  }
}

/** Whether the server has not the whole count. */
function isBehind(series: Series): boolean {
  return series.count > (series.written?.count ?? 0);
}

/** Unique, and like kubectl's: the object's name and a random part, at most 253 characters. */
function eventName(object: string): string {
  return `${object.slice(0, 235)}.${randomBytes(8).toString('hex')}`.replace(/^\./, 'event.');
}

/** Objects outside namespaces have their events in `default`. */
function namespaceOf(regarding: ObjectReference): string {
  return regarding.namespace === undefined || regarding.namespace === '' ? 'default' : regarding.namespace;
}

function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}

/** At most so many bytes of UTF-8, not within a character. */
function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  return `${encoded
    .subarray(0, bytes - 3)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}...`;
}
