/**
 * One training step (forward, backward, SGD) of a body: from Node through the engine, the same graph through
 * TensorFlow in Python, and the same network in PyTorch. All sides take turns in short rounds, so that a busy moment
 * of the machine meets all of them, and the fastest step of each counts.
 */
import { embeddingSize, initialParameters, type TileNetwork } from '@wsi-operator/engine';
import { RandomStream, WsiError } from '@wsi-operator/foundation';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeSide } from './node-side.ts';
import { pythonSides } from './python-sides.ts';
import type { Problem, Side, Times } from './step-side.ts';

export interface TrainingStepCase {
  readonly network: TileNetwork;
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

export async function benchTrainingStep(
  subject: TrainingStepCase,
  options: TrainingStepOptions,
): Promise<TrainingStepRow[]> {
  const problem = makeProblem(subject);
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bench-'));
  const node = await NodeSide.start(problem, options.threads);
  const sides: Side[] = [node];
  try {
    const { threads, python } = options;
    if (python !== null) sides.push(...(await pythonSides(problem, { threads, python }, directory)));
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
