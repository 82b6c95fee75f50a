/**
 * Asks the coordinators of many jobs for their progress, in the background: a pass reads what was heard last and never
 * waits for a coordinator. At most so many questions are under way, and so many are asked a second, whatever the number
 * of jobs: with more of them each is asked less often.
 *
 * A coordinator runs what its job's author likes. One that hangs must not keep others waiting: those that have not
 * answered last time are asked by takers of their own, and namespaces take turns with either.
 *
 *   follow ──► unheard ──(answer)──► heard ──(none)──► unheard, later and later
 */
import { connect as connectTcp } from 'node:net';
import {
  channelCredentials,
  connectStatus,
  isReplyRefused,
  type StatusClient,
  type TlsPem,
} from '@wsi-operator/protocol';
import { canonicalJson, sha256, WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import { WorkQueue } from '@wsi-operator/controller/queue';
import type { TrainingProgress } from '../plan/training-progress.ts';
import { askProgress } from './ask-progress.ts';

export interface CoordinatorTarget {
  /** `HOST:PORT`; of a pod that is replaced, another. */
  readonly address: string;
  /** The name in the coordinator's certificate, where it is dialled by address. */
  readonly serverName?: string;
  /** Without it the connection has no TLS. */
  readonly pem?: TlsPem;
}

export interface ProgressPollerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two questions to one coordinator, at least. */
  readonly intervalMilliseconds: number;
  /** Called when a coordinator says something new or falls silent, with the name it is followed under. */
  readonly onChange: (name: string) => void;
  /** Questions under way, of the coordinators that have answered last time and as many of the others. */
  readonly concurrency?: number;
  readonly questionsPerSecond?: number;
}

/** Above this interval a connection is not worth keeping from one question to the next. */
const KEEP_CONNECTION_MILLISECONDS = 15_000;
const REACH_MILLISECONDS = 1_000;
const ANSWER_MILLISECONDS = 5_000;
const FIRST_RETRY_MILLISECONDS = 1_000;
const LONGEST_RETRY_MILLISECONDS = 60_000;
/** Of the takers, so many may be at one namespace's coordinators. */
const GROUP_SHARE = 0.75;

interface Followed {
  readonly target: CoordinatorTarget;
  /** Kept from one connection to the next: to read certificates and keys takes longer than to use them. */
  credentials: ReturnType<typeof channelCredentials> | undefined;
  client: StatusClient | undefined;
  progress: TrainingProgress | undefined;
  /** Of the progress. */
  digest: string;
  /** The last answer was larger than a coordinator's, or none that can be read. */
  refused: boolean;
  failures: number;
  /** When it answered last, or was first to be asked (monotonic milliseconds). */
  heard: number;
}

export class ProgressPoller {
  readonly #options: ProgressPollerOptions;
  /** Coordinators that have answered last time. */
  readonly #heard: WorkQueue;
  /** All others: new ones, and those that hang, are gone or cannot be reached. */
  readonly #unheard: WorkQueue;
  readonly #concurrency: number;
  readonly #followed = new Map<string, Followed>();

