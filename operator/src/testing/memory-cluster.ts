/**
 * A cluster in memory whose pods do what a test makes them do, and whose calls fail when a test says so. It refuses
 * what a real one would: two pods of one name.
 */
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
import type { GangName, WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import { WsiError, type Clock } from '@wsi-operator/foundation';
import type { Cluster, JobKey, ObservedJob } from '../cluster/port.ts';
import type { EarlierModel } from '../autoscaling/index.ts';
import type { Observed } from '../plan/observed.ts';
import type { Refusal, Action, PlanEvent } from '../job/actions.ts';
import type { TrainingProgress } from '../plan/training-progress.ts';
import { GonePods } from '../cluster/gone-pods.ts';
import { JobListeners } from '../cluster/job-listeners.ts';
import { PodTimes } from '../cluster/pod-times.ts';
import { objectKey } from '../plan/owned-objects.ts';

const OWNER = 'job';

const KEY: JobKey = 'default/lung';

export type CallName = 'observe' | 'apply' | 'writeStatus';

class WatchedPods extends Map<string, V1Pod> {
  readonly #onDelete: (pod: V1Pod) => void;

  constructor(onDelete: (pod: V1Pod) => void) {
    super();
    this.#onDelete = onDelete;
  }

  override delete(name: string): boolean {
    const pod = this.get(name);
    if (pod !== undefined) this.#onDelete(pod);
    return super.delete(name);
  }

  override clear(): void {
    for (const name of [...this.keys()]) this.delete(name);
  }
}

export class MemoryCluster implements Cluster {
  job: WsiTrainingJob | undefined;
  progress: TrainingProgress | undefined;
  /** What a test takes away is reported with its last state, as by a watch. */
  readonly pods = new WatchedPods((pod) => this.#gone.deleted(OWNER, pod));
  /** By {@link objectKey}. */
  readonly objects = new Map<string, KubernetesObject>();
  certificates: Observed['certificates'];
  gangs: readonly GangName[] = [];
  refusals: readonly Refusal[] = [];
  earlierModel: EarlierModel | undefined;
  readonly events: PlanEvent[] = [];
  readonly log: string[] = [];
  /** Return true to make a call fail. */
  fault: (call: CallName, action?: Action) => boolean = () => false;
  readonly #clock: Clock;
  readonly #listeners = new JobListeners();
  readonly #gone: GonePods;
  readonly #times: PodTimes;
  #created = 0;

  constructor(job: WsiTrainingJob, clock: Clock) {
    this.job = job;
    this.#clock = clock;
    this.#gone = new GonePods(clock);
    this.#times = new PodTimes(clock);
  }

  async observe(): Promise<ObservedJob | undefined> {
    this.#maybeFail('observe');
    if (this.job === undefined) return undefined;
    const pods = [...this.pods.values()];
    const gone = this.#gone.list(OWNER, pods, () => true);
    return {
      job: this.job,
      observed: {
        pods,
        gone,
        seenFor: this.#times.list(OWNER, [...pods, ...gone]),
        objects: [...this.objects.values()],
        gangs: this.gangs,
        refusals: this.refusals,
        ...(this.earlierModel === undefined ? {} : { earlierModel: this.earlierModel }),
        ...(this.certificates === undefined ? {} : { certificates: this.certificates }),
        ...(this.progress === undefined ? {} : { progress: this.progress }),
      },
    };
  }

  async apply(_key: JobKey, action: Action): Promise<void> {
    this.#maybeFail('apply', action);
    this.log.push(action.kind);
    switch (action.kind) {
      case 'createPod':
        this.#create(action.object);
        break;
      case 'deletePod':
        this.#delete(action);
        break;
      case 'apply':
        this.objects.set(objectKey(action.object), action.object);
        break;
      case 'delete':
        this.#deleteObject(action);
        break;
      case 'issueCertificates': {
        const end = this.#clock.now() + action.request.validDays * 86_400_000;
        this.certificates = { notAfter: new Date(end).toISOString() };
        break;
      }
      case 'deleteJob':
        this.job = undefined;
        this.pods.clear();
        break;
    }
  }

  async writeStatus(_key: JobKey, status: WsiTrainingJobStatus): Promise<void> {
    this.#maybeFail('writeStatus');
    if (this.job !== undefined) this.job = { ...this.job, status };
  }

  async emit(_key: JobKey, events: readonly PlanEvent[]): Promise<void> {
    this.events.push(...events);
  }

  watch(signal: AbortSignal, onChange: (key: JobKey) => void): void {
    this.#listeners.add(onChange, signal);
    onChange(KEY);
  }

  notify(): void {
    this.#listeners.notify(KEY);
  }

  names(): string[] {
    return [...this.pods.keys()].sort();
  }

  /** Pending pods start to run. */
  start(): void {
    for (const [name, found] of this.pods) {
      if (found.status?.phase === 'Pending') this.pods.set(name, { ...found, status: { phase: 'Running' } });
    }
  }

  /** A process ends by itself; one that was asked to leave is gone. */
  end(name: string, exitCode: number, message = ''): void {
    const found = this.pods.get(name);
    if (found === undefined) return;
    if (found.metadata?.deletionTimestamp !== undefined) {
      this.pods.delete(name);
      return;
    }
    const time = new Date(this.#clock.now()).toISOString();
    const terminated = { exitCode, message, finishedAt: time, startedAt: time };
    const container = { name: 'trainer', image: '', imageID: '', ready: false, restartCount: 0 };
    const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
    this.pods.set(name, {
      ...found,
      status: { phase, containerStatuses: [{ ...container, state: { terminated } }] },
    });
  }

  #create(object: V1Pod): void {
    const name = object.metadata?.name ?? '';
    if (this.pods.has(name)) throw new Error(`two pods of one name: ${name}`);
    this.#created += 1;
    const metadata = { ...object.metadata, uid: `uid-${this.#created}` };
    const made = { ...object, metadata, status: { phase: 'Pending' } };
    this.pods.set(name, made);
    this.#gone.made(OWNER, made);
  }

  #delete({ name, uid, force }: Extract<Action, { kind: 'deletePod' }>): void {
    const found = this.pods.get(name);
    if (found === undefined || (uid !== undefined && uid !== found.metadata?.uid)) return;
    this.#gone.asked(OWNER, found.metadata?.uid ?? '');
    if (force === true) {
      this.pods.delete(name);
      return;
    }
    if (found.status?.phase === 'Failed' || found.status?.phase === 'Succeeded') this.pods.delete(name);
    else {
      const metadata = { ...found.metadata, deletionTimestamp: new Date(this.#clock.now()).toISOString() };
      this.pods.set(name, { ...found, metadata });
    }
  }

  #deleteObject(action: Extract<Action, { kind: 'delete' }>): void {
    if (action.objectKind === 'Secret') this.certificates = undefined;
    this.objects.delete(`${action.apiVersion}/${action.objectKind}/${action.name}`);
  }

  #maybeFail(call: CallName, action?: Action): void {
    if (this.fault(call, action)) throw new WsiError('Unavailable', `${call} refused`, { retryable: true });
  }
}
