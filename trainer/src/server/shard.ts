/**
 * The state of one parameter server. Its shard is one of the parameters, not of tiles: a contiguous range
 * of the flat parameter vector in a few versions, the optimizer's slots for it, and the gradients of the steps in flight. No I/O.
 *
 * A step's gradient has two segments: `body` (encoder and aggregator; one leaf a block, summed over the canonical
 * tree) and `head` (one leaf, from the coordinator). Step t is applied to the newest version, t, with a gradient
 * that was computed at version max(0, t - staleness), and makes version t + 1.
 *
 * Everything carries the generation of the run. A newer generation forgets all state, unless it adopts it; an older
 * one is refused.
 */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import type {
  CommitRequest,
  HeldStep,
  MeasureRequest,
  PullRequest,
  PushHeader,
  Segment,
} from '@wsi-operator/protocol';
import { addSquares, noSquares, type ExactSquares } from '../aggregate/exact-squares.ts';
import { addInto, TreeAccumulator } from '../aggregate/tree.ts';
import type { Optimizer } from '../optimizer/index.ts';

export interface ShardRange {
  readonly start: number;
  readonly end: number;
  readonly bodyLength: number;
}

/** Names the parameters of an older version in snapshots. */
const olderPrefix = 'parameters@';

interface StepGradient {
  body: TreeAccumulator<Float32Array> | undefined;
  head: TreeAccumulator<Float32Array> | undefined;
}

export class ParameterShard {
  readonly range: ShardRange;
  #generation: number;
  readonly #optimizer: Optimizer;
  readonly #versions = new Map<number, Float32Array>();
  readonly #steps = new Map<number, StepGradient>();
  #newest = -1;

  constructor(generation: number, range: ShardRange, optimizer: Optimizer) {
    this.#generation = generation;
    this.range = range;
    this.#optimizer = optimizer;
  }

  get generation(): number {
    return this.#generation;
  }

  get length(): number {
    return this.range.end - this.range.start;
  }

  /** -1 before the first restore. */
  get newestVersion(): number {
    return this.#newest;
  }

  requireGeneration(generation: number): void {
    if (generation !== this.generation) {
      throw new WsiError(
        'StaleGeneration',
        publicText`message of generation ${generation}, this server is at ${this.generation}`,
      );
    }
  }

