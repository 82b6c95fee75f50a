/**
 * The cluster behind a Kubernetes API server. A look at a job reads caches only; what this process has written itself is
 * laid over them, so that a pass never plans from a world older than its own last deed (see own-writes.ts).
 */
import { ApiError, type ApiClient, type KubernetesObject, type ObjectReference } from '@wsi/controller';
import { WsiError, type Clock, type Logger } from '@wsi/foundation';
import { API_VERSION, KIND, type WsiTrainingJobStatus } from '@wsi/api';
import type { Action, PlanEvent } from '../../plan/actions.ts';
import { ProgressPoller } from '../../progress/progress-poller.ts';
import type { Cluster, ClusterSettings, GangName, JobKey, ObservedJob } from '../port.ts';
import { CertificateStore } from './certificate-store.ts';
import { GangApis } from './gang-apis.ts';
import { JobObserver } from './job-observer.ts';
import { JobReader } from './job-reader.ts';
import { KeyStream } from './key-stream.ts';
import { ObjectCaches, type StoredJob } from './object-caches.ts';
import { ObjectWriter } from './object-writer.ts';
import { keyOf, type JobIdentity } from './ownership.ts';
import { Refusals, staleWrite } from './refusals.ts';
import { FIELD_MANAGER, isOf, JOBS, OWNED, PODS } from './resources.ts';

/** Takes events without ever keeping its caller waiting; see EventRecorder. */
export interface EventSink {
  record(
    regarding: ObjectReference,
    event: {
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
      readonly action?: string;
    },
  ): void;
}

export interface KubernetesClusterOptions {
  readonly client: ApiClient;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: ClusterSettings;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** False: another process leads by now, nothing may be written any more. */
  readonly mayWrite?: () => boolean;
  /** See {@link CacheContext}. */
  readonly onList?: (resource: string, reason: string) => void;
}

const SWEEP_MILLISECONDS = 60_000;

export class KubernetesCluster implements Cluster {
  readonly caches: ObjectCaches;
  readonly #options: KubernetesClusterOptions;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #reader: JobReader;
  readonly #writer: ObjectWriter;
  readonly #certificates: CertificateStore;
  readonly #poller: ProgressPoller;
  readonly #gangs: GangApis;
  readonly #observer: JobObserver;
  readonly #keys = new KeyStream();
  /** The job of each pass under way, as it was looked at: what is written belongs to it and to no successor. */
  readonly #looked = new Map<JobKey, StoredJob>();

