/**
 * Does tasks: reads tiles, computes, pushes. A task is a pure function of (parameter version, tiles, cotangent),
 * so it can be done by any worker, any number of times. While one task computes, others read their first tiles.
 */
import { publicText, WsiError, type Logger } from '@wsi-operator/foundation';
import { embeddingSize, type Engine, type Network, type Tiles } from '@wsi-operator/engine';
import {
  float32From,
  type EmbedResult,
  type GradientTask,
  type Task,
  type TaskResult,
  type TileBlock,
  type Welcome,
} from '@wsi-operator/protocol';
import { S3Store, type S3Settings } from '@wsi-operator/slides';
import { EmbeddedParts } from '../aggregate/embedded-parts.ts';
import { addInto, TreeAccumulator } from '../aggregate/tree.ts';
import { planShards } from '../plan/plan.ts';
import type { Connections } from '../connections.ts';
import { startEngine } from '../device.ts';
import { Feeding } from '../feeding/feeding.ts';
import { ShardQueue } from '../feeding/shard-queue.ts';
import { Stopwatch } from '../measurement/stopwatch.ts';
import type { UsageMeter } from '../usage.ts';
import { GradientPusher } from './gradient-pusher.ts';
import { PixelGarbage } from './pixel-garbage.ts';
import { ParameterVersions } from './parameter-versions.ts';
import { openTileSource, type TileSettings, type TileSource } from '../tile-source/index.ts';
import { Turn } from '../turn.ts';

interface Shard {
  readonly tiles: Tiles;
  readonly count: number;
  /** Tile indices within the block. */
  readonly start: number;
  readonly end: number;
}

interface TaskRunnerParts {
  readonly engine: Engine;
  readonly usage: UsageMeter;
  readonly connections: Connections;
  readonly logger: Logger;
  /** Given at a time: one computes, the others read ahead. */
  readonly tasks: number;
}

export class TaskRunner {
  readonly #parts: TaskRunnerParts;
  readonly #engine: Engine;
  readonly #store: S3Store;
  readonly #source: TileSource;
  readonly #feeding: Feeding;
  readonly #embeddingSize: number;
  readonly #threads: number;
  readonly #usage: UsageMeter;
  readonly #garbage = new PixelGarbage();
  readonly #stopwatch: Stopwatch;
  readonly #turn = new Turn();
  readonly #cancelled = new Set<string>();
  /** Tasks that have begun to compute: the others only read ahead. */
  readonly #computing = new Set<string>();
  #welcome: Welcome;
  #versions: ParameterVersions;
  #pusher: GradientPusher;

  static async start(welcome: Welcome, parts: Omit<TaskRunnerParts, 'engine'>): Promise<TaskRunner> {
    const network = JSON.parse(welcome.network) as Network;
    const engine = await startEngine(network, welcome.threads, parts.logger);
    return new TaskRunner({ ...parts, engine }, welcome);
  }

