/**
 * Everything of the API that a pass reads, in memory: jobs, and by the uid of their job the objects that the operator
 * made for them. A pass makes no request to look at a job.
 */
import type { KubernetesObject, Resource } from '@wsi/controller';
import type { Clock } from '@wsi/foundation';
import type { JobKey } from '../port.ts';
import { isOf, JOBS, OWN_OBJECTS_SELECTOR, OWNED, PODS } from './resources.ts';
import { jobKeyOf, keyOf, ownerIndex, ownerOf, type JobIdentity } from './ownership.ts';
import { objectId, OwnWrites } from './own-writes.ts';
import { ResourceCache, type CacheContext } from './resource-cache.ts';
import { trimPod, type CachedPod } from './trim.ts';

const BY_OWNER = 'owner';

/** A job as the API has it: not validated. */
export interface StoredJob extends KubernetesObject {
  metadata: KubernetesObject['metadata'] & { name: string; namespace: string; uid: string };
  spec?: unknown;
  status?: unknown;
}

export interface ObjectCachesOptions extends CacheContext {
  readonly clock: Clock;
  /** A job, or something of it, may have changed. */
  readonly onChange: (key: JobKey) => void;
  readonly onJobGone: (key: JobKey, uid: string) => void;
}

export class ObjectCaches {
  readonly writes: OwnWrites;
  readonly #jobs: ResourceCache<StoredJob>;
  readonly #pods: ResourceCache<CachedPod>;
  readonly #owned: readonly ResourceCache<KubernetesObject>[];
  /** Of gangs: they come and go with the server's APIs. */
  readonly #added = new Set<ResourceCache<KubernetesObject>>();
  readonly #options: ObjectCachesOptions;

  constructor(options: ObjectCachesOptions) {
    this.#options = options;
    this.writes = new OwnWrites(options.clock, (object) => this.#isPast(object));
    this.#jobs = new ResourceCache<StoredJob>(options, { resource: JOBS });
    this.#jobs.onChange(({ type, object }) => this.#jobChanged(object, type === 'deleted'));
    this.#pods = new ResourceCache<CachedPod>(options, {
      resource: PODS,
      labelSelector: OWN_OBJECTS_SELECTOR,
      indexers: { [BY_OWNER]: ownerIndex },
      trim: trimPod,
    });
    this.#follow(this.#pods);
    this.#owned = OWNED.map((resource) => {
      const cache = this.ownedCache(resource);
      this.#follow(cache);
      return cache;
    });
  }

  /** Those that must be there before anything is decided. */
  get required(): readonly ResourceCache<never>[] {
    return [this.#jobs, this.#pods, ...this.#owned] as unknown as ResourceCache<never>[];
  }

  get hasSynced(): boolean {
    return this.required.every((cache) => cache.hasSynced);
  }

  get synced(): Promise<void> {
    return Promise.all(this.required.map((cache) => cache.synced)).then(() => undefined);
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.required.map((cache) => cache.run(signal)));
  }

  /** A cache of objects that jobs own, to be run by the caller and handed to {@link add}. */
  ownedCache(resource: Resource): ResourceCache<KubernetesObject> {
    return new ResourceCache<KubernetesObject>(this.#options, {
      resource,
      labelSelector: OWN_OBJECTS_SELECTOR,
      indexers: { [BY_OWNER]: ownerIndex },
    });
  }

  /** A cache of objects that administrators keep for all jobs. */
  sharedCache(resource: Resource): ResourceCache<KubernetesObject> {
    return new ResourceCache<KubernetesObject>(this.#options, { resource });
  }

  /** Lets passes see the objects of one more cache. */
  add(cache: ResourceCache<KubernetesObject>): void {
    this.#added.add(cache);
    this.#follow(cache);
  }

  remove(cache: ResourceCache<KubernetesObject>): void {
    this.#added.delete(cache);
  }

  /** The job as of the later of the cache and our own last write. */
  job(key: JobKey): StoredJob | undefined {
    const [namespace = '', name = ''] = key.split('/');
    const cached = this.#jobs.get(name, namespace);
    if (cached === undefined) return undefined;
    return this.writes.latest(cached.metadata.uid, objectId(cached), cached);
  }

  /** As the cache has them; for metrics. */
  jobs(): StoredJob[] {
    return this.#jobs.list();
  }

  pods({ uid }: JobIdentity): readonly CachedPod[] {
    return this.writes.overlay(uid, this.#pods.byIndex(BY_OWNER, uid), isPod);
  }

  /** All but pods. */
  objects(job: JobIdentity): readonly KubernetesObject[] {
    const values = [job.uid, keyOf(job.namespace, job.name)];
    const cached = [...this.#owned, ...this.#added].flatMap((cache) =>
      values.flatMap((value) => cache.byIndex(BY_OWNER, value)),
    );
    return this.writes.overlay(job.uid, cached, (object) => !isPod(object) && !isJob(object));
  }

  /** The caches are past this version of the object: whatever they say of it is newer. */
  #isPast({ apiVersion, kind, metadata }: KubernetesObject): boolean {
    const caches = [this.#jobs, this.#pods, ...this.#owned, ...this.#added];
    const cache = caches.find(({ resource }) => isOf(resource, apiVersion, kind));
    return cache?.isAt(metadata.resourceVersion ?? '', metadata.namespace) ?? false;
  }

  #jobChanged(job: StoredJob, gone: boolean): void {
    const { name, namespace, uid } = job.metadata;
    const key = keyOf(namespace, name);
    this.writes.seen(uid, job, gone);
    if (gone) {
      this.writes.forget(uid);
      this.#options.onJobGone(key, uid);
    }
    this.#options.onChange(key);
  }

  #follow(cache: ResourceCache<CachedPod> | ResourceCache<KubernetesObject>): void {
    (cache as ResourceCache<KubernetesObject>).onChange(({ type, object }) => {
      const owner = ownerOf(object);
      if (owner !== undefined) this.writes.seen(owner.uid, object, type === 'deleted');
      const key = jobKeyOf(object);
      if (key !== undefined) this.#options.onChange(key);
    });
  }
}

const isPod = (object: KubernetesObject): boolean => isOf(PODS, object.apiVersion, object.kind);
const isJob = (object: KubernetesObject): boolean => isOf(JOBS, object.apiVersion, object.kind);
