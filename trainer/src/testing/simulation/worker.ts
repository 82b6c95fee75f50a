/**
 * A simulated worker: the protocol of the real one, and in the place of the engine a made-up function that depends, like
 * the real one, on the parameters of the version, the tiles and the cotangent, and on nothing else.
 */
import { EventEmitter } from 'node:events';
import { WsiError } from '@wsi-operator/foundation';
import {
  bytesOf,
  callClientStream,
  coordinatorService,
  float32From,
  int32From,
  placeChunk,
  readServerStream,
  type CoordinatorMessage,
  type ParameterServerClient,
  type PushChunk,
  type Task,
  type TaskResult,
  type Welcome,
  type WorkerMessage,
} from '@wsi-operator/protocol';
import { partialOf } from '../../aggregate/partial.ts';
import { NO_USAGE } from '../../coordinator/leases/worker-connections.ts';
import type { WorkerPool } from '../../coordinator/leases/worker-pool.ts';
import { pushChunks } from '../../push-chunks.ts';
import type { Life, SimulatedTime } from './clock.ts';
import type { SimulatedNetwork } from './network.ts';

export const embeddingSize = 4;
/** Parameters of the made-up encoder and aggregator. */
export const bodyLength = 45;

export interface WorkerEnvironment {
  readonly network: SimulatedNetwork;
  readonly time: SimulatedTime;
  coordinator(): { readonly life: Life; readonly pool: WorkerPool } | undefined;
  server(life: Life, address: string): ParameterServerClient;
  /** A worker begins a task. */
  began(task: Task): void;
}

export interface WorkerIdentity {
  readonly replica: number;
  readonly instance: string;
}

/** Joins whatever coordinator there is, again and again. */
export async function work(
  identity: WorkerIdentity,
  life: Life,
  environment: WorkerEnvironment,
): Promise<void> {
  while (life.alive) {
    await life.of(environment.time.wait(20));
    const coordinator = environment.coordinator();
    if (coordinator?.life.alive !== true) continue;
    await life.of(new Session(identity, life, environment).serve(coordinator));
  }
}

class Session {
  readonly #identity: WorkerIdentity;
  readonly #life: Life;
  readonly #environment: WorkerEnvironment;
  readonly #cancelled = new Set<string>();
  /** One message after another, in both directions. */
  #up: Promise<void> = Promise.resolve();
  #down: Promise<void> = Promise.resolve();
  #welcome: Welcome | undefined;

  constructor(identity: WorkerIdentity, life: Life, environment: WorkerEnvironment) {
    this.#identity = identity;
    this.#life = life;
    this.#environment = environment;
  }

  /** Resolves when the coordinator is gone. */
  async serve(coordinator: { readonly life: Life; readonly pool: WorkerPool }): Promise<void> {
    const { network } = this.#environment;
    const life = this.#life;
    const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
      coordinatorService['Work']!;
    const stream = Object.assign(new EventEmitter(), {
      write: (message: CoordinatorMessage): boolean => {
        const bytes = responseSerialize(message);
        this.#down = this.#down
          .then(() => network.boundary(life))
          .then(() => this.#receive(responseDeserialize(bytes) as CoordinatorMessage, say));
        return true;
      },
      end: () => undefined,
      destroy: () => undefined,
    });
    const say = (message: WorkerMessage): void => {
      const bytes = requestSerialize(message);
      this.#up = this.#up
        .then(() => network.boundary(life))
        .then(() => {
          if (coordinator.life.alive) stream.emit('data', requestDeserialize(bytes));
        });
    };
    coordinator.pool.accept(stream as unknown as Parameters<WorkerPool['accept']>[0]);
    const { replica, instance } = this.#identity;
    say({ hello: { replica, instance, slots: 2, device: 'cpu' } });
    void life.ended.then(() => {
      if (coordinator.life.alive) stream.emit('close');
    });
    const beating = async (): Promise<void> => {
      while (coordinator.life.alive) {
        await life.of(this.#environment.time.wait(1_000));
        say({ heartbeat: NO_USAGE });
      }
    };
    void beating();
    await coordinator.life.ended;
  }

  #receive(message: CoordinatorMessage, say: (message: WorkerMessage) => void): void {
    const { welcome, task, cancel } = message;
    if (welcome) this.#welcome = welcome;
    for (const id of cancel?.tasks ?? []) this.#cancelled.add(id);
    if (task) void this.#do(task, say);
  }

  async #do(task: Task, say: (message: WorkerMessage) => void): Promise<void> {
    const { id, generation } = task;
    this.#environment.began(task);
    try {
      const result = await this.#life.of(this.#compute(task));
      const dropped = this.#cancelled.delete(id);
      say(
        dropped
          ? { dropped: { task: id, generation } }
          : { completed: { task: id, generation, result, usage: NO_USAGE } },
      );
    } catch (thrown) {
      const { code, message, publicMessage } = WsiError.from(thrown);
      say({ failed: { task: id, generation, code, message, publicMessage, retryable: true } });
    }
  }