  private constructor(parts: TaskRunnerParts, welcome: Welcome) {
    this.#parts = parts;
    this.#engine = parts.engine;
    this.#welcome = welcome;
    this.#embeddingSize = embeddingSize(JSON.parse(welcome.network) as Network);
    this.#threads = welcome.threads;
    this.#usage = parts.usage;
    this.#stopwatch = new Stopwatch(parts.usage);
    const { logger } = parts;
    this.#store = storeOf(welcome);
    this.#source = openTileSource(JSON.parse(welcome.patches) as TileSettings, {
      cacheBytes: welcome.cacheBytes,
      store: this.#store,
      logger,
      timed: (work) => this.#stopwatch.during('survey', work),
    });
    const shardBytes = welcome.batch * this.#source.tileBytes;
    this.#feeding = new Feeding({ shardBytes, tasks: parts.tasks, reader: this.#source, logger });
    this.#versions = new ParameterVersions({ ...parts, stopwatch: this.#stopwatch }, welcome);
    this.#pusher = new GradientPusher(welcome, { ...parts, stopwatch: this.#stopwatch });
  }

  /** Whether this engine can go on under another welcome (a new generation of the same run). */
  fits(welcome: Welcome): boolean {
    return (
      welcome.network === this.#welcome.network &&
      welcome.patches === this.#welcome.patches &&
      welcome.threads === this.#threads &&
      welcome.store === this.#welcome.store &&
      welcome.cacheBytes === this.#welcome.cacheBytes
    );
  }

  /** Takes a generation: parameters of the one before are forgotten. */
  begin(welcome: Welcome): void {
    this.#versions.close();
    this.#pusher.close();
    this.#cancelled.clear();
    this.#welcome = welcome;
    const parts = { ...this.#parts, stopwatch: this.#stopwatch };
    this.#versions = new ParameterVersions(parts, welcome);
    this.#pusher = new GradientPusher(welcome, parts);
  }

  /** Tasks that nobody waits for any more: they end before their next shard. */
  cancel(tasks: readonly string[]): void {
    for (const task of tasks) this.#cancelled.add(task);
  }

  isComputing(task: string): boolean {
    return this.#computing.has(task);
  }

  cancelAll(): void {
    this.#welcome = { ...this.#welcome, generation: -1 };
  }

  /** The task's result, or undefined when it was cancelled. */
  run(task: Task): Promise<TaskResult | undefined> {
    return this.#stopwatch.during('queue', () => this.#run(task));
  }

  async #run(task: Task): Promise<TaskResult | undefined> {
    try {
      if (task.survey) this.#computing.add(task.id);
      if (task.survey) return { survey: await this.#survey(task.survey) };
      if (task.embed) {
        const embed = await this.#embed(task, task.embed);
        return embed === undefined ? undefined : { embed };
      }
      if (task.gradient) return (await this.#gradient(task, task.gradient)) ? { gradient: {} } : undefined;
      throw new WsiError('Internal', `task ${task.id} is of a kind that this worker does not know`);
    } finally {
      this.#cancelled.delete(task.id);
      this.#computing.delete(task.id);
    }
  }

  /** Brings the usage up to now. */
  measure(): void {
    this.#stopwatch.measure(this.#source.seconds);
  }

  async close(): Promise<void> {
    this.#versions.close();
    this.#pusher.close();
    await this.#source.close();
    await this.#engine.close();
    await this.#store.close();
  }

  async #survey(survey: NonNullable<Task['survey']>): Promise<NonNullable<TaskResult['survey']>> {
    try {
      return await this.#source.survey(survey);
    } finally {
      // The pictures of a survey are larger than all shards under way.
      this.#garbage.collect();
    }
  }

  async #embed(task: Task, embed: NonNullable<Task['embed']>): Promise<EmbedResult | undefined> {
    const parts = new EmbeddedParts(embed);
    const complete = await this.#eachShard(task, embed.block, async (shard, parameters) => {
      parts.add(await this.#engine.embed(parameters, shard.tiles, shard.count));
    });
    return complete ? parts.result() : undefined;
  }

  async #gradient(task: Task, gradientTask: GradientTask): Promise<boolean> {
    const shards = planShards(tilesOf(gradientTask.block), this.#welcome.batch).length;
    // Joined as they come: log2(shards) gradients are held, not all.
    const gradients = new TreeAccumulator(shards, addInto);
    let next = 0;
    const cotangent = readCotangent(gradientTask);
    const complete = await this.#eachShard(task, gradientTask.block, async (shard, parameters) => {
      gradients.add(
        next++,
        'bagGradient' in cotangent
          ? await this.#engine.attentionGradient(parameters, shard.tiles, shard.count, cotangent)
          : await this.#engine.embeddingGradient(
              parameters,
              shard.tiles,
              shard.count,
              shardRows(cotangent.tiles, shard, this.#embeddingSize),
            ),
      );
    });
    if (!complete) return false;
    await this.#pusher.push(gradientTask, gradients.root);
    return true;
  }

  /**
   * Calls `compute` on the block's shards in order, reading ahead; false when the task was cancelled. Blocks take
   * turns: the next one starts to read, but not to compute, while this one computes.
   */
  async #eachShard(
    task: Task,
    block: TileBlock,
    compute: (shard: Shard, parameters: Awaited<ReturnType<ParameterVersions['at']>>) => Promise<void>,
  ): Promise<boolean> {
    const shards = planShards(tilesOf(block), this.#welcome.batch);
    const wanted = (): boolean =>
      task.generation === this.#welcome.generation && !this.#cancelled.has(task.id);
    const queue = new ShardQueue(this.#feeding, shards.length, async (index): Promise<Shard> => {
      const { start, end } = shards[index]!;
      return { tiles: await this.#source.read(block, { start, end }), count: end - start, start, end };
    });
    const parameters = await this.#versions.at(task.version, task.averaged === true);
    await this.#stopwatch.during('tiles', () => queue.ready());
    return this.#turn.take(async () => {
      if (wanted()) this.#computing.add(task.id);
      for (;;) {
        const shard = await this.#stopwatch.during('tiles', () => queue.next());
        if (shard === undefined) return true;
        if (!wanted()) return false;
        await this.#stopwatch.during(task.embed ? 'forward' : 'backward', () => compute(shard, parameters));
        this.#garbage.passed(this.#source.release(shard.tiles));
        this.#usage.tiles += shard.count;
      }
    });
  }
}

function storeOf({ store }: Welcome): S3Store {
  return new S3Store(store === '' ? {} : (JSON.parse(store) as S3Settings));
}

/** A tile is a pair of int32. */
function tilesOf({ coordinates }: TileBlock): number {
  return coordinates.byteLength / 8;
}

type Cotangent =
  { bagGradient: Float32Array; bagEmbedding: Float32Array; logSumExp: number } | { tiles: Float32Array };

function readCotangent({ bag, tiles }: GradientTask): Cotangent {
  if (bag) {
    return {
      bagGradient: float32From(bag.gradient),
      bagEmbedding: float32From(bag.embedding),
      logSumExp: bag.logSumExp,
    };
  }
  if (tiles) return { tiles: float32From(tiles) };
  throw new WsiError('Internal', publicText`a gradient task without a cotangent`);
}

/** A shard's rows of the block's cotangent, float32 [count, d]. */
function shardRows(cotangent: Float32Array, shard: Shard, size: number): Float32Array {
  return cotangent.slice(shard.start * size, shard.end * size);
}
