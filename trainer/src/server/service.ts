/** The parameter server's gRPC service: messages in, calls on {@link ParameterShard} out. */
import { randomUUID } from 'node:crypto';
import type grpc from '@grpc/grpc-js';
import { type Logger, ownText, publicText, WsiError } from '@wsi-operator/foundation';
import {
  bytesOf,
  floatChunks,
  placeChunk,
  toServiceError,
  type CommitRequest,
  type ConfigureReply,
  type ConfigureRequest,
  type MeasureReply,
  type MeasureRequest,
  type PingReply,
  type PingRequest,
  type PullRequest,
  type PushChunk,
  type PushHeader,
  type RestoreChunk,
  type SnapshotRequest,
} from '@wsi-operator/protocol';
import { createOptimizer, type UpdateSpec } from '../optimizer/index.ts';
import { UsageMeter } from '../usage.ts';
import { ParameterShard } from './shard.ts';

export class ParameterServerService {
  readonly instance = randomUUID();
  readonly usage = new UsageMeter();
  /** Part of every answer to a ping. */
  leaving = false;
  readonly #logger: Logger;
  #shard: ParameterShard | undefined;
  /** When a coordinator last said that it is there, of the monotonic clock; -Infinity when it has said farewell. */
  #lastNeeded = -Infinity;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Handlers by the names of the .proto. */
  implementation(): grpc.UntypedServiceImplementation {
    return {
      Configure: unary((request: ConfigureRequest) => this.#configure(request)),
      Ping: unary((request: PingRequest) => this.#ping(request)),
      Measure: unary((request: MeasureRequest) => this.#measure(request)),
      Commit: unary((request: CommitRequest) => this.#commit(request)),
      Restore: clientStream(() => this.#restoring()),
      Push: clientStream(() => this.#pushing()),
      Pull: serverStream((request: PullRequest) => this.#pull(request)),
      Snapshot: serverStream((request: SnapshotRequest) => this.#snapshot(request)),
    };
  }

  /** Whether a coordinator is there that would miss what this server holds. */
  isNeeded(silenceMilliseconds: number): boolean {
    return performance.now() - this.#lastNeeded < silenceMilliseconds;
  }

  #configure(request: ConfigureRequest): ConfigureReply {
    if (request.adoptGeneration > 0) return this.#adopt(request);
    if (this.#shard !== undefined && request.generation < this.#shard.generation) {
      this.#shard.requireGeneration(request.generation);
    }
    const length = request.end - request.start;
    const decay = within(request, request.decay);
    const rates = within(request, request.rates);
    const optimizer = createOptimizer(JSON.parse(request.optimizer) as UpdateSpec, length, decay, rates);
    this.#shard = new ParameterShard(request.generation, request, optimizer);
    this.#lastNeeded = performance.now();
    this.#logger.info(
      { generation: request.generation, start: request.start, end: request.end },
      'parameter range taken',
    );
    return { instance: this.instance, adopted: false, newestVersion: 0, steps: [] };
  }

  #adopt(request: ConfigureRequest): ConfigureReply {
    const from = { generation: request.adoptGeneration, range: request };
    const adopted = this.#shard?.adopt(request.generation, from) === true;
    if (adopted) {
      this.#lastNeeded = performance.now();
      this.#logger.info({ generation: request.generation }, 'going on under a new coordinator');
    }
    return {
      instance: this.instance,
      adopted,
      newestVersion: Math.max(0, this.#shard?.newestVersion ?? 0),
      steps: this.#shard?.heldSteps ?? [],
    };
  }

  /** Workers ping, too, of generation 0: they need nothing that is only here. */
  #ping(request: PingRequest): PingReply {
    if (request.generation > 0 && request.generation === this.#shard?.generation) {
      this.#lastNeeded = request.farewell ? -Infinity : performance.now();
    }
    return {
      leaving: this.leaving,
      instance: this.instance,
      generation: this.#shard?.generation ?? 0,
      usage: this.usage.read(),
      newestVersion: Math.max(0, this.#shard?.newestVersion ?? 0),
    };
  }

  #measure(request: MeasureRequest): MeasureReply {
    return this.usage.timed('reduce', () => ({ squares: bytesOf(this.#configured().squares(request)) }));
  }

  #commit(request: CommitRequest): { version: number } {
    return this.usage.timed('update', () => ({ version: this.#configured().commit(request) }));
  }

  #restoring(): Receiver<RestoreChunk> {
    const tensors = new Map<string, { values: Float32Array; floats: number }>();
    let first: RestoreChunk | undefined;
    return {
      chunk: (chunk) => {
        const shard = this.#configured();
        shard.requireGeneration(chunk.generation);
        first ??= chunk;
        const tensor = tensors.get(chunk.tensor) ?? { values: new Float32Array(shard.length), floats: 0 };
        tensors.set(chunk.tensor, tensor);
        tensor.floats += placeChunk(tensor.values, chunk, chunk.tensor);
      },
      end: () => {
        const shard = this.#configured();
        if (first === undefined) throw new WsiError('InvalidArgument', publicText`an empty restore`);
        for (const [name, { floats }] of tensors) {
          if (floats !== shard.length) {
            throw new WsiError(
              'InvalidArgument',
              ownText(`${name}: ${floats} of ${shard.length} values arrived`),
            );
          }
        }
        const state = Object.fromEntries([...tensors].map(([name, { values }]) => [name, values]));
        shard.restore(first.version, state);
        this.#logger.info({ generation: shard.generation, version: first.version }, 'version restored');
      },
    };
  }

  #pushing(): Receiver<PushChunk> {
    let header: PushHeader | undefined;
    let gradient: Float32Array | undefined;
    let floats = 0;
    return {
      chunk: (chunk) => {
        if (header === undefined) {
          header = chunk.header ?? undefined;
          if (header === undefined)
            throw new WsiError('InvalidArgument', publicText`a push starts with its header`);
          // A leaf that is there already is read off the wire and dropped, without memory for it.
          if (this.#configured().wants(header)) gradient = new Float32Array(header.end - header.start);
        }
        this.usage.bytesReceived += chunk.data.byteLength;
        if (gradient !== undefined) floats += placeChunk(gradient, chunk, 'push');
      },
      end: () => {
        if (header === undefined) throw new WsiError('InvalidArgument', publicText`an empty push`);
        if (gradient === undefined) return;
        if (floats !== gradient.length) {
          throw new WsiError(
            'InvalidArgument',
            publicText`${floats} of ${gradient.length} gradient values arrived`,
          );
        }
        const [whole, at] = [gradient, header];
        this.usage.timed('reduce', () => this.#configured().push(at, whole));
      },
    };
  }

  #pull(request: PullRequest): Iterable<object> {
    const values = this.#configured().pull(request);
    this.usage.bytesSent += values.byteLength;
    return floatChunks(values);
  }

  *#snapshot(request: SnapshotRequest): Iterable<object> {
    const tensors = this.#configured().snapshot(request.generation, request.version);
    for (const [tensor, values] of Object.entries(tensors)) {
      for (const chunk of floatChunks(values)) yield { tensor, ...chunk };
    }
  }

  #configured(): ParameterShard {
    if (this.#shard === undefined) {
      throw new WsiError('StaleGeneration', publicText`this parameter server holds no range yet`);
    }
    return this.#shard;
  }
}

/** The parts of ranges of the whole vector that lie in this server's, relative to it. */
function within<T extends { readonly start: number; readonly end: number }>(
  server: { readonly start: number; readonly end: number },
  ranges: readonly T[],
): T[] {
  return ranges
    .map((range) => ({
      ...range,
      start: Math.max(range.start, server.start) - server.start,
      end: Math.min(range.end, server.end) - server.start,
    }))
    .filter(({ start, end }) => start < end);
}

interface Receiver<Chunk> {
  chunk(chunk: Chunk): void;
  end(): void;
}

function unary<Request, Reply>(handle: (request: Request) => Reply) {
  return (call: grpc.ServerUnaryCall<Request, Reply>, callback: grpc.sendUnaryData<Reply>): void => {
    try {
      callback(null, handle(call.request));
    } catch (error) {
      callback(toServiceError(error));
    }
  };
}

function clientStream<Chunk>(receiver: () => Receiver<Chunk>) {
  return (call: grpc.ServerReadableStream<Chunk, object>, callback: grpc.sendUnaryData<object>): void => {
    const receiving = receiver();
    let failed = false;
    const guarded = (action: () => void): void => {
      if (failed) return;
      try {
        action();
      } catch (error) {
        failed = true;
        callback(toServiceError(error));
      }
    };
    call.on('data', (chunk: Chunk) => guarded(() => receiving.chunk(chunk)));
    call.on('end', () => {
      guarded(() => receiving.end());
      if (!failed) callback(null, {});
    });
    // A sender that died: what it sent is dropped whole, and nobody waits for the reply.
    call.on('error', () => {
      failed = true;
    });
    call.on('cancelled', () => {
      failed = true;
    });
  };
}

function serverStream<Request>(handle: (request: Request) => Iterable<object>) {
  return (call: grpc.ServerWritableStream<Request, object>): void => {
    void sendAll(call, () => handle(call.request));
  };
}

async function sendAll<Request>(
  call: grpc.ServerWritableStream<Request, object>,
  chunks: () => Iterable<object>,
): Promise<void> {
  try {
    for (const chunk of chunks()) {
      if (call.cancelled || call.destroyed) return;
      if (!call.write(chunk)) await drained(call);
    }
    call.end();
  } catch (error) {
    call.emit('error', toServiceError(error));
  }
}

/** Waits until the stream takes more, or is gone. */
function drained(call: grpc.ServerWritableStream<unknown, object>): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'cancelled', 'close', 'error'] as const;
    const done = (): void => {
      for (const event of events) call.removeListener(event, done);
      resolve();
    };
    for (const event of events) call.on(event, done);
  });
}