  constructor(options: ProgressPollerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 8;
    const fair = { groupOf: namespaceOf, mostHeldOfGroup: Math.ceil(this.#concurrency * GROUP_SHARE) };
    this.#heard = new WorkQueue({ clock: options.clock, ...fair });
    this.#unheard = new WorkQueue({ clock: options.clock, ...fair });
  }

  /** Number of coordinators that are asked. */
  get size(): number {
    return this.#followed.size;
  }

  /** Connections that are open. */
  get connections(): number {
    return [...this.#followed.values()].filter(({ client }) => client !== undefined).length;
  }

  /** Asks this coordinator from now on; repeated calls with the same target change nothing. */
  follow(name: string, target: CoordinatorTarget): void {
    const known = this.#followed.get(name);
    if (known !== undefined && isSame(known.target, target)) return;
    if (known !== undefined) disconnect(known);
    // What its predecessor said last is still true: a run does not lose its steps with the process.
    this.#followed.set(name, {
      target,
      credentials: undefined,
      client: undefined,
      progress: known?.progress,
      digest: known?.digest ?? '',
      refused: false,
      failures: 0,
      heard: this.#options.clock.monotonic(),
    });
    // A pod that has just been started does not listen yet.
    this.#unheard.addAfter(name, FIRST_RETRY_MILLISECONDS);
  }

  /** Ends the connection and forgets what was heard. */
  forget(name: string): void {
    const known = this.#followed.get(name);
    if (known === undefined) return;
    disconnect(known);
    this.#followed.delete(name);
  }

  /** What the coordinator said last; undefined before its first answer and once it answers no more. */
  latest(name: string): TrainingProgress | undefined {
    return this.#followed.get(name)?.progress;
  }

  /** Whether it has answered last time, but not in a way that can be taken. */
  refused(name: string): boolean {
    return this.#followed.get(name)?.refused ?? false;
  }

  /** For how long it has not answered although it is asked, in milliseconds. */
  silentFor(name: string): number {
    const followed = this.#followed.get(name);
    return followed === undefined || followed.failures === 0
      ? 0
      : this.#options.clock.monotonic() - followed.heard;
  }

  /** Until the signal is aborted; then all connections are closed. */
  async run(signal: AbortSignal): Promise<void> {
    const close = (): void => {
      this.#heard.close();
      this.#unheard.close();
    };
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    const takers = Array.from({ length: this.#concurrency }, () => [
      this.#work(this.#heard),
      this.#work(this.#unheard),
    ]);
    await Promise.all(takers.flat());
    for (const name of [...this.#followed.keys()]) this.forget(name);
  }

  async #work(queue: WorkQueue): Promise<void> {
    for (let name = await queue.take(); name !== undefined; name = await queue.take()) {
      const followed = this.#followed.get(name);
      if (followed !== undefined) await this.#ask(name, followed);
      queue.done(name);
      const next = this.#followed.get(name);
      if (next === undefined) continue;
      // Another target is due already, as a new one.
      const failures = next === followed ? next.failures : 1;
      (failures === 0 ? this.#heard : this.#unheard).addAfter(name, this.#delay(failures));
    }
  }

  /** Never throws: what one coordinator says must not end the asking of the others. */
  async #ask(name: string, followed: Followed): Promise<void> {
    try {
      const { refused } = followed;
      const progress = await this.#answer(name, followed);
      const isCurrent = this.#followed.get(name) === followed;
      const tooSeldom = this.#interval() > KEEP_CONNECTION_MILLISECONDS;
      // A channel that fails would go on dialling a dead address by itself.
      if (progress === undefined || tooSeldom || !isCurrent) disconnect(followed);
      const digest = progress === undefined ? '' : sha256(canonicalJson(progress));
      const changed = digest !== followed.digest || refused !== followed.refused;
      Object.assign(followed, { progress, digest });
      if (changed && isCurrent) this.#options.onChange(name);
    } catch (error) {
      followed.failures += 1;
      disconnect(followed);
      this.#options.logger.error({ job: name, error: WsiError.from(error) }, 'an answer was not understood');
    }
  }

  async #answer(name: string, followed: Followed): Promise<TrainingProgress | undefined> {
    const { target } = followed;
    try {
      if (followed.client === undefined) await reach(target.address);
      followed.client ??= connect(followed);
      const peer = target.serverName ?? target.address;
      const progress = await askProgress(followed.client, peer, ANSWER_MILLISECONDS);
      Object.assign(followed, { failures: 0, refused: false, heard: this.#options.clock.monotonic() });
      return progress;
    } catch (thrown) {
      // Starting, busy or gone: the end of a pod is seen elsewhere.
      const error = WsiError.from(thrown);
      followed.failures += 1;
      followed.refused = isReplyRefused(error);
      // A stranger's words: of them only the kind goes into the operator's log.
      const { code, publicMessage: reason } = error;
      this.#options.logger.debug({ job: name, code, reason }, 'no progress heard');
      return undefined;
    }
  }

  #interval(): number {
    const spread = (this.#followed.size * 1000) / (this.#options.questionsPerSecond ?? 20);
    return Math.max(this.#options.intervalMilliseconds, spread);
  }

  #delay(failures: number): number {
    if (failures === 0) return this.#interval();
    // A coordinator that has just started answers soon: it is asked again sooner than one that runs.
    const retry = FIRST_RETRY_MILLISECONDS * 2 ** Math.min(failures - 1, 10);
    return Math.min(retry, LONGEST_RETRY_MILLISECONDS);
  }
}

/**
 * Throws when nobody listens at the address. A TCP connection costs a hundredth of a channel with TLS, of which a
 * thousand jobs whose coordinators are starting, or whose network is closed to the operator, would make many in vain.
 */
async function reach(address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connectTcp({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
      socket.setTimeout(REACH_MILLISECONDS, () => reject(new Error('nobody answers')));
    });
  } finally {
    socket.destroy();
  }
}

function connect(followed: Followed): StatusClient {
  const { address, serverName, pem } = followed.target;
  if (pem !== undefined) followed.credentials ??= channelCredentials(pem);
  const { credentials } = followed;
  return connectStatus(address, {
    ...(credentials === undefined ? {} : { credentials }),
    ...(serverName === undefined ? {} : { options: { 'grpc.ssl_target_name_override': serverName } }),
  });
}

function namespaceOf(name: string): string {
  return name.split('/', 1)[0] ?? '';
}

function disconnect(followed: Followed): void {
  followed.client?.close();
  followed.client = undefined;
}

function isSame(one: CoordinatorTarget, other: CoordinatorTarget): boolean {
  const samePem = one.pem?.certificate === other.pem?.certificate;
  return one.address === other.address && one.serverName === other.serverName && samePem;
}
