/**
 * One training step (forward, backward, SGD) of a body: from Node through the engine, the same graph through
 * TensorFlow in Python, and the same network in PyTorch. All sides take turns in short rounds, so that a busy moment
 * of the machine meets all of them, and the fastest step of each counts.
 */
/* eslint-disable max-lines -- all sides of one comparison */
import {
  embeddingSize,
  Engine,
  initialParameters,
  parameterLayout,
  savedModel,
  type BagCotangent,
  type Network,
} from '@wsi-operator/engine';
import { RandomStream, WsiError } from '@wsi-operator/foundation';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Peer } from './peer.ts';

export interface TrainingStepCase {
  readonly network: Network;
  /** Tiles a step. */
  readonly n: number;
}

export interface TrainingStepOptions {
  readonly threads: number;
  readonly rounds: number;
  /** Steps of each side in a round. */
  readonly steps: number;
  /** A Python with TensorFlow and PyTorch; without one only Node is measured. */
  readonly python: string | null;
}

export interface TrainingStepRow {
  readonly bench: 'training-step';
  readonly encoder: string;
  readonly tileSize: number;
  readonly tiles: number;
  readonly threads: number;
  readonly side: string;
  readonly fastestMilliseconds: number;
  readonly medianMilliseconds: number;
  /** Processor time of the side's whole process in its best step: what other processes take does not count. */
  readonly fastestProcessorMilliseconds: number;
  readonly tilesPerSecond: number;
  readonly peakMemoryBytes: number;
  /** Node's fastest step over this side's: below 1, Node is faster. */
  readonly nodeOverThis: number;
  /** The same of the processor times. */
  readonly nodeOverThisProcessor: number;
  /** |gradient - Node's| / |Node's|, of the first step. */
  readonly gradientDifference: number;
  /** Node only: the share of the step's time inside TensorFlow. */
  readonly engineShare?: number;
  /** Node only: tiles a second of the forward pass alone. */
  readonly forwardTilesPerSecond?: number;
}

/** One element a step. */
interface Times {
  readonly seconds: readonly number[];
  readonly processorSeconds: readonly number[];
}

interface Side {
  readonly name: string;
  run(steps: number): Promise<Times>;
  peakMemoryBytes(): number;
  /** The flat gradient at the first parameters. */
  gradient(): Promise<Float32Array>;
  close(): Promise<void>;
}

interface Problem {
  readonly network: Network;
  readonly n: number;
  readonly tiles: Uint8Array;
  readonly parameters: Float32Array;
  readonly bag: BagCotangent;
}

/** So small that the loss stays what it is over all rounds; the work of a step does not depend on it. */
const LEARNING_RATE = 1e-6;

export async function benchTrainingStep(
  subject: TrainingStepCase,
  options: TrainingStepOptions,
): Promise<TrainingStepRow[]> {
  const problem = makeProblem(subject);
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bench-'));
  const node = await NodeSide.start(problem, options.threads);
  const sides: Side[] = [node];
  try {
    if (options.python !== null) sides.push(...(await pythonSides(problem, options, directory)));
    const times = await measure(sides, options);
    const forwardTilesPerSecond = await node.forwardTilesPerSecond();
    const gradients = await Promise.all(sides.map((side) => side.gradient()));
    const differences = gradients.map((gradient) => relativeDifference(gradient, gradients[0]!));
    requireEqual(sides, differences);
    const fastest = times.map(({ seconds }) => Math.min(...seconds));
    const processor = times.map(({ processorSeconds }) => Math.min(...processorSeconds));
    return sides.map((side, index) => {
      return {
        bench: 'training-step' as const,
        encoder: subject.network.encoder.name,
        tileSize: subject.network.tileSize,
        tiles: subject.n,
        threads: options.threads,
        side: side.name,
        fastestMilliseconds: fastest[index]! * 1000,
        medianMilliseconds: median(times[index]!.seconds) * 1000,
        fastestProcessorMilliseconds: processor[index]! * 1000,
        tilesPerSecond: subject.n / fastest[index]!,
        peakMemoryBytes: side.peakMemoryBytes(),
        nodeOverThis: fastest[0]! / fastest[index]!,
        nodeOverThisProcessor: processor[0]! / processor[index]!,
        gradientDifference: differences[index]!,
        ...(side === node ? { engineShare: node.engineShare(), forwardTilesPerSecond } : {}),
      };
    });
  } finally {
    await Promise.all(sides.map((side) => side.close()));
    await rm(directory, { recursive: true, force: true });
  }
}

/** Comparing times makes sense only where the same is computed; a ReLU at 0 may still fall to either side. */
function requireEqual(sides: readonly Side[], differences: readonly number[]): void {
  const other = differences.findIndex((difference) => !(difference < 1e-2));
  if (other < 0) return;
  throw new WsiError('Internal', `${sides[other]!.name} computes another gradient (${differences[other]}).`);
}

