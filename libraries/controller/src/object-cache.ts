/**
 * Objects by key, with index maps: the memory of an informer. Objects are shared with all who read them and must not
 * be changed; nothing is copied.
 */
import { objectKey, type WithMetadata } from './objects.ts';

export type Indexer<T> = (object: T) => readonly string[];

export interface CacheChange<T> {
  readonly type: 'added' | 'updated' | 'deleted';
  /** The new state; of a deleted object the last that is known. */
  readonly object: T;
  /** The state before, of an updated object. */
  readonly old?: T;
}

const byNamespace = 'namespace';

export class ObjectCache<T extends WithMetadata> {
  readonly #objects = new Map<string, T>();
  readonly #indexers: ReadonlyMap<string, Indexer<T>>;
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Readonly<Record<string, Indexer<T>>>) {
    const namespace: Indexer<T> = (object) => {
      const own = object.metadata?.namespace;
      return own === undefined ? [] : [own];
    };
    this.#indexers = new Map([[byNamespace, namespace], ...Object.entries(indexers)]);
    for (const name of this.#indexers.keys()) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(byNamespace, namespace);
  }

  /** @throws RangeError when there is no such index. */
  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new RangeError(`no index "${index}"`);
    const result: T[] = [];
    for (const key of found.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) result.push(object);
    }
    return result;
  }

  /**
   * @returns What has changed: nothing for a state that is known already; two changes for another object of the same
   * name, so that nobody mistakes it for the old one.
   */
  set(object: T): CacheChange<T>[] {
    const key = keyOfObject(object);
    const old = this.#objects.get(key);
    if (old === undefined) {
      this.#put(key, undefined, object);
      return [{ type: 'added', object }];
    }
    const sameObject = old.metadata?.uid === object.metadata?.uid;
    if (sameObject && old.metadata?.resourceVersion === object.metadata?.resourceVersion) return [];
    this.#put(key, old, object);
    if (sameObject) return [{ type: 'updated', object, old }];
    return [
      { type: 'deleted', object: old },
      { type: 'added', object },
    ];
  }

  /** @param last - The object's last state, if more is known than what is held. */
  delete(key: string, last?: T): CacheChange<T>[] {
    const old = this.#objects.get(key);
    if (old === undefined) return [];
    this.#put(key, old, undefined);
    const final = last?.metadata?.uid === old.metadata?.uid ? last : undefined;
    return [{ type: 'deleted', object: final ?? old }];
  }

  #put(key: string, old: T | undefined, object: T | undefined): void {
    if (object === undefined) this.#objects.delete(key);
    else this.#objects.set(key, object);
    for (const [name, indexer] of this.#indexers) {
      const index = this.#indexes.get(name);
      if (index === undefined) continue;
      const before = old === undefined ? [] : indexer(old);
      const after = object === undefined ? [] : indexer(object);
      for (const value of before) {
        if (!after.includes(value)) removeFrom(index, value, key);
      }
      for (const value of after) {
        const keys = index.get(value);
        if (keys === undefined) index.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }
}

function removeFrom(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(value);
}

function keyOfObject(object: WithMetadata): string {
  return objectKey(object.metadata?.name ?? '', object.metadata?.namespace);
}
