/**
 * One parameter server as the coordinator sees it: waited for until it answers, given its range and the state of a version,
 * and watched until it is lost. {@link ServerGroup} makes one of all of them.
 */
import {
  callClientStream,
  callUnary,
  float64From,
  floatChunks,
  type CommitRequest,
  type ConfigureReply,
  type ConfigureRequest,
  type MeasureRequest,
  type PingReply,
  type RestoreChunk,
  type ServerRange,
  type Usage,
} from '@wsi-operator/protocol';
import { type Clock, type Logger, ownText, publicText, WsiError } from '@wsi-operator/foundation';
import type { ExactSquares } from '../../aggregate/exact-squares.ts';
import { connectMilliseconds, type ServerConnection } from '../../connections.ts';

export const callMilliseconds = 60_000;
const pingMilliseconds = 1_000;
const pingDeadlineMilliseconds = 15_000;
const farewellMilliseconds = 500;

export interface VersionState {
  readonly version: number;
  /** float32 [length] */
  readonly parameters: Float32Array;
  /**
   * The optimizer's slots, and `parameters@v` of older versions that steps to come still use: float32 [length] each.
   * Empty for a new run.
   */
  readonly state: Readonly<Record<string, Float32Array>>;
}

/** A server says that it will stop: there is time to save what it holds. */
export class ServerLeavingError extends WsiError {}

export class ParameterServer {
  readonly range: ServerRange;
  readonly connection: ServerConnection;
  /** The process that the generation began with. */
  instance = '';
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #noteUsage: (instance: string, usage: Usage) => void;

  /** @param options `noteUsage`: is given what each answer to a ping says of its process */
  constructor(
    range: ServerRange,
    options: {
      connection: ServerConnection;
      clock: Clock;
      logger: Logger;
      noteUsage: (instance: string, usage: Usage) => void;
    },
  ) {
    this.range = range;
    this.connection = options.connection;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#noteUsage = options.noteUsage;
  }

  /** Where a call goes, and how long it may take. */
  get target(): { peer: string; deadlineMilliseconds: number } {
    return { peer: this.range.address, deadlineMilliseconds: callMilliseconds };
  }

  /** Waits for the server. @throws the signal's reason, and nothing else */
  async reach(generation: number, signal: AbortSignal): Promise<PingReply> {
    let dialled = this.#clock.monotonic();
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        const reply = await this.#ping(generation, 2_000);
        if (!reply.leaving) return reply;
        throw new WsiError('Unavailable', publicText`it is about to stop`);
      } catch (error) {
        const level = attempt % 20 === 0 ? 'info' : 'debug';
        this.#logger[level](
          { server: this.range.address, reason: String(error) },
          'waiting for a parameter server',
        );
        if (this.#clock.monotonic() - dialled > connectMilliseconds) {
          this.connection.redial();
          dialled = this.#clock.monotonic();
        }
        await this.#clock.sleep(100, signal);
      }
    }
  }

  /** Returns when it is lost, restarted or about to stop ({@link ServerLeavingError}); throws only when `signal` is aborted. */
  async watch(generation: number, signal: AbortSignal): Promise<WsiError> {
    let lastSeen = this.#clock.monotonic();
    for (;;) {
      await this.#clock.sleep(pingMilliseconds, signal);
      try {
        const reply = await this.#ping(generation, 3_000);
        lastSeen = this.#clock.monotonic();
        if (reply.instance !== this.instance || reply.generation !== generation) {
          return this.#lost('a parameter server was replaced');
        }
        if (reply.leaving) {
          return new ServerLeavingError('Unavailable', 'a parameter server is stopping', {
            where: this.range.address,
            retryable: true,
          });
        }
      } catch (error) {
        const unreachable =
          error instanceof WsiError &&
          /ECONNREFUSED|ENOENT|No connection|Name resolution/.test(error.message);
        // A busy server may miss a ping; a dead one refuses the connection at once.
        if (unreachable || this.#clock.monotonic() - lastSeen > pingDeadlineMilliseconds) {
          return this.#lost('a parameter server was lost');
        }
      }
    }
  }

  /** Gives it its range; it forgets what it holds, or keeps it when it is at the generation to adopt (0: none). */
  configure(request: Omit<ConfigureRequest, 'start' | 'end'>): Promise<ConfigureReply> {
    const { start, end } = this.range;
    const { client } = this.connection;
    return callUnary(client.Configure.bind(client), { ...request, start, end }, this.target);
  }

  /** Gives it its part of a version. */
  async restore(generation: number, state: VersionState): Promise<void> {
    const { client } = this.connection;
    const chunks = restoreChunks(generation, state, this.range);
    await callClientStream<RestoreChunk, object>(client.Restore.bind(client), chunks, this.target);
  }

  /** Squares of its part of a step's gradient. */
  async measure(request: MeasureRequest): Promise<ExactSquares> {
    const { client } = this.connection;
    const { squares } = await callUnary(client.Measure.bind(client), request, this.target);
    return float64From(squares);
  }

  async commit(request: CommitRequest): Promise<void> {
    const { client } = this.connection;
    await callUnary(client.Commit.bind(client), request, this.target);
  }

  /** The run ends: a server that is stopping need not wait. One that does not answer is gone already. */
  async farewell(generation: number): Promise<void> {
    const { client } = this.connection;
    const limits = { peer: this.range.address, deadlineMilliseconds: farewellMilliseconds };
    await callUnary(client.Ping.bind(client), { generation, farewell: true }, limits).catch(() => undefined);
  }

  #lost(problem: string): WsiError {
    return new WsiError('Unavailable', ownText(problem), {
      where: ownText(this.range.address),
      retryable: true,
    });
  }

  async #ping(generation: number, deadlineMilliseconds: number): Promise<PingReply> {
    const { client } = this.connection;
    const limits = { peer: this.range.address, deadlineMilliseconds };
    const reply = await callUnary(client.Ping.bind(client), { generation, farewell: false }, limits);
    this.#noteUsage(reply.instance, reply.usage);
    return reply;
  }
}

function* restoreChunks(
  generation: number,
  state: VersionState,
  range: ServerRange,
): Generator<RestoreChunk> {
  const tensors = { parameters: state.parameters, ...state.state };
  for (const [tensor, values] of Object.entries(tensors)) {
    const part = values.subarray(range.start, range.end);
    // With more servers than the parameters can be divided among, the last ranges are empty: they have a version, too.
    const chunks = part.length === 0 ? [{ offset: 0, data: new Uint8Array(0) }] : floatChunks(part);
    for (const chunk of chunks) yield { generation, version: state.version, tensor, ...chunk };
  }
}
