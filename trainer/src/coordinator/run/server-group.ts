/**
 * All parameter servers as one: versions are configured, restored, pulled, committed and saved over their ranges.
 * A server that cannot be reached, or that answers as a new process, ends the generation: {@link ServerGroup.watch} returns.
 */
import {
  callClientStream,
  placeChunk,
  readServerStream,
  type CommitRequest,
  type ConfigureReply,
  type PushChunk,
  type ServerRange,
  type Usage,
} from '@wsi-operator/protocol';
import { type Clock, type Logger, publicText, WsiError } from '@wsi-operator/foundation';
import type { Connections } from '../../connections.ts';
import { joinSquares, normOf } from '../../aggregate/exact-squares.ts';
import { pushChunks } from '../../push-chunks.ts';
import { planServerRanges } from '../../plan/plan.ts';
import type { ParameterSpace } from '../../plan/parameter-space.ts';
import { callMilliseconds, ParameterServer, type VersionState } from './parameter-server.ts';

/** A server process with the range that it was given. */
export interface ServerMember {
  readonly address: string;
  readonly start: number;
  readonly end: number;
  readonly instance: string;
}

/** What the servers hold of a run that another coordinator led. */
export interface AdoptedServers {
  /** The newest version on each server: they differ by a commit that did not reach all of them. */
  readonly versions: readonly number[];
  /** Body leaves that every server holds, by step. */
  readonly leaves: ReadonlyMap<number, ReadonlySet<number>>;
}

export class ServerGroup {
  readonly #servers: readonly ParameterServer[];
  readonly #space: ParameterSpace;
  readonly #usage = new Map<string, Usage>();
  #generation = 0;
  #connected = 0;

