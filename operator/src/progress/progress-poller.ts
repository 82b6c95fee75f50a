/**
 * Asks the coordinators of many jobs for their progress, in the background: a pass reads what was heard last and never
 * waits for a coordinator. At most so many questions are under way, and so many are asked a second, whatever the number
 * of jobs: with more of them each is asked less often.
 */
import { connect as connectTcp } from 'node:net';
import { channelCredentials, connectCoordinator, type CoordinatorClient, type TlsPem } from '@wsi/protocol';
import { canonicalJson, WsiError, type Clock, type Logger } from '@wsi/foundation';
import { WorkQueue } from '@wsi/controller/queue';
import type { TrainingProgress } from '../cluster/port.ts';
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
  readonly concurrency?: number;
  readonly questionsPerSecond?: number;
}

/** Above this interval a connection is not worth keeping from one question to the next. */
const KEEP_CONNECTION_MILLISECONDS = 15_000;
const REACH_MILLISECONDS = 1_000;
const FIRST_RETRY_MILLISECONDS = 1_000;
const LONGEST_RETRY_MILLISECONDS = 60_000;

interface Followed {
  readonly target: CoordinatorTarget;
  /** Kept from one connection to the next: to read certificates and keys takes longer than to use them. */
  credentials: ReturnType<typeof channelCredentials> | undefined;
  client: CoordinatorClient | undefined;
  progress: TrainingProgress | undefined;
  failures: number;
}

export class ProgressPoller {
  readonly #options: ProgressPollerOptions;
  readonly #queue: WorkQueue;
  readonly #followed = new Map<string, Followed>();

  constructor(options: ProgressPollerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock });
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
      failures: 0,
    });
    // A pod that has just been started does not listen yet.
    this.#queue.addAfter(name, FIRST_RETRY_MILLISECONDS);
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

  /** Until the signal is aborted; then all connections are closed. */
  async run(signal: AbortSignal): Promise<void> {
    const close = (): void => this.#queue.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    await Promise.all(Array.from({ length: this.#options.concurrency ?? 16 }, () => this.#work()));
    for (const name of [...this.#followed.keys()]) this.forget(name);
  }

  async #work(): Promise<void> {
    for (let name = await this.#queue.take(); name !== undefined; name = await this.#queue.take()) {
      const followed = this.#followed.get(name);
      if (followed !== undefined) await this.#ask(name, followed);
      this.#queue.done(name);
      if (this.#followed.has(name)) this.#queue.addAfter(name, this.#delay(followed?.failures ?? 0));
    }
  }

  async #ask(name: string, followed: Followed): Promise<void> {
    const { target } = followed;
    let progress: TrainingProgress | undefined;
    try {
      if (followed.client === undefined) await reach(target.address);
      followed.client ??= connect(followed);
      progress = await askProgress(followed.client, target.serverName ?? target.address);
      followed.failures = 0;
    } catch (error) {
      // Starting, busy or gone: the end of a pod is seen elsewhere.
      followed.failures += 1;
      this.#options.logger.debug({ job: name, error: WsiError.from(error) }, 'no progress heard');
    }
    const tooSeldom = this.#interval() > KEEP_CONNECTION_MILLISECONDS;
    // A channel that fails would go on dialling a dead address by itself.
    if (progress === undefined || tooSeldom || this.#followed.get(name) !== followed) disconnect(followed);
    const changed = canonicalJson(progress ?? null) !== canonicalJson(followed.progress ?? null);
    followed.progress = progress;
    if (changed && this.#followed.get(name) === followed) this.#options.onChange(name);
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

function connect(followed: Followed): CoordinatorClient {
  const { address, serverName, pem } = followed.target;
  if (pem !== undefined) followed.credentials ??= channelCredentials(pem);
  const { credentials } = followed;
  return connectCoordinator(address, {
    ...(credentials === undefined ? {} : { credentials }),
    ...(serverName === undefined ? {} : { options: { 'grpc.ssl_target_name_override': serverName } }),
  });
}

function disconnect(followed: Followed): void {
  followed.client?.close();
  followed.client = undefined;
}

function isSame(one: CoordinatorTarget, other: CoordinatorTarget): boolean {
  const samePem = one.pem?.certificate === other.pem?.certificate;
  return one.address === other.address && one.serverName === other.serverName && samePem;
}