  /**
   * Goes on under a newer generation with everything it holds: a coordinator took over from another. False, and nothing
   * changes, when this is not the state that is meant.
   */
  adopt(generation: number, from: { generation: number; range: ShardRange }): boolean {
    const { start, end, bodyLength } = from.range;
    const same =
      from.generation === this.#generation &&
      generation > this.#generation &&
      start === this.range.start &&
      end === this.range.end &&
      bodyLength === this.range.bodyLength;
    if (same && this.#newest >= 0) this.#generation = generation;
    return same && this.#newest >= 0;
  }

  /** Leaves of the body, by step, that were pushed and not applied yet. */
  get heldSteps(): HeldStep[] {
    return [...this.#steps].flatMap(([step, { body }]) =>
      body === undefined ? [] : [{ step, leaves: body.received }],
    );
  }

  /**
   * Sets the state of `version`; forgets everything else.
   * @param tensors `parameters`, `parameters@v` for older versions that steps to come still use (staleness), and the
   *   optimizer's slots (none for a new run), float32 [length] each
   */
  restore(version: number, tensors: Readonly<Record<string, Float32Array>>): void {
    const { parameters, ...rest } = tensors;
    if (parameters?.length !== this.length) {
      throw new WsiError(
        'InvalidArgument',
        publicText`${parameters?.length ?? 0} parameters for a range of ${this.length}`,
      );
    }
    const slots = Object.entries(rest).filter(([name]) => !name.startsWith(olderPrefix));
    if (slots.length > 0) this.#optimizer.restore(Object.fromEntries(slots));
    this.#versions.clear();
    this.#steps.clear();
    for (const [name, values] of Object.entries(rest)) {
      if (name.startsWith(olderPrefix)) this.#versions.set(Number(name.slice(olderPrefix.length)), values);
    }
    this.#versions.set(version, parameters);
    this.#newest = version;
  }

  /** The half-open part of this server's range that belongs to a segment, in indices of the whole vector. */
  segmentRange(segment: Segment): { start: number; end: number } {
    const { start, end, bodyLength } = this.range;
    return segment === 'body'
      ? { start: Math.min(start, bodyLength), end: Math.min(end, bodyLength) }
      : { start: Math.max(start, bodyLength), end: Math.max(end, bodyLength) };
  }

  /** Checked before any byte of a push is taken. True when the leaf is new; false when it has had its effect already. */
  wants(header: PushHeader): boolean {
    this.requireGeneration(header.generation);
    const expected = this.segmentRange(header.segment);
    if (header.start !== expected.start || header.end !== expected.end || header.start >= header.end) {
      throw new WsiError(
        'InvalidArgument',
        ownText(
          `push of [${header.start}, ${header.end}), this server's ${header.segment} is [${expected.start}, ${expected.end})`,
        ),
      );
    }
    // A step below the newest version is applied: its leaves have had their effect.
    if (header.step < this.#newest) return false;
    return !this.#accumulator(header).has(header.leaf);
  }

  /** Adds a leaf; dropped when it is there already (two workers may have computed it: the bits are the same). */
  push(header: PushHeader, gradient: Float32Array): void {
    if (!this.wants(header)) return;
    if (gradient.length !== header.end - header.start) {
      throw new WsiError(
        'InvalidArgument',
        publicText`${gradient.length} values for [${header.start}, ${header.end})`,
      );
    }
    this.#accumulator(header).add(header.leaf, gradient);
  }

  /** A view; the caller must not write to it. */
  pull(request: PullRequest): Float32Array {
    this.requireGeneration(request.generation);
    const parameters =
      request.averaged === true ? this.#average(request.version) : this.#versions.get(request.version);
    if (parameters === undefined) {
      const held = [...this.#versions.keys()].join(', ');
      throw new WsiError('Internal', ownText(`version ${request.version} is not held here (held: ${held})`));
    }
    if (request.start < this.range.start || request.end > this.range.end || request.start > request.end) {
      throw new WsiError(
        'InvalidArgument',
        publicText`[${request.start}, ${request.end}) is not in this server's range`,
      );
    }
    return parameters.subarray(request.start - this.range.start, request.end - this.range.start);
  }

  /** Applies step `request.step` and returns the new version. Repeating it returns the same version. */
  commit(request: CommitRequest): number {
    this.requireGeneration(request.generation);
    const version = request.step + 1;
    if (this.#newest >= version) return version;
    const parameters = this.#versions.get(request.step);
    if (parameters === undefined || this.#newest !== request.step) {
      throw new WsiError(
        'InvalidArgument',
        publicText`step ${request.step} cannot follow version ${this.#newest}`,
      );
    }
    const gradient = this.#gradientOf(request);
    const updated = Float32Array.from(parameters);
    const { gradientScale: scale } = request;
    // A factor of 1 would leave the bits, but takes its time.
    if (scale !== undefined && scale !== 1) {
      for (let index = 0; index < gradient.length; index++) gradient[index] = gradient[index]! * scale;
    }
    this.#optimizer.apply(updated, gradient, request.learningRate, request.step);
    this.#versions.set(version, updated);
    this.#newest = version;
    this.#steps.delete(request.step);
    for (const held of this.#versions.keys()) {
      if (held < request.oldestNeeded && held !== version) this.#versions.delete(held);
    }
    return version;
  }

  /** The squares of a step's gradient where parameters learn, exactly. All leaves must be there. */
  squares(request: MeasureRequest): ExactSquares {
    this.requireGeneration(request.generation);
    const sums = noSquares();
    const gradient = this.#gradientOf(request);
    for (const { start, end } of this.#optimizer.learning) addSquares(sums, gradient.subarray(start, end));
    return sums;
  }

  /** What {@link restore} takes, of the newest version, which must be `version`. */
  snapshot(generation: number, version: number): Record<string, Float32Array> {
    this.requireGeneration(generation);
    const parameters = this.#versions.get(version);
    if (parameters === undefined || this.#newest !== version) {
      throw new WsiError('Internal', publicText`version ${version} is not the newest (${this.#newest}) here`);
    }
    const older = [...this.#versions]
      .filter(([held]) => held !== version)
      .map(([held, values]) => [`${olderPrefix}${held}`, values] as const);
    return { parameters, ...Object.fromEntries(older), ...this.#optimizer.state() };
  }

  #accumulator(header: PushHeader): TreeAccumulator<Float32Array> {
    const step = this.#steps.get(header.step) ?? { body: undefined, head: undefined };
    this.#steps.set(header.step, step);
    const accumulator = (step[header.segment] ??= new TreeAccumulator(header.leaves, addInto));
    if (accumulator.leaves !== header.leaves) {
      throw new WsiError(
        'InvalidArgument',
        publicText`step ${header.step} has ${accumulator.leaves} leaves, not ${header.leaves}`,
      );
    }
    return accumulator;
  }

  #average(version: number): Float32Array | undefined {
    return version === this.#newest ? this.#optimizer.state()['average'] : undefined;
  }

  #gradientOf(request: Pick<CommitRequest, 'step'>): Float32Array {
    const gradient = new Float32Array(this.length);
    for (const segment of ['body', 'head'] as const) {
      const { start, end } = this.segmentRange(segment);
      if (start >= end) continue;
      const accumulator = this.#steps.get(request.step)?.[segment];
      if (accumulator?.complete !== true) {
        const missing = accumulator?.missing.slice(0, 10).join(', ') ?? 'all';
        throw new WsiError(
          'InvalidArgument',
          `step ${request.step}: ${segment} leaves are missing: ${missing}`,
        );
      }
      gradient.set(accumulator.root, start - this.range.start);
    }
    return gradient;
  }
}
