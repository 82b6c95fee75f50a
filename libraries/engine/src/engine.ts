/** Computation on TensorFlow without ever blocking the caller's thread. */
import { ownText, peakResidentBytes, publicText, WsiError } from '@wsi-operator/foundation';
import { once } from 'node:events';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { inputOf, type Tiles } from './network/input.ts';
import { embeddingSize, type Network } from './network/network.ts';
import { parameterLayout } from './network/parameters.ts';
import { librarySettings } from './thread/library-settings.ts';
import type { EngineAnswer, EngineCall, EngineThreadData } from './thread/protocol.ts';

export interface EngineOptions {
  readonly network: Network;
  /** TensorFlow's threads within an operation. The results' bits depend on it, so it belongs to the job. */
  readonly threads: number;
  readonly device?: 'cpu' | 'gpu';
}

/** Parameters that are resident in an engine, from `loadParameters` until `release`. */
export interface ParameterSet {
  readonly version: number | string;
}

export interface Embedded {
  /** [n, d], row by row. */
  readonly embeddings: Float32Array;
  /** [n] raw scores a_i; zeros where the aggregator has none. */
  readonly attention: Float32Array;
}

/** What a shard needs to know of its bag for its share of the gradient. */
export interface BagCotangent {
  /** g = dL/dz, [d]. */
  readonly bagGradient: Float32Array;
  /** z = sum_i softmax(a)_i h_i, [d]. */
  readonly bagEmbedding: Float32Array;
  /** log sum_i exp(a_i) over the bag; log N where the aggregator has no scores. */
  readonly logSumExp: number;
}

export interface EngineStatistics {
  /** Seconds that the engine's thread spent on embeddings. */
  readonly forwardSeconds: number;
  /** Seconds that it spent on gradients, their forward part included. */
  readonly backwardSeconds: number;
  /** Peak resident memory of the whole process, in bytes. */
  readonly peakMemoryBytes: number;
  /** Parameter sets held now. */
  readonly parameterSets: number;
}

interface Pending {
  readonly kind: EngineCall['kind'];
  resolve(result: readonly Float32Array[]): void;
  reject(error: WsiError): void;
}

const THREAD = new URL('./thread/main.ts', import.meta.url);

/**
 * One network on one device. Calls are answered in order; several may be under way. Every result depends only on the
 * call's arguments, the network, the device type and the thread count: the same bits in every process on machines of
 * one kind.
 */