  constructor(
    addresses: readonly string[],
    options: { connections: Connections; space: ParameterSpace; clock: Clock; logger: Logger },
  ) {
    const ranges = planServerRanges(options.space.length, addresses.length);
    this.#servers = addresses.map(
      (address, index) =>
        new ParameterServer(
          { address, ...ranges[index]! },
          {
            connection: options.connections.parameterServer(address),
            clock: options.clock,
            logger: options.logger,
            noteUsage: (instance, usage) => this.#usage.set(`${address}/${instance}`, usage),
          },
        ),
    );
    this.#space = options.space;
  }

  get ranges(): ServerRange[] {
    return this.#servers.map(({ range }) => range);
  }

  get members(): ServerMember[] {
    return this.#servers.map(({ range, instance }) => ({ ...range, instance }));
  }

  get connected(): number {
    return this.#connected;
  }

  /** The last usage of every server process that was ever seen. */
  usages(): Usage[] {
    return [...this.#usage.values()];
  }

  /** The last usage of every server as it runs now. */
  current(): Usage[] {
    return this.#servers.flatMap(
      ({ range, instance }) => this.#usage.get(`${range.address}/${instance}`) ?? [],
    );
  }

  /** Server processes beyond the first of each. */
  get restarts(): number {
    return Math.max(0, this.#usage.size - this.#servers.length);
  }

  /** Waits for every server, gives each its range and the state of one version. */
  async begin(
    generation: number,
    optimizer: string,
    state: VersionState,
    signal: AbortSignal,
  ): Promise<void> {
    this.#generation = generation;
    this.#connected = 0;
    await Promise.all(
      this.#servers.map(async (server) => {
        await server.reach(generation, signal);
        const { instance } = await this.#configure(server, optimizer, 0);
        server.instance = instance;
        await server.restore(generation, state);
        this.#connected += 1;
      }),
    );
  }

  /**
   * Takes over what the servers hold of another coordinator's generation, if these are the very processes that it knew.
   * Undefined when one of them is not: then nothing can be said of what they hold, and {@link begin} sets it again.
   */
  async adopt(
    generation: number,
    optimizer: string,
    from: { readonly generations: readonly number[]; readonly servers: readonly ServerMember[] },
    signal: AbortSignal,
  ): Promise<AdoptedServers | undefined> {
    this.#generation = generation;
    this.#connected = 0;
    const found = await Promise.all(this.#servers.map((server) => server.reach(generation, signal)));
    const known = this.#servers.map(({ range }, index) => ({ ...range, instance: found[index]!.instance }));
    const same = JSON.stringify(known) === JSON.stringify(from.servers);
    if (!same || found.some((reply) => !from.generations.includes(reply.generation))) return undefined;
    const replies = await Promise.all(
      this.#servers.map((server, index) => this.#configure(server, optimizer, found[index]!.generation)),
    );
    const kept = replies.every(
      ({ adopted }, index) => adopted && replies[index]!.instance === known[index]!.instance,
    );
    if (!kept) return undefined;
    for (const [index, server] of this.#servers.entries()) server.instance = replies[index]!.instance;
    this.#connected = this.#servers.length;
    return {
      versions: replies.map(({ newestVersion }) => newestVersion),
      leaves: heldByAll(
        replies.filter((_reply, index) => this.#servers[index]!.range.start < this.#space.bodyLength),
      ),
    };
  }

  /** The run ends: servers that are stopping need not wait. */
  async farewell(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.farewell(this.#generation)));
  }

  /** Returns when a server is lost, restarted or about to stop ({@link ServerLeavingError}); throws only when `signal` is aborted. */
  async watch(signal: AbortSignal): Promise<WsiError> {
    const lost = await Promise.race(this.#servers.map((server) => server.watch(this.#generation, signal)));
    this.#connected = Math.max(0, this.#connected - 1);
    return lost;
  }

  /** float32 values of the half-open range of the whole vector at a version. */
  async pull(version: number, start: number, end: number, averaged = false): Promise<Float32Array> {
    const values = new Float32Array(end - start);
    await Promise.all(
      this.#servers.map(async ({ range, connection }) => {
        const from = Math.max(start, range.start);
        const to = Math.min(end, range.end);
        if (from >= to) return;
        const target = values.subarray(from - start, to - start);
        const request = { generation: this.#generation, version, start: from, end: to, averaged };
        const stream = connection.client.Pull(request, { deadline: Date.now() + callMilliseconds });
        await readServerStream(stream, range.address, (chunk) => placeChunk(target, chunk, range.address));
      }),
    );
    return values;
  }

  /** The head's gradient of a step: float32 [length - bodyLength]. */
  async pushHead(step: number, gradient: Float32Array): Promise<void> {
    await Promise.all(
      this.#servers.map(async (server) => {
        const start = Math.max(this.#space.bodyLength, server.range.start);
        const end = Math.max(this.#space.bodyLength, server.range.end);
        if (start >= end) return;
        const part = gradient.subarray(start - this.#space.bodyLength, end - this.#space.bodyLength);
        const header = {
          generation: this.#generation,
          step,
          segment: 'head',
          leaf: 0,
          leaves: 1,
          start,
          end,
        } as const;
        await callClientStream<PushChunk, object>(
          server.connection.client.Push.bind(server.connection.client),
          pushChunks(header, part),
          server.target,
        );
      }),
    );
  }

  /** The Euclidean norm of a step's gradient over all parameters that learn; the same bits for any number of servers. */
  async gradientNorm(step: number, leaves: number): Promise<number> {
    const request = { generation: this.#generation, step, leaves };
    const parts = await Promise.all(this.#servers.map((server) => server.measure(request)));
    return normOf(parts.reduce(joinSquares));
  }

  async commit(request: Omit<CommitRequest, 'generation'>): Promise<void> {
    const generation = this.#generation;
    await Promise.all(this.#servers.map((server) => server.commit({ generation, ...request })));
  }

  /** The whole state of the newest version. */
  async snapshot(version: number): Promise<VersionState> {
    const tensors = new Map<string, Float32Array>();
    await Promise.all(
      this.#servers.map(async ({ range, connection }) => {
        const request = { generation: this.#generation, version };
        const stream = connection.client.Snapshot(request, { deadline: Date.now() + callMilliseconds });
        await readServerStream(stream, range.address, (chunk) => {
          const whole = tensors.get(chunk.tensor) ?? new Float32Array(this.#space.length);
          tensors.set(chunk.tensor, whole);
          placeChunk(whole.subarray(range.start, range.end), chunk, range.address);
        });
      }),
    );
    const { parameters, ...state } = Object.fromEntries(tensors);
    if (parameters === undefined)
      throw new WsiError('Internal', publicText`the parameter servers sent no parameters`);
    return { version, parameters, state };
  }

  close(): void {
    for (const { connection } of this.#servers) connection.close();
  }

  #configure(server: ParameterServer, optimizer: string, adoptGeneration: number): Promise<ConfigureReply> {
    return server.configure({
      generation: this.#generation,
      bodyLength: this.#space.bodyLength,
      optimizer,
      decay: this.#space.decayRanges(),
      rates: [...this.#space.rateRanges],
      adoptGeneration,
    });
  }
}

/** Body leaves that are in every reply, by step. */
function heldByAll(replies: readonly ConfigureReply[]): Map<number, ReadonlySet<number>> {
  const [first, ...others] = replies.map(
    ({ steps }) => new Map(steps.map(({ step, leaves }) => [step, new Set(leaves)])),
  );
  const held = new Map<number, ReadonlySet<number>>();
  for (const [step, leaves] of first ?? []) {
    const everywhere = [...leaves].filter((leaf) =>
      others.every((other) => other.get(step)?.has(leaf) === true),
    );
    held.set(step, new Set(everywhere));
  }
  return held;
}
