/**
 * Everything of the API that a pass reads, in memory: jobs, and by the uid of their job the objects that the operator
 * made for them. A pass makes no request to observe a job.
 */
import type { KubernetesObject, Resource } from '@wsi-operator/controller';
import type { Clock } from '@wsi-operator/foundation';
import type { V1Pod } from '../../kubernetes-types.ts';
import { GonePods } from '../gone-pods.ts';
import { PodTimes } from '../pod-times.ts';
import type { JobKey } from '../port.ts';
import { isOf, JOBS, OWN_OBJECTS_SELECTOR, OWNED, PODS } from './resources.ts';
import {
  claimedJob,
  identityKey,
  isMade,
  jobKeyOf,
  keyOf,
  labelIndex,
  ownerIndex,
  ownership,
  type JobIdentity,
} from './ownership.ts';
import { objectId, OwnWrites } from './own-writes.ts';
import { isTakenUp, LargeSpecs, NO_ROOM } from './large-specs.ts';
import { ResourceCache, type CacheContext } from './resource-cache.ts';
import type { StoredJob } from './stored-job.ts';
import { LARGEST_SPEC, trimJob, trimObject, trimPod, type CachedPod } from './trim.ts';

const BY_OWNER = 'owner';
const BY_LABEL = 'label';

export interface ObjectCachesOptions extends CacheContext {
  readonly clock: Clock;
  /** A job, or something of it, may have changed. */
  readonly onChange: (key: JobKey) => void;
  readonly onJobGone: (key: JobKey, uid: string) => void;
  /** A pod has come that names a job as its owner, and there is no such job in its namespace. */
  readonly onStrayPod?: (pod: CachedPod, job: JobIdentity) => void;
}

export class ObjectCaches {
  readonly writes: OwnWrites;
  readonly gonePods: GonePods;
  readonly #podTimes: PodTimes;
  readonly #largeSpecs = new LargeSpecs();
  readonly #jobs: ResourceCache<StoredJob>;
  readonly #pods: ResourceCache<CachedPod>;
  readonly #owned: readonly ResourceCache<KubernetesObject>[];
  /** Of gangs: they come and go with the server's APIs. */
  readonly #added = new Set<ResourceCache<KubernetesObject>>();
  readonly #options: ObjectCachesOptions;