export class Engine {
  readonly network: Network;
  /** What of the user's own settings of TensorFlow counts, or does not, for the log of the process. */
  readonly notices: readonly string[];
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #sets = new WeakMap<ParameterSet, number>();
  readonly #d: number;
  readonly #length: number;
  #nextId = 1;
  #forwardSeconds = 0;
  #backwardSeconds = 0;
  #parameterSets = 0;
  #failure: WsiError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(network: Network, worker: Worker, notices: readonly string[]) {
    this.network = network;
    this.notices = notices;
    this.#worker = worker;
    this.#d = embeddingSize(network);
    this.#length = parameterLayout(network).length;
    worker.on('message', (answer: EngineAnswer) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(WsiError.from(error, 'EngineFailed')));
    worker.on('exit', (code) =>
      this.#fail(
        new WsiError('EngineFailed', publicText`The engine is closed (its thread ended with ${code}).`),
      ),
    );
  }

  /**
   * Loads TensorFlow on a thread of its own and compiles the network's graphs.
   * @throws WsiError `InvalidArgument` for the options, and for settings of the environment that a GPU's numbers do not allow; `EngineFailed` when TensorFlow cannot be loaded, or is loaded
   *   in this process with another thread count
   */
  static async start({ network, threads, device = 'cpu' }: EngineOptions): Promise<Engine> {
    parameterLayout(network);
    if (!Number.isInteger(threads) || threads < 1) {
      throw new WsiError('InvalidArgument', publicText`TensorFlow cannot use ${threads} threads.`, {
        where: 'threads',
        remedy: publicText`Choose a whole number of 1 or more.`,
      });
    }
    // Refused here as there; afterwards the environment has what the thread has set.
    const { notices } = librarySettings({ threads, device }, process.env);
    const workerData: EngineThreadData = { network, threads, device };
    // libtensorflow reads the environment of the process, which a thread reaches only when it is shared.
    const worker = new Worker(THREAD, { workerData, env: SHARE_ENV, name: 'wsi-engine' });
    const engine = new Engine(network, worker, notices);
    await new Promise<unknown>((resolve, reject) => {
      engine.#pending.set(0, { kind: 'load', resolve, reject });
    });
    return engine;
  }

  /**
   * Makes parameters resident. `data` [layout.length] is used in place when its buffer is shared (SharedArrayBuffer),
   * and must not change before `release`; otherwise it is copied.
   * @throws WsiError `InvalidArgument` when the length is wrong
   */
  loadParameters(version: number | string, data: Float32Array): ParameterSet {
    this.#require('parameters', data.length, this.#length);
    const set: ParameterSet = { version };
    const parameters = this.#nextId;
    this.#sets.set(set, parameters);
    this.#callWithoutAnswer({ kind: 'load', parameters, data });
    return set;
  }

  /** Frees parameters after the calls that were made with them. Releasing twice does nothing. */
  release(set: ParameterSet): void {
    const parameters = this.#sets.get(set);
    if (parameters === undefined) return;
    this.#sets.delete(set);
    this.#callWithoutAnswer({ kind: 'release', parameters });
  }

  /**
   * Embeddings and scores of `n` tiles: bytes [n, size, size, 3] RGB, or without an encoder features, float32 [n, d].
   * @throws WsiError `InvalidArgument` for sizes; `EngineFailed` from TensorFlow; `Diverged` when a result is not finite
   */
  async embed(parameters: ParameterSet, tiles: Tiles, n: number): Promise<Embedded> {
    this.#requireTiles(tiles, n);
    const call = { kind: 'embed', parameters: this.#resident(parameters), tiles, n } as const;
    const [embeddings, attention] = await this.#call(call);
    return { embeddings: embeddings!, attention: attention! };
  }

  /**
   * The shard's share of the gradient of the bag's loss, flat [layout.length]: that of
   * sum_i sg(w_i) * (<g, h_i> + sg(<g, h_i - z>) * a_i), w_i = exp(a_i - logSumExp), sg = stop-gradient. Summed over
   * the shards of a bag it is the exact gradient of the whole bag.
   * @throws WsiError `InvalidArgument` for sizes; `EngineFailed` from TensorFlow; `Diverged` when the gradient is not finite
   */
  async attentionGradient(
    parameters: ParameterSet,
    tiles: Tiles,
    n: number,
    { bagGradient, bagEmbedding, logSumExp }: BagCotangent,
  ): Promise<Float32Array> {
    this.#requireTiles(tiles, n);
    this.#require('bagGradient', bagGradient.length, this.#d);
    this.#require('bagEmbedding', bagEmbedding.length, this.#d);
    const bag = { bagGradient, bagEmbedding, logSumExp };
    const set = this.#resident(parameters);
    const [gradient] = await this.#call({ kind: 'attentionGradient', parameters: set, tiles, n, ...bag });
    return gradient!;
  }

  /**
   * The gradient of sum_i <cotangent_i, h_i>, flat [layout.length]; zero for the aggregator's parameters.
   * @param cotangent [n, d] @throws like `attentionGradient`
   */
  async embeddingGradient(
    parameters: ParameterSet,
    tiles: Tiles,
    n: number,
    cotangent: Float32Array,
  ): Promise<Float32Array> {
    this.#requireTiles(tiles, n);
    this.#require('cotangent', cotangent.length, n * this.#d);
    const set = this.#resident(parameters);
    const [gradient] = await this.#call({ kind: 'embeddingGradient', parameters: set, tiles, n, cotangent });
    return gradient!;
  }

  statistics(): EngineStatistics {
    return {
      forwardSeconds: this.#forwardSeconds,
      backwardSeconds: this.#backwardSeconds,
      peakMemoryBytes: peakResidentBytes(),
      parameterSets: this.#parameterSets,
    };
  }

  /** Ends the thread after the calls under way. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#failure !== undefined) return;
    const exited = once(this.#worker, 'exit');
    await this.#call({ kind: 'close' });
    await exited;
  }

  #call(call: EngineCall): Promise<readonly Float32Array[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: call.kind, resolve, reject });
      this.#worker.postMessage({ id, call });
    });
  }

  /** A failure shows in the calls that use the parameters. */
  #callWithoutAnswer(call: EngineCall): void {
    this.#call(call).catch(() => undefined);
  }

  #settle({ id, result, error, seconds, tensors }: EngineAnswer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    this.#parameterSets = tensors;
    if (pending?.kind === 'embed') this.#forwardSeconds += seconds;
    else if (pending?.kind.endsWith('Gradient') === true) this.#backwardSeconds += seconds;
    if (error === undefined) {
      pending?.resolve(result ?? []);
      return;
    }
    const failure = new WsiError(error.code, error.message, { summary: ownText(error.publicMessage) });
    if (error.stack !== undefined) failure.stack = error.stack;
    pending?.reject(failure);
  }

  #fail(failure: WsiError): void {
    this.#failure ??= failure;
    for (const pending of this.#pending.values()) pending.reject(this.#failure);
    this.#pending.clear();
  }

  #resident(set: ParameterSet): number {
    const parameters = this.#sets.get(set);
    if (parameters !== undefined) return parameters;
    throw new WsiError('InvalidArgument', `These parameters (${set.version}) are not loaded in this engine.`);
  }

  #requireTiles(tiles: Tiles, n: number): void {
    if (!Number.isInteger(n) || n < 1) {
      throw new WsiError('InvalidArgument', publicText`A shard of ${n} tiles cannot be computed.`, {
        where: 'tiles',
      });
    }
    const { shape } = inputOf(this.network);
    this.#require('tiles', tiles.length, n * shape.reduce((product, side) => product * side, 1));
  }

  #require(where: string, length: number, expected: number): void {
    if (length === expected) return;
    throw new WsiError('InvalidArgument', publicText`${length} values were given where ${expected} belong.`, {
      where,
    });
  }
}