  constructor(options: KubernetesClusterOptions) {
    const { client, clock, logger } = options;
    this.#options = options;
    this.#client = client;
    this.#clock = clock;
    this.caches = new ObjectCaches({
      client,
      clock,
      logger,
      namespaces: options.namespaces,
      onList: options.onList,
      onChange: (key) => this.#keys.add(key),
      onJobGone: (key, uid) => this.#forget(key, uid),
    });
    this.#reader = new JobReader(logger);
    const refusals = new Refusals(clock);
    this.#writer = new ObjectWriter({ client, caches: this.caches, clock, refusals });
    this.#certificates = new CertificateStore({ client, clock, logger, refusals });
    this.#poller = new ProgressPoller({
      clock,
      logger,
      intervalMilliseconds: options.settings.progressIntervalMilliseconds,
      onChange: (key) => this.#keys.add(key),
    });
    this.#gangs = new GangApis({
      client,
      clock,
      logger,
      caches: this.caches,
      namespaces: options.namespaces,
      onChange: () => this.#addAll(),
    });
    this.#observer = new JobObserver({
      caches: this.caches,
      certificates: this.#certificates,
      poller: this.#poller,
      gangs: this.#gangs,
      writer: this.#writer,
      settings: options.settings,
    });
  }

  /** Resolves when every cache has been filled once; rejects when the cluster is stopped before. */
  get synced(): Promise<void> {
    return Promise.all([this.caches.synced, this.#gangs.ready]).then(() => undefined);
  }

  /** Gangs that jobs may use now. */
  get gangs(): readonly GangName[] {
    return this.#gangs.served;
  }

  /** Keeps the caches; until the signal is aborted. A follower runs this, too, so that it can take over at once. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.caches.run(signal), this.#gangs.run(signal), this.#sweep(signal)]);
  }

  /**
   * Reads the jobs once more from the API itself. To be done when leadership is taken over: the last leader's last
   * status (a job that has ended) may not have reached these caches yet.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    const places = this.#options.namespaces.length === 0 ? [undefined] : this.#options.namespaces;
    for (const namespace of places) {
      for await (const page of this.#client.pages<StoredJob>(JOBS, { namespace, signal })) {
        for (const job of page.items) this.caches.writes.written(job.metadata.uid, job);
      }
    }
  }

  /** Asks coordinators for their progress until the signal is aborted; for the leader only. */
  async pollProgress(signal: AbortSignal): Promise<void> {
    await this.#poller.run(signal);
  }

  async observe(key: JobKey): Promise<ObservedJob | undefined> {
    const stored = this.caches.job(key);
    const before = this.#looked.get(key);
    this.#looked.delete(key);
    // What the last pass learned after the news that its job is gone must not stay for ever.
    if (before !== undefined && before.metadata.uid !== stored?.metadata.uid) {
      this.caches.writes.forget(before.metadata.uid);
      this.#forget(key, before.metadata.uid);
    }
    if (stored === undefined) return undefined;
    const read = this.#reader.read(key, stored);
    if (read.kind === 'elsewhere') return undefined;
    this.#looked.set(key, stored);
    const { job } = read;
    if (read.kind === 'job')
      return { job, observed: await this.#observer.observe(key, job, identityOf(stored)) };
    const pods = this.caches.pods(identityOf(stored));
    return { job, observed: { pods, objects: [], gangs: [], invalid: read.message } };
  }

  async apply(key: JobKey, action: Action): Promise<void> {
    this.#requireLead();
    const stored = this.#lookedAt(key);
    const job = identityOf(stored);
    switch (action.kind) {
      case 'apply':
        return this.#writer.apply(job, this.#resourceOf(action.object), wire(action.object));
      case 'delete':
      case 'patchStatus': {
        // Not in the caches.
        if (action.objectKind === 'Secret') return this.#certificates.remove(job, action.name);
        const found = this.#find(job, action);
        if (found === undefined) return;
        const resource = this.#resourceOf(found);
        if (action.kind === 'delete') return this.#writer.delete(job, resource, found);
        return this.#writer.patchStatus(job, resource, found, action);
      }
      case 'issueCertificates':
        return this.#certificates.issue(job, action.request);
      case 'createPod':
        await this.#writer.create(job, PODS, wire(action.object));
        return;
      case 'deletePod':
        return this.#deletePod(job, action);
      case 'deleteJob':
        return this.#deleteJob(stored);
    }
  }

  /**
   * Server-side apply of the whole status: one request, no read before it, and a field that is no longer in it goes.
   * It carries the version that the pass was planned from: whatever somebody else has written since (another leader's
   * status above all) is not overwritten, and the next pass starts from it.
   */
  async writeStatus(key: JobKey, status: WsiTrainingJobStatus): Promise<void> {
    this.#requireLead();
    const { name, namespace, uid, resourceVersion = '' } = this.#lookedAt(key).metadata;
    const object = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, namespace, uid, resourceVersion },
      status,
    };
    try {
      const options = { fieldManager: FIELD_MANAGER, force: true };
      const written = await this.#client.applyStatus<KubernetesObject>(JOBS, object, options);
      this.#remember(written as StoredJob);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Deleted since: there is nothing to write to.
      if (error.isNotFound) return;
      if (!error.isConflict) throw error;
      await this.#refresh(key);
      throw staleWrite(error);
    }
  }

  async emit(key: JobKey, events: readonly PlanEvent[]): Promise<void> {
    const stored = this.#looked.get(key);
    if (stored === undefined || events.length === 0) return;
    const { name, namespace, uid } = stored.metadata;
    const regarding = { apiVersion: API_VERSION, kind: KIND, name, namespace, uid };
    for (const { type, reason, message } of events) {
      this.#options.events.record(regarding, { type, reason, message, action: reason });
    }
  }

  async *watch(signal: AbortSignal): AsyncIterable<JobKey> {
    const keys = this.#keys.read(signal);
    this.#addAll();
    yield* keys;
  }

  #find(
    job: JobIdentity,
    { apiVersion, objectKind, name }: { apiVersion: string; objectKind: string; name: string },
  ): KubernetesObject | undefined {
    const isIt = (one: KubernetesObject): boolean =>
      one.apiVersion === apiVersion && one.kind === objectKind && one.metadata.name === name;
    return this.caches.objects(job).find(isIt);
  }

  async #deletePod(job: JobIdentity, action: Extract<Action, { kind: 'deletePod' }>): Promise<void> {
    const found = this.caches.pods(job).find((pod) => pod.metadata.name === action.name);
    if (found === undefined || (action.uid !== undefined && found.metadata.uid !== action.uid)) return;
    const options = action.force === true ? { gracePeriodSeconds: 0 } : {};
    await this.#writer.delete(job, PODS, found, options);
  }

  /** In the foreground: the name is free again only when nothing of the job is left. */
  async #deleteJob(job: StoredJob): Promise<void> {
    const { name, namespace, uid, deletionTimestamp } = job.metadata;
    if (deletionTimestamp !== undefined) return;
    const takeBack = this.caches.writes.deleting(uid, job, new Date(this.#clock.now()).toISOString());
    try {
      await this.#client.delete(JOBS, name, namespace, { uid, propagationPolicy: 'Foreground' });
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  async #refresh(key: JobKey): Promise<void> {
    const { name, namespace } = this.#lookedAt(key).metadata;
    const fresh = await this.#client.get<StoredJob>(JOBS, name, namespace);
    if (fresh !== undefined) this.#remember(fresh);
  }

  #remember(job: StoredJob): void {
    this.caches.writes.written(job.metadata.uid, job);
  }

  #lookedAt(key: JobKey): StoredJob {
    const stored = this.#looked.get(key);
    if (stored === undefined)
      throw new WsiError('NotFound', 'the job is gone', { where: key, retryable: true });
    return stored;
  }

  #resourceOf({ apiVersion, kind }: { apiVersion: string; kind: string }): (typeof OWNED)[number] {
    const known = [...OWNED, ...this.#gangs.resources].find((resource) => isOf(resource, apiVersion, kind));
    if (known !== undefined) return known;
    throw new WsiError('Unavailable', `the API server does not serve ${kind} of ${apiVersion}`, {
      retryable: true,
    });
  }

  #requireLead(): void {
    if (this.#options.mayWrite?.() === false) {
      throw new WsiError('Cancelled', 'another operator leads: nothing is written any more');
    }
  }

  #addAll(): void {
    for (const { metadata } of this.caches.jobs()) this.#keys.add(keyOf(metadata.namespace, metadata.name));
  }

  #forget(key: JobKey, uid: string): void {
    this.#reader.forget(key);
    this.#writer.forget(uid);
    this.#certificates.forget(uid);
    this.#poller.forget(key);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(SWEEP_MILLISECONDS, signal).catch(() => undefined);
      this.caches.writes.sweep();
    }
  }
}

function identityOf({ metadata }: StoredJob): JobIdentity {
  return { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
}

/** The plan's objects are the same plain data under other declarations. */
function wire(object: unknown): KubernetesObject {
  return object as KubernetesObject;
}