  constructor(options: ObjectCachesOptions) {
    this.#options = options;
    this.writes = new OwnWrites(options.clock, (object) => this.#isPast(object));
    this.gonePods = new GonePods(options.clock);
    this.#podTimes = new PodTimes(options.clock);
    this.#jobs = new ResourceCache<StoredJob>(options, {
      resource: JOBS,
      // In a first list there are those first that had room before: no run is let go for one that was never begun.
      trim: (job) => trimJob(job, this.#jobs.hasSynced || isTakenUp(job) ? this.#largeSpecs : NO_ROOM),
    });
    this.#jobs.onChange(({ type, object }) => this.#jobChanged(object, type === 'deleted'));
    this.#pods = new ResourceCache<CachedPod>(options, {
      resource: PODS,
      labelSelector: OWN_OBJECTS_SELECTOR,
      indexers: { [BY_OWNER]: ownerIndex, [BY_LABEL]: labelIndex },
      trim: trimPod,
    });
    this.#pods.onChange(({ type, object }) => {
      const claimed = claimedJob(object);
      if (claimed === undefined) return;
      const known = this.#isKnown(claimed);
      if (known && type === 'deleted' && isMade(object)) this.gonePods.deleted(claimed.uid, object);
      if (!known && type === 'added') options.onStrayPod?.(object, claimed);
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
      trim: trimObject,
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
    const cached = this.#cachedJob(key);
    if (cached === undefined) return undefined;
    return this.writes.latest(cached.metadata.uid, objectId(cached), cached);
  }

  /** As the cache has them; of one namespace or of all. */
  jobs(namespace?: string): StoredJob[] {
    return this.#jobs.list(namespace);
  }

  /** The API server's answer to a write of the job, or to a read that was newer than the cache. */
  jobWritten(job: StoredJob): void {
    this.writes.written(job.metadata.uid, this.trimmed(job));
  }

  /** As the cache keeps it, from an answer of the API server. */
  trimmed(job: StoredJob): StoredJob {
    const trimmed = trimJob(job, this.#largeSpecs);
    // Of one that is gone already no news will come that gives its room back; of a new one that takes it.
    if (!this.#isKnown(job.metadata)) this.#largeSpecs.release(job.metadata);
    return trimmed;
  }

  /** Whether a spec that had no room beside those of its namespace would have it now. */
  hasRoom({ oversized = 0, metadata }: StoredJob): boolean {
    const room = this.#largeSpecs.room(metadata.namespace, metadata.uid);
    return oversized > 0 && oversized <= Math.min(LARGEST_SPEC, room);
  }

  /** Those that were made for it. */
  pods(job: JobIdentity): readonly CachedPod[] {
    const made = this.#pods.byIndex(BY_OWNER, identityKey(job)).filter(isMade);
    return this.writes.overlay(job.uid, made, isPod);
  }

  /** Names of pods that would pass for the job's, by owner or by label, and were not made for it. */
  foreignPods(job: JobIdentity): readonly string[] {
    const owned = this.#pods.byIndex(BY_OWNER, identityKey(job));
    const labelled = this.#pods.byIndex(BY_LABEL, keyOf(job.namespace, job.name));
    const foreign = [...owned, ...labelled].filter((pod) => {
      const whose = ownership(pod, job);
      // A predecessor's go with it.
      if (pod.metadata.deletionTimestamp !== undefined || whose === 'former') return false;
      return whose === 'foreign' || !isMade(pod);
    });
    return [...new Set(foreign.map(({ metadata }) => metadata.name ?? ''))];
  }

  /** Pods of the job that somebody else has removed; to be asked after {@link pods}, and to be given those. */
  gone({ uid }: JobIdentity, pods: readonly CachedPod[]): readonly CachedPod[] {
    const isPast = (pod: V1Pod): boolean => this.#isPast(pod as CachedPod);
    return this.gonePods.list(uid, pods, isPast) as readonly CachedPod[];
  }

  /** Coordinators of the job that this process has removed, as they were last seen; to be asked after {@link gone}. */
  removed({ uid }: JobIdentity): readonly CachedPod[] {
    return this.gonePods.removed(uid) as readonly CachedPod[];
  }

  /** For how long pods of the job have been seen as they are; to be given those of {@link pods} and {@link gone}. */
  seenFor(
    { uid }: JobIdentity,
    pods: readonly CachedPod[],
    gone: readonly CachedPod[],
  ): ReadonlyMap<string, number> {
    return this.#podTimes.list(uid, pods, gone);
  }

  /** All but pods. */
  objects(job: JobIdentity): readonly KubernetesObject[] {
    const values = [identityKey(job), keyOf(job.namespace, job.name)];
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
      this.gonePods.forget(uid);
      this.#podTimes.forget(uid);
      this.#largeSpecs.release(job.metadata);
      this.#options.onJobGone(key, uid);
    }
    this.#options.onChange(key);
    if (this.#largeSpecs.takeFreed(namespace)) this.#reconcileRefused(namespace);
  }

  /** At the jobs whose specs may have room now: as many as would fit. */
  #reconcileRefused(namespace: string): void {
    let room = this.#largeSpecs.room(namespace);
    for (const { oversized, metadata } of this.jobs(namespace)) {
      if (oversized === undefined || oversized > Math.min(LARGEST_SPEC, room)) continue;
      room -= oversized;
      this.#options.onChange(keyOf(namespace, metadata.name));
    }
  }

  #follow(cache: ResourceCache<CachedPod> | ResourceCache<KubernetesObject>): void {
    (cache as ResourceCache<KubernetesObject>).onChange(({ type, object }) => {
      const owner = claimedJob(object);
      if (owner !== undefined) this.writes.seen(owner.uid, object, type === 'deleted');
      const key = jobKeyOf(object);
      // Labels may name jobs that there are not; of a new job its own event tells.
      if (key !== undefined && this.#cachedJob(key) !== undefined) this.#options.onChange(key);
    });
  }

  #cachedJob(key: JobKey): StoredJob | undefined {
    const [namespace = '', name = ''] = key.split('/');
    return this.#jobs.get(name, namespace);
  }

  #isKnown({ name, namespace, uid }: JobIdentity): boolean {
    return this.#cachedJob(keyOf(namespace, name))?.metadata.uid === uid;
  }
}

const isPod = (object: KubernetesObject): boolean => isOf(PODS, object.apiVersion, object.kind);
const isJob = (object: KubernetesObject): boolean => isOf(JOBS, object.apiVersion, object.kind);
