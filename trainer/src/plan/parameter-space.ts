/**
 * The flat parameter vector of a whole model: the engine's body (encoder and aggregator) followed by the head.
 * Offsets are in floats; the order is the checkpoint's and the parameter servers'.
 */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import { initialParameters, parameterLayout, type NamedTensor, type Network } from '@wsi-operator/engine';
import type { RateRange } from '../optimizer/index.ts';
import { rateRanges } from './learning-rates.ts';
import type { Head } from '../heads/index.ts';

interface PlacedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  readonly decay: boolean;
}

export class ParameterSpace {
  readonly tensors: readonly PlacedTensor[];
  readonly bodyLength: number;
  readonly length: number;
  readonly #network: Network;
  readonly #head: Head;

  /** Where the learning rate has another factor than 1. */
  readonly rateRanges: readonly RateRange[];

  constructor(network: Network, head: Head, training: Parameters<typeof rateRanges>[1] = {}) {
    const body = parameterLayout(network);
    let offset = body.length;
    const headTensors = head.parameters.map((tensor) => {
      const placed = { ...tensor, offset };
      offset += tensor.length;
      return placed;
    });
    this.tensors = [...body.tensors, ...headTensors];
    this.bodyLength = body.length;
    this.length = offset;
    this.rateRanges = rateRanges(this.tensors, training);
    this.#network = network;
    this.#head = head;
  }

  /** float32 [length], a pure function of the seed. */
  initial(seed: number): Float32Array {
    const values = new Float32Array(this.length);
    values.set(initialParameters(this.#network, seed), 0);
    values.set(this.#head.initial(seed), this.bodyLength);
    return values;
  }

  /** Half-open ranges to which weight decay applies, neighbours joined. */
  decayRanges(): { start: number; end: number }[] {
    const ranges: { start: number; end: number }[] = [];
    for (const { offset, length, decay } of this.tensors) {
      if (!decay) continue;
      const last = ranges.at(-1);
      if (last?.end === offset) last.end = offset + length;
      else ranges.push({ start: offset, end: offset + length });
    }
    return ranges;
  }

  /** The vector as named tensors (views). */
  named(values: Float32Array): NamedTensor[] {
    return this.tensors.map(({ name, shape, offset, length }) => ({
      name,
      shape,
      values: values.subarray(offset, offset + length),
    }));
  }

  /** The vector from named tensors. @throws WsiError `CheckpointInvalid` when one is missing or has another shape */
  flat(named: ReadonlyMap<string, NamedTensor>, where: string): Float32Array {
    const wrong = this.tensors.find(({ name, length }) => named.get(name)?.values.length !== length);
    if (wrong !== undefined) {
      // Before the memory of the model that is claimed is taken.
      throw new WsiError(
        'CheckpointInvalid',
        ownText(`tensor ${wrong.name} is missing or has another size`),
        {
          where,
          remedy: publicText`This checkpoint belongs to another model.`,
        },
      );
    }
    const values = new Float32Array(this.length);
    for (const { name, offset } of this.tensors) values.set(named.get(name)!.values, offset);
    return values;
  }
}
