/**
 * A cache of all objects of one kind that follows the API server: a list, then a watch from the list's version, for
 * ever. Whatever ends the watch, it goes on from the version seen last; when that is too old (410), or of another
 * history, or an event could not be read, it lists again and tells the differences.
 *
 *   list --(version)--> watch --(end, lost connection, silence)--> watch
 *                       watch --(410, unreadable event, silence again)--> list ...
 */
import { systemClock, WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import type { Selection } from './api-call.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { ObjectCache, type CacheChange, type Indexer } from './object-cache.ts';
import { keyOf, objectKey, type Resource, type WithMetadata } from './objects.ts';
import { backOff } from './rate-limit.ts';
import type { WatchEvent } from './watch-stream.ts';

export type InformerEvent<T> = CacheChange<T>;

export interface InformerOptions<T extends WithMetadata> extends Selection {
  readonly client: ApiClient;
  readonly resource: Resource;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Index name -> the values under which an object is found. */
  readonly indexers?: Readonly<Record<string, Indexer<T>>> | undefined;
  /** What is kept of an object: `metadata` needs its name, namespace, uid and resourceVersion. */
  readonly transform?: ((object: T) => T) | undefined;
  /** Without one byte for this long a watch is taken for dead, 90 by default. */
  readonly idleSeconds?: number | undefined;
  /** Called before each list; `reason` is `start` or why the watch cannot go on. */
  readonly onList?: ((reason: string) => void) | undefined;
}

const firstDelay = 500;
const longestDelay = 30_000;
/** A watch that ends sooner counts as a failure, so that one that ends at once is not a busy loop; milliseconds. */
const shortWatch = 1000;
/** So many failures in a row, answered by the server, and the state itself is suspect: list again. */
const failuresBeforeList = 5;

export class Informer<T extends WithMetadata> {
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #cache: ObjectCache<T>;
  readonly #listeners: ((event: InformerEvent<T>) => void)[] = [];
  readonly #synced = Promise.withResolvers<undefined>();
  #hasSynced = false;
  #resourceVersion = '';
  #lastContact: number;
  /** An event or a bookmark came since the watch was opened. */
  #heard = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#cache = new ObjectCache(options.indexers ?? {});
    this.#lastContact = this.#clock.monotonic();
    // Whoever does not wait for it must not hear that it failed.
    this.#synced.promise.catch(() => undefined);
  }

  get resource(): Resource {
    return this.#options.resource;
  }

  /** Resolves after the first list; rejects (Cancelled) when the informer is stopped before. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** When the server was heard last (a list, an event, a bookmark): milliseconds of `clock.monotonic()`. */
  get lastContact(): number {
    return this.#lastContact;
  }

  /** Of the state that the cache has. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  get size(): number {
    return this.#cache.size;
  }

  /**
   * The listener is called for each change, in order, after the cache has it; what is there already when the informer
   * starts is `added`. Replaying the events from the beginning gives the cache.
   */
  onChange(listener: (event: InformerEvent<T>) => void): void {
    this.#listeners.push(listener);
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#cache.get(objectKey(name, namespace));
  }

  list(namespace?: string): T[] {
    return this.#cache.list(namespace);
  }

  byIndex(index: string, value: string): T[] {
    return this.#cache.byIndex(index, value);
  }

  /** Follows the server until the signal. Resolves then; nothing else ends it. */
  async run(signal: AbortSignal): Promise<void> {
    let reason = 'start';
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#options.onList?.(reason);
        await this.#relist(signal);
        const started = this.#clock.monotonic();
        reason = await this.#follow(signal);
        // A server that refuses each new watch as too old must not be listed without end.
        failures = this.#clock.monotonic() - started < shortWatch ? failures + 1 : 0;
      } catch (error) {
        this.#report(error, 'the list failed', signal);
        failures += 1;
      }
      if (failures > 0) await this.#pause(failures, signal);
    }
    this.#synced.reject(new WsiError('Cancelled', 'the informer was stopped before its first list'));
  }

  async #relist(signal: AbortSignal): Promise<void> {
    const { client, resource } = this.#options;
    const seen = new Set<string>();
    const found: T[] = [];
    let resourceVersion = '';
    for await (const page of client.pages<T>(resource, { ...this.#selection(), signal })) {
      this.#lastContact = this.#clock.monotonic();
      resourceVersion = page.resourceVersion;
      for (const item of page.items) {
        const key = keyOf(item);
        seen.add(key);
        // What is known already is not kept a second time.
        const known = this.#cache.get(key)?.metadata;
        const same =
          known?.uid === item.metadata?.uid && known?.resourceVersion === item.metadata?.resourceVersion;
        if (!same) found.push(this.#kept(item));
      }
    }
    this.#resourceVersion = resourceVersion;
    for (const key of [...this.#cache.keys()]) {
      if (!seen.has(key)) this.#emit(this.#cache.delete(key));
    }
    for (const object of found) this.#emit(this.#cache.set(object));
    if (!this.#hasSynced) {
      this.#hasSynced = true;
      this.#synced.resolve(undefined);
    }
  }

  /** Watches, again and again, until that is no longer possible. @returns Why. */
  async #follow(signal: AbortSignal): Promise<string> {
    let streak: Streak = { failures: 0, silences: 0 };
    for (;;) {
      let asked = 0;
      const started = this.#clock.monotonic();
      const before = this.#resourceVersion;
      try {
        await this.#watch(signal);
        streak = { failures: streak.failures + 1, silences: 0 };
      } catch (error) {
        if (signal.aborted) return 'stopped';
        streak = { failures: streak.failures + 1, silences: this.#isSilent(error) ? streak.silences + 1 : 0 };
        const reason = mustList(error, streak);
        this.#report(
          error,
          reason === undefined ? 'the watch failed' : 'the watch failed: listing again',
          signal,
        );
        if (reason !== undefined) return reason;
        asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
      }
      // It worked for a while, or brought something: no reason to wait.
      const worked = this.#clock.monotonic() - started >= shortWatch || this.#resourceVersion !== before;
      if (worked) streak = { ...streak, failures: 0 };
      else await this.#pause(streak.failures, signal, asked);
      if (signal.aborted) return 'stopped';
    }
  }

  #isSilent(error: unknown): boolean {
    return error instanceof ApiError && error.reason === 'WatchSilent' && !this.#heard;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    this.#heard = false;
    const { client, resource, idleSeconds } = this.#options;
    await client.watch<T>(resource, {
      ...this.#selection(),
      resourceVersion: this.#resourceVersion,
      signal,
      ...(idleSeconds === undefined ? {} : { idleSeconds }),
      onOpen: () => (this.#lastContact = this.#clock.monotonic()),
      onEvent: (event) => this.#onEvent(event),
    });
  }

  #onEvent(event: WatchEvent<T>): void {
    this.#heard = true;
    this.#lastContact = this.#clock.monotonic();
    const { metadata } = event.object as WithMetadata;
    if (event.type === 'ADDED' || event.type === 'MODIFIED')
      this.#emit(this.#cache.set(this.#kept(event.object)));
    else if (event.type === 'DELETED')
      this.#emit(this.#cache.delete(keyOf(event.object), this.#kept(event.object)));
    this.#resourceVersion = metadata?.resourceVersion ?? this.#resourceVersion;
  }

  #kept(object: T): T {
    const { managedFields, ...metadata } = object.metadata as typeof object.metadata & {
      managedFields?: unknown;
    };
    // A new object, because deleting a property turns V8's into a slow and larger dictionary.
    if (managedFields !== undefined) object.metadata = metadata;
    return this.#options.transform?.(object) ?? object;
  }

  #emit(changes: readonly InformerEvent<T>[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) {
        try {
          listener(change);
        } catch (error) {
          this.#options.logger?.error(
            { error, resource: this.resource.plural },
            'a listener of changes failed',
          );
        }
      }
    }
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector };
  }

  async #pause(failures: number, signal: AbortSignal, atLeast = 0): Promise<void> {
    const delay = Math.max(backOff(failures - 1, firstDelay, longestDelay), atLeast);
    await this.#clock.sleep(delay, signal).catch(() => undefined);
  }

  #report(error: unknown, message: string, signal: AbortSignal): void {
    if (signal.aborted) return;
    const { namespace } = this.#options;
    const { group, plural } = this.resource;
    this.#options.logger?.warn({ error, group, resource: plural, namespace }, message);
  }
}

/** Watches in a row that failed. */
interface Streak {
  readonly failures: number;
  readonly silences: number;
}

/** Why a watch cannot go on from the version seen last; undefined: it can. */
function mustList(error: unknown, { failures, silences }: Streak): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (error.isExpired || error.reason === 'UnreadableEvent') return error.reason;
  // Once is a dead connection. Twice may be a server that was put back to an earlier state: it accepts a version that
  // it has not reached yet, and says nothing until it has.
  if (silences >= 2) return error.reason;
  // Down is not suspect: a server that answers, but never with a watch, is.
  return error.status !== 0 && failures >= failuresBeforeList ? error.reason : undefined;
}