  async #compute({ version, averaged = false, generation, embed, gradient }: Task): Promise<TaskResult> {
    const parameters = await this.#pull({ version, averaged, generation });
    if (embed) {
      const { attention, embeddings } = madeUpEmbeddings(parameters, int32From(embed.block.coordinates));
      const { maximum, sum, weighted } = partialOf(attention, embeddings);
      const none = new Uint8Array(0);
      return { embed: { maximum, sum, weighted: bytesOf(weighted), attention: none, embeddings: none } };
    }
    if (gradient?.bag === undefined) throw new WsiError('Internal', 'an unknown task');
    const values = madeUpGradient(parameters, int32From(gradient.block.coordinates), {
      ...gradient.bag,
      gradient: float32From(gradient.bag.gradient),
    });
    const { step, leaf, leaves } = gradient;
    await Promise.all(
      this.#servers().map(async ({ start, end, client, address }) => {
        if (start >= end) return;
        const header = { generation, step, segment: 'body', leaf, leaves, start, end } as const;
        await callClientStream<PushChunk, object>(
          client.Push.bind(client),
          pushChunks(header, values.subarray(start, end)),
          { peer: address, deadlineMilliseconds: 1e9 },
        );
      }),
    );
    return { gradient: {} };
  }

  async #pull(of: { version: number; averaged: boolean; generation: number }): Promise<Float32Array> {
    const values = new Float32Array(bodyLength);
    await Promise.all(
      this.#servers().map(async ({ start, end, client, address }) => {
        if (start >= end) return;
        const stream = client.Pull({ ...of, start, end });
        await readServerStream(stream, address, (chunk) =>
          placeChunk(values.subarray(start, end), chunk, address),
        );
      }),
    );
    return values;
  }

  #servers() {
    return (this.#welcome?.servers ?? []).map(({ address, start, end }) => ({
      address,
      start,
      end: Math.min(end, bodyLength),
      client: this.#environment.server(this.#life, address),
    }));
  }
}

function madeUpEmbeddings(
  parameters: Float32Array,
  coordinates: Int32Array,
): { attention: Float32Array; embeddings: Float32Array } {
  const tiles = coordinates.length / 2;
  const attention = new Float32Array(tiles);
  const embeddings = new Float32Array(tiles * embeddingSize);
  for (let tile = 0; tile < tiles; tile++) {
    const [x, y] = [coordinates[2 * tile]!, coordinates[2 * tile + 1]!];
    attention[tile] =
      parameters[8]! * Math.cos(x * 0.03) + parameters[9]! * Math.sin(y * 0.01) + parameters[10]!;
    for (let feature = 0; feature < embeddingSize; feature++) {
      embeddings[tile * embeddingSize + feature] =
        parameters[feature]! * Math.sin((feature + 1) * x * 0.01 + y * 0.02) + parameters[4 + feature]!;
    }
  }
  return { attention, embeddings };
}

function madeUpGradient(
  parameters: Float32Array,
  coordinates: Int32Array,
  bag: { readonly gradient: Float32Array; readonly logSumExp: number },
): Float32Array {
  const values = new Float32Array(bodyLength);
  for (let tile = 0; tile * 2 < coordinates.length; tile++) {
    const [x, y] = [coordinates[2 * tile]!, coordinates[2 * tile + 1]!];
    for (let index = 0; index < bodyLength; index++) {
      const share = Math.sin(index + x * 0.1 + y * 0.07) * bag.gradient[index % embeddingSize]!;
      values[index] =
        values[index]! + share * Math.exp(-Math.abs(bag.logSumExp)) + 0.001 * parameters[index]!;
    }
  }
  return values;
}
