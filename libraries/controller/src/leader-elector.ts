/**
 * One leader among several processes, by a Lease, as client-go does it: no clock is compared with another process's.
 * A holder is believed as long as its record was *seen to change* less than its duration ago, on one's own monotonic
 * clock.
 *
 * Why two never lead at once: a leader counts its time from before it sent a renewal that succeeded, at most
 * `renewDeadline`; then its signal is aborted. Another waits `leaseDuration` from when it saw that renewal, which is
 * later. What is left between, `leaseDuration - renewDeadline`, is the leader's time to stop. If its work has not
 * ended by then, `failStop` ends the process. What remains: a request that is already on its way, and a machine that
 * sleeps with its monotonic clock; so writes should be repeatable or carry a uid or resourceVersion. And who deletes
 * the Lease of a live leader lets a process that starts just then lead beside it for a retry period.
 */
/* eslint-disable max-lines -- the proof that two never lead needs the whole of the loop in view */
import { randomUUID } from 'node:crypto';
import { systemClock, WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import { ApiError } from './api-error.ts';
import type { ApiClient } from './api-client.ts';
import type { KubernetesObject, Resource } from './objects.ts';

const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

export interface LeaderElectorOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Readable; a random part is added, so that no two processes are ever the same holder. */
  readonly identity: string;
  /** Others wait this long after the last renewal that they saw. */
  readonly leaseDurationSeconds?: number | undefined;
  /** A leader stops this long after its last renewal. */
  readonly renewDeadlineSeconds?: number | undefined;
  readonly retryPeriodSeconds?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Ends the process, because its work goes on though another may lead from now on. Exits with 1 unless given. */
  readonly failStop?: (() => void) | undefined;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

interface Lease extends KubernetesObject {
  spec?: LeaseSpec;
}

/** The lease as it was seen last, and when it was first seen so. */
interface Observation {
  readonly lease: Lease;
  readonly time: number;
}

interface AttemptOptions {
  readonly signal: AbortSignal;
  readonly retry: false;
  readonly urgent: true;
}

export class LeaderElector {
  /** Holder of the lease while this process leads. */
  readonly identity: string;
  readonly #options: LeaderElectorOptions;
  readonly #clock: Clock;
  readonly #leaseDuration: number;
  readonly #renewDeadline: number;
  readonly #retryPeriod: number;
  #observed: Observation | undefined;
  /** Whether a write may rest on the observation, without reading the lease again. */
  #fresh = false;
  /** A write was sent that may have made this process the holder. */
  #mayHold = false;
  /** When the renewal that succeeded last was sent; undefined: does not lead. */
  #renewed: number | undefined;

  /** @throws WsiError InvalidArgument unless retryPeriod < renewDeadline < leaseDuration, with a second between. */
  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.identity = `${options.identity}_${randomUUID()}`;
    this.#leaseDuration = (options.leaseDurationSeconds ?? 15) * 1000;
    this.#renewDeadline = (options.renewDeadlineSeconds ?? 10) * 1000;
    this.#retryPeriod = (options.retryPeriodSeconds ?? 2) * 1000;
    if (this.#renewDeadline > this.#leaseDuration - 1000 || this.#retryPeriod * 1.2 >= this.#renewDeadline) {
      throw new WsiError('InvalidArgument', 'the times of the leader election do not fit', {
        remedy:
          'The lease must last at least 1 s longer than the renew deadline, and that longer than the retry period.',
      });
    }
  }

  /** By the clock: false as soon as the time is over, even before any timer could run. */
  get isLeader(): boolean {
    return this.#renewed !== undefined && this.#clock.monotonic() < this.#renewed + this.#renewDeadline;
  }

  /** Who leads, as far as this process has seen. */
  get leader(): string | undefined {
    const holder = this.#observed?.lease.spec?.holderIdentity;
    return holder === '' ? undefined : holder;
  }

  /**
   * Waits for the lead, then calls `lead` once.
   * @param lead - Must end soon after its signal. While it ends because of `signal`, the lease is kept; then it is
   * released, so that the next one takes over within its retry period.
   * @returns `stopped`: by the signal, or because `lead` returned; `lost`: the lease could not be renewed in time or
   * was taken; `lead` has ended. A process that has lost should start again.
   * @throws What `lead` throws; the lease is released then.
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<'stopped' | 'lost'> {
    if (!(await this.#acquire(signal))) {
      if (this.#mayHold) await this.#release();
      return 'stopped';
    }
    this.#options.logger?.info({ identity: this.identity }, 'became the leader');
    const term = new AbortController();
    const work = { ended: false };
    const workEnd = new AbortController();
    const onStop = (): void => term.abort(new WsiError('Cancelled', 'the leader was stopped'));
    signal.addEventListener('abort', onStop);
    if (signal.aborted) onStop();
    const leading = (async () => lead(term.signal))().finally(() => {
      work.ended = true;
      workEnd.abort();
    });
    // Its failure is thrown below, when the lease has been released.
    leading.catch(() => undefined);
    try {
      const kept = await this.#keep(workEnd.signal);
      if (!kept) {
        this.#options.logger?.error({ identity: this.identity }, 'lost the lead: stopping');
        term.abort(new WsiError('Cancelled', 'the lead was lost'));
        await this.#mustEnd(work, workEnd.signal);
      }
      if (kept) await this.#release();
      await leading;
      return kept ? 'stopped' : 'lost';
    } finally {
      this.#renewed = undefined;
      signal.removeEventListener('abort', onStop);
    }
  }

  /** @returns False when it was stopped before. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#attempt(signal, this.#clock.monotonic() + this.#renewDeadline)) return true;
      await this.#clock.sleep(this.#retryPeriod * (1 + Math.random() * 0.2), signal).catch(() => undefined);
    }
    return false;
  }

  /** Renews until the work has ended (true) or the lease is lost (false). */
  async #keep(workEnd: AbortSignal): Promise<boolean> {
    const ended = (): boolean => workEnd.aborted;
    while (!ended()) {
      const deadline = (this.#renewed ?? 0) + this.#renewDeadline;
      const left = deadline - this.#clock.monotonic();
      if (left <= 0) return false;
      await this.#clock.sleep(Math.min(this.#retryPeriod, left), workEnd).catch(() => undefined);
      if (ended()) break;
      const held = await this.#attempt(workEnd, deadline);
      if (!held && !ended() && this.#isTaken()) return false;
    }
    return true;
  }

  #isTaken(): boolean {
    return this.#observed !== undefined && this.#observed.lease.spec?.holderIdentity !== this.identity;
  }

  /**
   * One try to take or renew the lease, over at `deadline` whatever the server does.
   * @returns Whether this process holds it.
   */
  async #attempt(signal: AbortSignal, deadline: number): Promise<boolean> {
    const start = this.#clock.monotonic();
    const timer = new AbortController();
    const end = (): void => timer.abort();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const late = this.#clock.sleep(Math.max(0, deadline - start), timer.signal).then(
      () => 'late' as const,
      () => 'late' as const,
    );
    const call: AttemptOptions = { signal: timer.signal, retry: false, urgent: true };
    // Not only aborted but left behind: a client that does not end in time must not keep a leader from stopping.
    const taken = this.#takeOrRenew(start, call).catch((error: unknown) => {
      // What the server has now is unknown: read it before the next try.
      this.#fresh = false;
      if (!timer.signal.aborted)
        this.#options.logger?.warn({ error }, 'the lease could not be taken or renewed');
      return false;
    });
    const result = await Promise.race([taken, late]);
    timer.abort();
    signal.removeEventListener('abort', end);
    if (result === 'late') this.#fresh = false;
    if (result !== true || this.#clock.monotonic() >= start + this.#renewDeadline) return false;
    this.#renewed = start;
    return true;
  }

  async #takeOrRenew(start: number, call: AttemptOptions): Promise<boolean> {
    const known = this.#observed?.lease;
    if (this.#renewed !== undefined && this.#fresh && known !== undefined) {
      // A leader renews what it wrote without reading it again: one request.
      try {
        return await this.#write(known, start, call);
      } catch (error) {
        // Somebody has changed or deleted it: see at once who holds it now.
        if (!(error instanceof ApiError && (error.isConflict || error.isNotFound))) throw error;
      }
    }
    const { client, namespace, name } = this.#options;
    const lease = await client.get<Lease>(leases, name, namespace, call);
    // An attempt that was left behind must not touch what a later one knows.
    if (call.signal.aborted) return false;
    this.#observe(lease);
    return this.#mayTake() && this.#write(lease, start, call);
  }

  async #write(lease: Lease | undefined, start: number, call: AttemptOptions): Promise<boolean> {
    const { client } = this.#options;
    const spec = this.#nextSpec(lease?.spec);
    this.#mayHold = true;
    const written =
      lease === undefined
        ? await client.create<Lease>(leases, this.#newLease(spec), call)
        : await client.replace<Lease>(leases, { ...lease, spec }, call);
    if (call.signal.aborted) return false;
    this.#observed = { lease: written, time: start };
    this.#fresh = true;
    return true;
  }

  #observe(lease: Lease | undefined): void {
    // One that vanishes while it is held is believed like one that was seen last: its holder still leads.
    if (lease === undefined) return;
    const before = this.#observed?.lease.metadata;
    const { uid, resourceVersion } = lease.metadata;
    // Any change counts as the holder's sign of life: that errs on the safe side.
    const same = before?.uid === uid && before?.resourceVersion === resourceVersion;
    const time = this.#observed !== undefined && same ? this.#observed.time : this.#clock.monotonic();
    this.#observed = { lease, time };
  }

  #mayTake(): boolean {
    const spec = this.#observed?.lease.spec;
    const holder = spec?.holderIdentity ?? '';
    if (holder === '' || holder === this.identity) return true;
    // A leader that sees another holder has lost, even if that one has expired meanwhile.
    return this.#renewed === undefined && this.#expired(spec);
  }

  #expired(spec: LeaseSpec | undefined): boolean {
    const seconds = spec?.leaseDurationSeconds ?? 0;
    const duration = seconds > 0 ? seconds * 1000 : this.#leaseDuration;
    return this.#clock.monotonic() >= (this.#observed?.time ?? this.#clock.monotonic()) + duration;
  }

  #nextSpec(before: LeaseSpec | undefined): LeaseSpec {
    let now = microTime(this.#clock.now());
    // A write that changes nothing is not seen by others, and a clock may stand still.
    if (now === before?.renewTime) now = microTime(this.#clock.now() + 1);
    const mine = before?.holderIdentity === this.identity;
    return {
      ...before,
      holderIdentity: this.identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDuration / 1000),
      acquireTime: mine ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (mine || before === undefined ? 0 : 1),
    };
  }

  #newLease(spec: LeaseSpec): Lease {
    const { name, namespace } = this.#options;
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
  }

  async #release(): Promise<void> {
    const { client, logger } = this.#options;
    const timer = new AbortController();
    const call: AttemptOptions = { signal: timer.signal, retry: false, urgent: true };
    const late = this.#clock.sleep(this.#retryPeriod, timer.signal).catch(() => undefined);
    const release = async (): Promise<void> => {
      const { name, namespace } = this.#options;
      const lease = await client.get<Lease>(leases, name, namespace, call);
      if (lease?.spec?.holderIdentity !== this.identity) return;
      const now = microTime(this.#clock.now());
      const spec = {
        ...lease.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: now,
        acquireTime: now,
      };
      await client.replace<Lease>(leases, { ...lease, spec }, call);
    };
    const released = release().catch((error: unknown) => {
      // It expires by itself.
      if (!(error instanceof ApiError && error.isConflict))
        logger?.warn({ error }, 'the lease could not be released');
    });
    await Promise.race([released, late]);
    timer.abort();
  }

  /** Waits for the work's end, at the longest until another may take the lease. */
  async #mustEnd(work: { readonly ended: boolean }, workEnd: AbortSignal): Promise<void> {
    const until = (this.#renewed ?? 0) + this.#leaseDuration - 500;
    await this.#clock.sleep(Math.max(0, until - this.#clock.monotonic()), workEnd).catch(() => undefined);
    if (work.ended) return;
    this.#options.logger?.fatal(
      { identity: this.identity },
      'the work of a lost lead goes on: ending the process',
    );
    const { failStop = (): never => process.exit(1) } = this.#options;
    failStop();
  }
}

/** Kubernetes' MicroTime: for people only, nothing is decided by it. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
