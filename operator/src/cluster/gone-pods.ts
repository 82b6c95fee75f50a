/**
 * Pods that somebody else has removed. That a pod is not there says nothing: it may never have been made, or the operator
 * has removed it itself. So what was there is remembered, with its last state, until it has been planned from: a failure
 * is counted although a cleaner was faster, a finished run is not started over, and what is deleted again and again is
 * made again later and later. In memory only: an operator that is started again, or that takes over, begins with nothing.
 */
import type { Clock } from '@wsi-operator/foundation';
import type { V1Pod } from '../kubernetes-types.ts';
import { slotOf } from '../job/names.ts';

/** What nobody has asked about for so long (a suspended job's) is no news any more. */
const LIFETIME_MILLISECONDS = 600_000;

interface Gone {
  readonly pod: V1Pod;
  readonly time: number;
}

interface Job {
  /** Made by this process and not seen since, by name. */
  readonly made: Map<string, V1Pod>;
  /** Uids of pods that this process has asked to be removed. */
  readonly asked: Set<string>;
  /** Removed by others, by name. */
  readonly gone: Map<string, Gone>;
  /** Coordinators removed at this process' request, by name: what one says of its end comes after it was asked. */
  readonly removed: Map<string, Gone>;
}

export class GonePods {
  readonly #clock: Clock;
  readonly #jobs = new Map<string, Job>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Jobs of which something is remembered. */
  get size(): number {
    return this.#jobs.size;
  }

  /** This process has made a pod for the job with this uid. */
  made(owner: string, pod: V1Pod): void {
    const { made, gone, removed } = this.#job(owner);
    const name = pod.metadata?.name ?? '';
    made.set(name, pod);
    gone.delete(name);
    removed.delete(name);
  }

  /** This process removes a pod; to be called before it asks. @returns takes it back, for a request that has failed */
  asked(owner: string, uid: string): () => void {
    const { asked } = this.#job(owner);
    asked.add(uid);
    return () => void asked.delete(uid);
  }

  /** A pod is gone, and this is the last that was seen of it. */
  deleted(owner: string, pod: V1Pod): void {
    const { made, asked, gone, removed } = this.#job(owner);
    const { name = '', uid = '' } = pod.metadata ?? {};
    if (made.get(name)?.metadata?.uid === uid) made.delete(name);
    const last: Gone = { pod, time: this.#clock.monotonic() };
    if (!asked.delete(uid)) gone.set(name, last);
    // The last words of the others are nobody's to read, and a job may have thousands of them.
    else if (slotOf(pod)?.role === 'coordinator') removed.set(name, last);
  }

  /**
   * @param present pods of the job as they are now
   * @param isPast whether what is now is newer than the pod, so that it is gone if it is not among those present
   */
  list(owner: string, present: readonly V1Pod[], isPast: (pod: V1Pod) => boolean): readonly V1Pod[] {
    const job = this.#jobs.get(owner);
    if (job === undefined) return [];
    const names = new Map(present.map(({ metadata }) => [metadata?.name ?? '', metadata?.uid]));
    for (const [name, pod] of [...job.made]) {
      if (names.get(name) === pod.metadata?.uid) job.made.delete(name);
      else if (isPast(pod)) this.deleted(owner, pod);
    }
    for (const absent of [job.gone, job.removed]) {
      for (const name of [...absent.keys()]) if (names.has(name)) absent.delete(name);
    }
    this.#dropExpired(job);
    return [...job.gone.values()].map(({ pod }) => pod);
  }

  /** Coordinators that were removed as this process has asked, as they were last seen; to be called after {@link list}. */
  removed(owner: string): readonly V1Pod[] {
    return [...(this.#jobs.get(owner)?.removed.values() ?? [])].map(({ pod }) => pod);
  }

  forget(owner: string): void {
    this.#jobs.delete(owner);
  }

  /** Drops what has expired: of jobs that nobody observes any more. To be called now and then. */
  sweep(): void {
    for (const [owner, job] of [...this.#jobs]) {
      this.#dropExpired(job);
      const rest = job.made.size + job.asked.size + job.gone.size + job.removed.size;
      if (rest === 0) this.#jobs.delete(owner);
    }
  }

  clear(): void {
    this.#jobs.clear();
  }

  #dropExpired({ gone, removed }: Job): void {
    const now = this.#clock.monotonic();
    for (const absent of [gone, removed]) {
      for (const [name, { time }] of [...absent]) {
        if (now - time > LIFETIME_MILLISECONDS) absent.delete(name);
      }
    }
  }

  #job(owner: string): Job {
    const known = this.#jobs.get(owner) ?? {
      made: new Map(),
      asked: new Set(),
      gone: new Map(),
      removed: new Map(),
    };
    this.#jobs.set(owner, known);
    return known;
  }
}