async function measure(sides: readonly Side[], { rounds, steps }: TrainingStepOptions): Promise<Times[]> {
  for (const side of sides) await side.run(2); // warm-up: memory, oneDNN's primitives
  const times = sides.map(() => ({ seconds: [] as number[], processorSeconds: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const { seconds, processorSeconds } = await side.run(steps);
      times[index]!.seconds.push(...seconds);
      times[index]!.processorSeconds.push(...processorSeconds);
    }
  }
  return times;
}

function makeProblem({ network, n }: TrainingStepCase): Problem {
  const d = embeddingSize(network);
  const stream = new RandomStream(1, 'bench');
  const normal = (length: number): Float32Array => Float32Array.from({ length }, () => stream.normal());
  const tiles = new Uint8Array(n * network.tileSize ** 2 * 3).map(() => stream.integer(256));
  return {
    network,
    n,
    tiles,
    parameters: initialParameters(network, 1),
    bag: { bagGradient: normal(d), bagEmbedding: normal(d), logSumExp: Math.log(n) },
  };
}

class NodeSide implements Side {
  readonly name = 'Node, this engine';
  readonly #engine: Engine;
  readonly #problem: Problem;
  /** The parameters and the next ones, in turns; shared with the engine's thread. */
  readonly #buffers: readonly [Float32Array, Float32Array];
  #set;
  #step = 0;
  #seconds = 0;
  #engineSeconds = 0;

  private constructor(engine: Engine, problem: Problem) {
    this.#engine = engine;
    this.#problem = problem;
    const bytes = problem.parameters.byteLength;
    this.#buffers = [
      new Float32Array(new SharedArrayBuffer(bytes)),
      new Float32Array(new SharedArrayBuffer(bytes)),
    ];
    this.#buffers[0].set(problem.parameters);
    this.#set = engine.loadParameters(0, this.#buffers[0]);
  }

  static async start(problem: Problem, threads: number): Promise<NodeSide> {
    return new NodeSide(await Engine.start({ network: problem.network, threads }), problem);
  }

  async run(steps: number): Promise<Times> {
    const before = this.#engine.statistics().backwardSeconds;
    const seconds: number[] = [];
    const processorSeconds: number[] = [];
    for (let step = 0; step < steps; step++) {
      const begin = performance.now();
      const beginProcessor = process.cpuUsage();
      await this.#train();
      const { user, system } = process.cpuUsage(beginProcessor);
      seconds.push((performance.now() - begin) / 1000);
      processorSeconds.push((user + system) / 1e6);
    }
    this.#seconds += seconds.reduce((sum, value) => sum + value, 0);
    this.#engineSeconds += this.#engine.statistics().backwardSeconds - before;
    return { seconds, processorSeconds };
  }

  async #train(): Promise<void> {
    const { tiles, n, bag } = this.#problem;
    const gradient = await this.#engine.attentionGradient(this.#set, tiles, n, bag);
    const current = this.#buffers[this.#step % 2]!;
    const next = this.#buffers[(this.#step + 1) % 2]!;
    for (let i = 0; i < next.length; i++) next[i] = current[i]! - LEARNING_RATE * gradient[i]!;
    this.#engine.release(this.#set);
    this.#set = this.#engine.loadParameters(++this.#step, next);
  }

  engineShare(): number {
    return this.#engineSeconds / this.#seconds;
  }

  async forwardTilesPerSecond(): Promise<number> {
    const { tiles, n } = this.#problem;
    let fastest = Number.POSITIVE_INFINITY;
    for (let call = 0; call < 20; call++) {
      const begin = performance.now();
      await this.#engine.embed(this.#set, tiles, n);
      fastest = Math.min(fastest, (performance.now() - begin) / 1000);
    }
    return n / fastest;
  }

  peakMemoryBytes(): number {
    return this.#engine.statistics().peakMemoryBytes;
  }

  async gradient(): Promise<Float32Array> {
    const { parameters, tiles, n, bag } = this.#problem;
    const set = this.#engine.loadParameters('first', parameters);
    const gradient = await this.#engine.attentionGradient(set, tiles, n, bag);
    this.#engine.release(set);
    return gradient;
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

async function pythonSides(
  problem: Problem,
  { threads, python }: TrainingStepOptions,
  directory: string,
): Promise<Side[]> {
  const arrays: Readonly<Record<string, Uint8Array | Float32Array>> = {
    'tiles.u8': problem.tiles,
    'parameters.f32': problem.parameters,
    'bag_gradient.f32': problem.bag.bagGradient,
    'bag_embedding.f32': problem.bag.bagEmbedding,
    'saved_model.pb': savedModel(problem.network),
  };
  for (const [name, array] of Object.entries(arrays)) {
    await writeFile(join(directory, name), new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  const configuration = {
    network: problem.network,
    savedModel: join(directory, 'saved_model.pb'),
    tensors: parameterLayout(problem.network).tensors,
    directory,
    n: problem.n,
    threads,
    learningRate: LEARNING_RATE,
    logSumExp: problem.bag.logSumExp,
  };
  const programs = [
    { name: 'Python, the same graph in a session', program: 'tensorflow_step.py', way: 'session' },
    { name: 'Python, the same graph as a tf.function', program: 'tensorflow_step.py', way: 'function' },
    { name: 'PyTorch, the same network', program: 'pytorch_step.py', way: 'pytorch' },
  ];
  const sides: Side[] = [];
  for (const { name, program, way } of programs) {
    const path = join(import.meta.dirname, '..', 'python', program);
    const peer = new Peer(name, python!, [path], threadEnvironment(threads));
    await peer.ask({ ...configuration, way });
    sides.push(pythonSide(name, peer, join(directory, `gradient-${way}.f32`)));
  }
  return sides;
}

function threadEnvironment(threads: number): Record<string, string> {
  return {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    CUDA_VISIBLE_DEVICES: '-1',
  };
}

function pythonSide(name: string, peer: Peer, gradientFile: string): Side {
  let peak = 0;
  return {
    name,
    async run(steps) {
      const { peakMemoryBytes, ...times } = (await peer.ask({ steps })) as unknown as Times & {
        readonly peakMemoryBytes: number;
      };
      peak = peakMemoryBytes;
      return times;
    },
    peakMemoryBytes: () => peak,
    async gradient() {
      const bytes = await readFile(gradientFile);
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    },
    close: () => peer.close(),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function relativeDifference(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let index = 0; index < b.length; index++) {
    difference += (a[index]! - b[index]!) ** 2;
    norm += b[index]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
