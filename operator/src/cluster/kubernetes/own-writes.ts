/**
 * Read-your-writes over caches that lag behind. What this process has written is kept until the cache has caught up, and
 * is laid over what the cache says; so a pass never plans from a state that is older than its own last write: it does not
 * create a pod again that the watch has not shown yet, nor count an end twice because the job's status is an old one.
 *
 * An entry goes when the cache holds the same or a newer version, when the cache has got past the entry's version (the
 * object may be gone again by then), when the object's deletion is reported, and after a while in any case: nothing that
 * the watch has merged away must leave a ghost.
 */
import type { KubernetesObject } from '@wsi-operator/controller';
import type { Clock } from '@wsi-operator/foundation';

const LIFETIME_MILLISECONDS = 30_000;

interface Entry {
  readonly object: KubernetesObject;
  /** `deleting`: asked to go; the version of the cached object says nothing about that. */
  readonly kind: 'written' | 'deleting';
  readonly time: number;
}

export class OwnWrites {
  readonly #clock: Clock;
  readonly #isPast: (object: KubernetesObject) => boolean;
  readonly #byOwner = new Map<string, Map<string, Entry>>();

  /** @param isPast whether the cache of the object's kind has got to the object's version */
  constructor(clock: Clock, isPast: (object: KubernetesObject) => boolean = () => false) {
    this.#clock = clock;
    this.#isPast = isPast;
  }

  /** Entries that are still laid over the caches. */
  get size(): number {
    return [...this.#byOwner.values()].reduce((sum, entries) => sum + entries.size, 0);
  }

  /** The API server's answer to a write, or to a read that was newer than the cache. */
  written(owner: string, object: KubernetesObject): void {
    const entries = this.#byOwner.get(owner);
    const before = entries?.get(objectId(object));
    // Answers may overtake each other.
    if (before?.kind === 'written' && isNewer(before.object, object)) return;
    const { managedFields: _unused, ...metadata } = object.metadata as typeof object.metadata & {
      managedFields?: unknown;
    };
    const kept = { ...object, metadata };
    this.#put(owner, { object: kept, kind: 'written', time: this.#clock.monotonic() });
  }

  /**
   * The deletion of the object with this uid is about to be asked for. To be called before the request: the news that the
   * object is gone may be here sooner than the answer.
   * @returns takes it back, for a request that has failed
   */
  deleting(owner: string, object: KubernetesObject, now: string): () => void {
    const id = objectId(object);
    const before = this.#byOwner.get(owner)?.get(id);
    const marked = { ...object, metadata: { ...object.metadata, deletionTimestamp: now } };
    const entry: Entry = { object: marked, kind: 'deleting', time: this.#clock.monotonic() };
    this.#put(owner, entry);
    return () => {
      if (this.#byOwner.get(owner)?.get(id) !== entry) return;
      if (before === undefined) this.#drop(owner, id);
      else this.#put(owner, before);
    };
  }

  /** To be called with every change of the caches. */
  seen(owner: string, object: KubernetesObject, gone: boolean): void {
    const entries = this.#byOwner.get(owner);
    const entry = entries?.get(objectId(object));
    if (entry === undefined) return;
    const same = entry.object.metadata.uid === object.metadata.uid;
    // A deletion that is reported for a predecessor of the same name says nothing about ours.
    if (gone ? same : hasCaughtUp(entry, object)) this.#drop(owner, objectId(object));
  }

  /** The object as of the later of the cache and our own writes. */
  latest<T extends KubernetesObject>(owner: string, id: string, cached: T | undefined): T | undefined {
    const entry = this.#valid(owner, id, cached);
    return entry === undefined ? cached : (entry.object as T);
  }

  /** The same for all objects of one owner; `accept` chooses what may be added. */
  overlay<T extends KubernetesObject>(
    owner: string,
    cached: readonly T[],
    accept: (object: KubernetesObject) => boolean,
  ): readonly T[] {
    const entries = this.#byOwner.get(owner);
    if (entries === undefined) return cached;
    const merged = new Map(cached.map((object) => [objectId(object), object]));
    for (const [id, entry] of [...entries]) {
      if (!accept(entry.object)) continue;
      const object = this.latest(owner, id, merged.get(id));
      if (object !== undefined) merged.set(id, object);
    }
    return [...merged.values()];
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }

  /** Drops what has expired: of jobs that nobody observes any more. To be called now and then. */
  sweep(): void {
    for (const [owner, entries] of [...this.#byOwner]) {
      for (const [id, entry] of [...entries]) if (this.#isExpired(entry)) this.#drop(owner, id);
    }
  }

  #valid(owner: string, id: string, cached: KubernetesObject | undefined): Entry | undefined {
    const entry = this.#byOwner.get(owner)?.get(id);
    if (entry === undefined) return undefined;
    const past = entry.kind === 'written' && this.#isPast(entry.object);
    const caughtUp = past || (cached !== undefined && hasCaughtUp(entry, cached));
    if (!caughtUp && !this.#isExpired(entry)) return entry;
    this.#drop(owner, id);
    return undefined;
  }

  #isExpired(entry: Entry): boolean {
    return this.#clock.monotonic() - entry.time > LIFETIME_MILLISECONDS;
  }

  #put(owner: string, entry: Entry): void {
    const entries = this.#byOwner.get(owner) ?? new Map<string, Entry>();
    entries.set(objectId(entry.object), entry);
    this.#byOwner.set(owner, entries);
  }

  #drop(owner: string, id: string): void {
    const entries = this.#byOwner.get(owner);
    entries?.delete(id);
    if (entries?.size === 0) this.#byOwner.delete(owner);
  }
}

/**
 * Unique among the objects of one owner. With the API's group: three queueing systems have a PodGroup, two a Workload,
 * and a job whose gang is changed has one of each for a moment, under one name.
 */
export function objectId({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : '';
  return `${group}/${kind}/${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

function hasCaughtUp(entry: Entry, cached: KubernetesObject): boolean {
  const same = cached.metadata.uid === entry.object.metadata.uid;
  if (entry.kind === 'deleting') return !same || cached.metadata.deletionTimestamp !== undefined;
  // With another uid of the same name the version still tells which of the two came later.
  return !isNewer(entry.object, cached);
}

/**
 * True when the first is a later version than the second. Resource versions are increasing numbers on every server that
 * keeps its objects in etcd (and by contract since Kubernetes 1.35); where they are not, the written one wins until it
 * is seen or expires.
 */
export function isNewer(one: KubernetesObject, other: KubernetesObject): boolean {
  const [a, b] = [one.metadata.resourceVersion ?? '', other.metadata.resourceVersion ?? ''];
  if (a === b) return false;
  return /^\d+$/.test(a) && /^\d+$/.test(b) ? BigInt(a) > BigInt(b) : true;
}
