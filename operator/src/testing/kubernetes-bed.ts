/** A fake API server over HTTP with the operator's Kubernetes cluster on it, for tests: they play users and kubelets. */
import pino from 'pino';
import { KIND, type WsiTrainingJobStatus } from '@wsi-operator/api';
import type { KubernetesObject, ObjectReference, Resource } from '@wsi-operator/controller';
import {
  startFakeApiServer,
  type FakeApiServer,
  type FakeApiServerOptions,
} from '@wsi-operator/controller/testing';
import { systemClock, type Clock } from '@wsi-operator/foundation';
import { KubernetesCluster } from '../cluster/kubernetes/kubernetes-cluster.ts';
import { JOBS, PODS } from '../cluster/kubernetes/resources.ts';
import { DEFAULT_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import { Reconciler, type PassOutcome } from '../loop/reconciler.ts';
import { refuseBeyondRights } from './rights.ts';

export const NAMESPACE = 'default';
const silent = pino({ level: 'silent' });

export interface BedOptions {
  readonly settings?: Partial<ClusterSettings>;
  readonly namespaces?: readonly string[];
  readonly clock?: Clock;
  readonly server?: FakeApiServerOptions;
  readonly mayWrite?: () => boolean;
}

export interface RecordedEvent {
  readonly regarding: ObjectReference;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** A job as a user would write it; the API server's defaults are not filled in. */
export function manifest(name = 'lung', spec: object = {}): KubernetesObject {
  return {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: KIND,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      cohort: {
        table: '/data/cohort.csv',
        slides: '/data/slides',
        outcome: { type: 'classification', column: 'label' },
      },
      model: { head: { name: 'classification' } },
      workers: { replicas: 2 },
      ...spec,
    },
  };
}

export class KubernetesBed {
  readonly server: FakeApiServer;
  readonly cluster: KubernetesCluster;
  readonly reconciler: Reconciler;
  readonly events: RecordedEvent[] = [];
  readonly #options: BedOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(server: FakeApiServer, options: BedOptions) {
    const { clock = systemClock } = options;
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.server = server;
    this.#options = options;
    this.cluster = this.newCluster();
    this.reconciler = new Reconciler({ cluster: this.cluster, clock, logger: silent, settings });
    this.#running = this.cluster.run(this.#stop.signal);
  }

  /** With caches that are filled and follow. */
  static async start(options: BedOptions = {}): Promise<KubernetesBed> {
    const jobs = { ...JOBS, status: true };
    const server = await startFakeApiServer({
      ...options.server,
      authorize: (request, body) => refuseBeyondRights(request) ?? options.server?.authorize?.(request, body),
      resources: [jobs, ...(options.server?.resources ?? [])],
    });
    const bed = new KubernetesBed(server, options);
    await bed.cluster.synced;
    await until('watches are open', () => server.openWatches >= bed.cluster.caches.required.length);
    return bed;
  }

  /** As another process of the operator has it, or the same one when it is started again; it does not run yet. */
  newCluster(): KubernetesCluster {
    const { clock = systemClock, settings, namespaces = [], mayWrite } = this.#options;
    return new KubernetesCluster({
      client: this.server.newClient(),
      events: { record: (regarding, event) => void this.events.push({ regarding, ...event }) },
      clock,
      logger: silent,
      settings: { ...DEFAULT_SETTINGS, ...settings },
      namespaces,
      ...(mayWrite === undefined ? {} : { mayWrite }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.server.close();
  }

  /** Creates or changes a job and waits until the cache has it. */
  async submit(job: KubernetesObject = manifest()): Promise<KubernetesObject> {
    const known = this.server
      .objects(JOBS)
      .find(
        ({ metadata }) =>
          metadata.name === job.metadata.name && metadata.namespace === job.metadata.namespace,
      );
    const stored = this.server.put(JOBS, { ...job, metadata: { ...known?.metadata, ...job.metadata } });
    await this.settle();
    return stored;
  }

  /** Until the caches have everything that the server has; with frozen watches there is nothing to wait for. */
  async settle(): Promise<void> {
    const newest = this.server.resourceVersion;
    await until(`caches are at ${newest}`, () => {
      // Again and again: a watch may have been opened just now.
      this.server.sendBookmarks();
      return this.cluster.caches.required.every((cache) => cache.isAt(newest));
    });
  }

  /** One pass. */
  pass(name = 'lung'): Promise<PassOutcome> {
    return this.reconciler.reconcile(`${NAMESPACE}/${name}`);
  }

  /** Passes with caught-up caches, until one neither writes nor asks to be repeated at once. */
  async passes(name = 'lung', most = 10): Promise<void> {
    for (let round = 0; round < most; round += 1) {
      const before = this.server.resourceVersion;
      const outcome = await this.pass(name);
      if (outcome.kind === 'failed') throw outcome.error;
      await this.settle();
      const again = outcome.kind === 'done' && outcome.requeueAfterMilliseconds === 0;
      if (!again && this.server.resourceVersion === before) return;
    }
  }

  names(resource: Resource): string[] {
    return this.server
      .objects(resource)
      .map(({ metadata }) => metadata.name ?? '')
      .sort();
  }

  pod(name: string): KubernetesObject | undefined {
    return this.server.objects(PODS).find(({ metadata }) => metadata.name === name);
  }

  status(name = 'lung'): WsiTrainingJobStatus {
    const job = this.server.objects(JOBS).find(({ metadata }) => metadata.name === name);
    return job?.['status'] ?? {};
  }

  /** As a kubelet: pods that wait run. */
  startPods(): void {
    for (const pod of this.server.objects(PODS)) {
      const { phase } = (pod['status'] ?? {}) as { phase?: string };
      if (phase === undefined || phase === 'Pending')
        this.setPod(pod, { phase: 'Running', podIP: '127.0.0.1' });
    }
  }

  /** As a kubelet: the container has ended. */
  endPod(name: string, exitCode: number, message = ''): void {
    const pod = this.pod(name);
    if (pod === undefined) throw new Error(`no pod ${name}`);
    const time = new Date().toISOString();
    const state = { terminated: { exitCode, message, startedAt: time, finishedAt: time } };
    const container = { name: 'trainer', image: '', imageID: '', ready: false, restartCount: 0, state };
    const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
    this.setPod(pod, { phase, containerStatuses: [container] });
  }

  setPod(pod: KubernetesObject, status: object): void {
    this.server.put(PODS, { ...pod, status });
  }

  /** Requests by `VERB RESOURCE`, since the last call; watches and bookmarks aside. */
  takeRequests(): string[] {
    const requests = this.server.requests.splice(0);
    return requests
      .filter(({ verb }) => verb !== 'watch')
      .map(({ verb, resource, subresource }) => {
        const plural = resource?.plural ?? 'other';
        return `${verb} ${subresource === undefined ? plural : `${plural}/${subresource}`}`;
      });
  }
}

/** Waits for what another part of this process is about to do; a test's timeout ends a wait in vain. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  longestMilliseconds = 120_000,
): Promise<void> {
  const end = Date.now() + longestMilliseconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
