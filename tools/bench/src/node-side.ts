/** The side of Node: a training step through the engine, as a worker and a server compute it. */
import { Engine } from '@wsi-operator/engine';
import { LEARNING_RATE, type Problem, type Side, type Times } from './step-side.ts';

export class NodeSide implements Side {
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
