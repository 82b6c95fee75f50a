/**
 * The cluster behind a Kubernetes API server. To observe a job reads caches only; what this process has written itself
 * is laid over them, so that a pass never plans from a state older than its own last write (see own-writes.ts).
 */
/* eslint-disable max-lines -- one method for each action and each observation of the port */
import type { ApiClient, KubernetesObject, ObjectReference } from '@wsi-operator/controller';
import { WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import {
  API_VERSION,
  KIND,
  type GangName,
  type WsiTrainingJob,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';
import type { Action, PlanEvent } from '../../job/actions.ts';
import { faultObserved } from '../../plan/fault.ts';
import { ProgressPoller } from '../../progress/progress-poller.ts';
import type { Cluster, JobKey, ObservedJob } from '../port.ts';
import type { ClusterSettings } from '../../job/settings.ts';
import type { Observed } from '../../plan/observed.ts';
import { JobListeners } from '../job-listeners.ts';
import { CertificateStore } from './certificate-store.ts';
import { Contests } from './contests.ts';
import { GangApis } from './gang-apis.ts';
import { JobObserver } from './job-observer.ts';
import { JobReader } from './job-reader.ts';
import { ObjectCaches } from './object-caches.ts';
import { ObjectWriter } from './object-writer.ts';
import { keyOf, type JobIdentity } from './ownership.ts';
import { Refusals } from './refusals.ts';
import { isOf, JOBS, OWNED, PODS } from './resources.ts';
import type { StoredJob } from './stored-job.ts';
import { StatusWriter } from './status-writer.ts';
import type { CachedPod } from './trim.ts';

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
  /** Called for each status that the API server does not store whole. */
  readonly onIncompleteStatus?: () => void;
}

const SWEEP_MILLISECONDS = 60_000;

export class KubernetesCluster implements Cluster {
  readonly caches: ObjectCaches;
  readonly #options: KubernetesClusterOptions;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #reader: JobReader;
  readonly #writer: ObjectWriter;
  readonly #statuses: StatusWriter;
  readonly #certificates: CertificateStore;
  readonly #poller: ProgressPoller;
  readonly #gangs: GangApis;
  readonly #observer: JobObserver;
  readonly #listeners = new JobListeners();
  /** The job of each pass under way, as it was observed: what is written belongs to it and to no successor. */
  readonly #observed = new Map<JobKey, StoredJob>();

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
      onChange: (key) => this.#listeners.notify(key),
      onJobGone: (key, uid) => this.#forget(key, uid),
      onStrayPod: (pod, job) => this.#reportStray(pod, job),
    });
    this.#reader = new JobReader(logger);
    const refusals = new Refusals(clock);
    const contests = new Contests(clock);
    this.#writer = new ObjectWriter({ client, caches: this.caches, clock, refusals, contests });
    this.#statuses = new StatusWriter({
      client,
      logger,
      remember: (job) => this.caches.jobWritten(job),
      report: (job, event) => this.#report(job, event),
      onIncomplete: () => options.onIncompleteStatus?.(),
    });
    this.#certificates = new CertificateStore({ client, clock, logger, refusals, contests });
    this.#poller = new ProgressPoller({
      clock,
      logger,
      intervalMilliseconds: options.settings.progressIntervalMilliseconds,
      onChange: (key) => this.#listeners.notify(key),
    });
    this.#gangs = new GangApis({
      client,
      clock,
      logger,
      caches: this.caches,
      namespaces: options.namespaces,
      onChange: () => this.#keys().forEach((key) => this.#listeners.notify(key)),
    });
    this.#observer = new JobObserver({
      caches: this.caches,
      certificates: this.#certificates,
      poller: this.#poller,
      gangs: this.#gangs,
      writer: this.#writer,
      contests,
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
    // What was removed until now may have been removed by the last leader.
    this.caches.gonePods.clear();
    const places = this.#options.namespaces.length === 0 ? [undefined] : this.#options.namespaces;
    for (const namespace of places) {
      for await (const page of this.#client.pages<StoredJob>(JOBS, { namespace, signal })) {
        for (const job of page.items) this.caches.jobWritten(job);
      }
    }
  }

  /** Asks coordinators for their progress until the signal is aborted; for the leader only. */
  async pollProgress(signal: AbortSignal): Promise<void> {
    await this.#poller.run(signal);
  }

  async observe(key: JobKey): Promise<ObservedJob | undefined> {
    const cached = this.caches.job(key);
    const stored = cached === undefined ? undefined : this.#statuses.latest(await this.#withSpec(cached));
    const before = this.#observed.get(key);
    this.#observed.delete(key);
    // What the last pass learned after the news that its job is gone must not stay for ever.
    if (before !== undefined && before.metadata.uid !== stored?.metadata.uid) {
      this.caches.writes.forget(before.metadata.uid);
      this.#forget(key, before.metadata.uid);
    }
    if (stored === undefined) return undefined;
    const read = this.#reader.read(key, stored);
    if (read.kind === 'elsewhere') return undefined;
    this.#observed.set(key, stored);
    const { job } = read;
    if (read.kind === 'job') return { job, observed: await this.#observeUnlessFault(key, job, stored) };
    const pods = this.caches.pods(identityOf(stored));
    return { job, observed: { pods, objects: [], gangs: [], invalid: read.message } };
  }

  /** The job with the spec for which there was no room before, if there is some now; its next news has the caches keep it. */
  async #withSpec(cached: StoredJob): Promise<StoredJob> {
    if (!this.caches.hasRoom(cached)) return cached;
    const { name, namespace, uid } = cached.metadata;
    const fresh = await this.#client.get<StoredJob>(JOBS, name, namespace);
    return fresh?.metadata.uid === uid ? this.caches.trimmed(fresh) : cached;
  }

  /** What is expected to fail (a request) throws; a fault of our own is reported as what is known of the job. */
  async #observeUnlessFault(key: JobKey, job: WsiTrainingJob, stored: StoredJob): Promise<Observed> {
    try {
      return await this.#observer.observe(key, job, identityOf(stored));
    } catch (error) {
      if (error instanceof WsiError) throw error;
      this.#options.logger.error({ key, error: WsiError.from(error) }, 'the job cannot be reconciled');
      return faultObserved(error);
    }
  }

  async apply(key: JobKey, action: Action): Promise<void> {
    this.#requireLead();
    const stored = this.#observedJob(key);
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
      case 'adopt': {
        const { apiVersion, objectKind: kind } = action;
        return this.#writer.adopt(job, this.#resourceOf({ apiVersion, kind }), action);
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

  async writeStatus(key: JobKey, status: WsiTrainingJobStatus): Promise<void> {
    this.#requireLead();
    await this.#statuses.write(this.#observedJob(key), status);
  }

  async emit(key: JobKey, events: readonly PlanEvent[]): Promise<void> {
    const stored = this.#observed.get(key);
    if (stored === undefined) return;
    for (const event of events) this.#report(stored, event);
  }

  #report({ metadata: { name, namespace, uid } }: StoredJob, { type, reason, message }: PlanEvent): void {
    const regarding = { apiVersion: API_VERSION, kind: KIND, name, namespace, uid };
    this.#options.events.record(regarding, { type, reason, message, action: reason });
  }

  /** Where it is, and not at the job that it names: that may be another tenant's. */
  #reportStray({ metadata: { name, namespace, uid } }: CachedPod, job: JobIdentity): void {
    if (this.#options.mayWrite?.() === false) return;
    const regarding = { apiVersion: 'v1', kind: 'Pod', name, namespace, uid } as ObjectReference;
    const message = `It names ${KIND} ${job.name} as its owner, and the job with this uid is not in its namespace. The operator takes no notice of it.`;
    const reason = 'OwnerNotFound';
    this.#options.events.record(regarding, { type: 'Warning', reason, message, action: reason });
  }

  watch(signal: AbortSignal, onChange: (key: JobKey) => void): void {
    this.#listeners.add(onChange, signal);
    this.#keys().forEach(onChange);
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

  #observedJob(key: JobKey): StoredJob {
    const stored = this.#observed.get(key);
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

  /** Of all jobs that there are. */
  #keys(): JobKey[] {
    return this.caches.jobs().map(({ metadata }) => keyOf(metadata.namespace, metadata.name));
  }

  #forget(key: JobKey, uid: string): void {
    this.#reader.forget(key);
    this.#writer.forget(uid);
    this.#statuses.forget(uid);
    this.#certificates.forget(uid);
    this.#poller.forget(key);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(SWEEP_MILLISECONDS, signal).catch(() => undefined);
      this.caches.writes.sweep();
      this.caches.gonePods.sweep();
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
