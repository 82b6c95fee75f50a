/**
 * Support for tests: an encoder beside its reference implementation in PyTorch, whose numbers
 * `tools/bench/python/encoder_reference.py` has written. Both generate the same weights, tiles and cotangents. Run as
 * `encoder-parity.ts NAME`, it prints {@link Parity} of the numbers in `encoder-references/` as JSON.
 *
 * Shapes: n tiles, d the length of an embedding.
 */
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { readFileSync } from 'node:fs';
import { Engine } from '../engine.ts';
import { encoders } from '../network/encoders/index.ts';
import {
  hwio,
  transposed,
  type Conversion,
  type PublishedShape,
  type PublishedTensor,
} from '../network/encoders/published.ts';
import type { TileNetwork } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import { relativeError } from './example-bag.ts';

export interface EncoderReference {
  readonly encoder: EncoderName;
  readonly tileSize: number;
  readonly tiles: number;
  /** [n, d] */
  readonly embeddings: readonly number[];
  /** By parameter: the norm of its gradient, and the gradient's inner product with a generated vector. */
  readonly gradients: Readonly<Record<string, readonly [norm: number, along: number]>>;
}

export interface Parity {
  /** Relative, in the Euclidean norm. */
  readonly embeddings: number;
  /** The largest difference of a norm or an inner product, relative to the norm, and of which parameter. */
  readonly gradients: number;
  readonly parameter: string;
}

/** The tensor of a file; undefined where it has none of the name. */
export type WeightsFile = (tensor: PublishedShape) => PublishedTensor | undefined;

export function readReference(name: string): EncoderReference {
  const path = new URL(`./encoder-references/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as EncoderReference;
}

/** @param file whose weights the reference has; absent: generated ones */
export async function compareWithReference(reference: EncoderReference, file?: WeightsFile): Promise<Parity> {
  const { encoder: name, tileSize, tiles: n } = reference;
  const network: TileNetwork = { encoder: { name }, aggregator: { name: 'mean' }, tileSize };
  const engine = await Engine.start({ network, threads: 1 });
  try {
    const set = engine.loadParameters(
      'reference',
      parametersOf(network, name, file ?? generatedFile(network, name)),
    );
    const tiles = Uint8Array.from(
      generated('tiles', n * tileSize * tileSize * 3),
      (value) => (value + 1) * 128,
    );
    const { embeddings } = await engine.embed(set, tiles, n);
    const cotangent = generated('cotangent', embeddings.length);
    const gradient = await engine.embeddingGradient(set, tiles, n, cotangent);
    const worst = worstGradient(network, gradient, reference.gradients);
    return { embeddings: relativeError(embeddings, reference.embeddings), ...worst };
  } finally {
    await engine.close();
  }
}

function parametersOf(network: TileNetwork, encoder: EncoderName, file: WeightsFile): Float32Array {
  const { tensors, length } = parameterLayout(network);
  const values = new Float32Array(length);
  const kinds = encoders[encoder].published(network.tileSize);
  const kind = kinds.find(({ conversions }) =>
    conversions.every(({ from }) => from.every((tensor) => file(tensor) !== undefined)),
  );
  const published = new Map(kind?.conversions.map((conversion) => [conversion.parameter, conversion]));
  for (const { name, shape, offset } of tensors) {
    const { from, convert } = published.get(name) ?? ownConversion(name, shape);
    values.set(convert(...from.map((tensor) => file(tensor)!)), offset);
  }
  return values;
}

/** Of an encoder that nobody publishes: its own names in PyTorch's order of elements. */
function ownConversion(parameter: string, shape: readonly number[]): Conversion {
  const [height = 0, width = 0, inputs = 0, outputs = 0] = shape;
  const from = { name: publishedName(parameter), shape };
  if (shape.length === 2)
    return { parameter, from: [{ ...from, shape: [width, height] }], convert: (it) => transposed(it) };
  if (shape.length < 4) return { parameter, from: [from], convert: (it) => it.values };
  return {
    parameter,
    from: [{ ...from, shape: [outputs, inputs, height, width] }],
    convert: (it) => hwio(it),
  };
}

function publishedName(parameter: string): string {
  return parameter.slice('encoder.'.length);
}

function worstGradient(
  network: TileNetwork,
  gradient: Float32Array,
  expected: EncoderReference['gradients'],
): { gradients: number; parameter: string } {
  let worst = { gradients: 0, parameter: '' };
  for (const { name, shape, offset, length } of parameterLayout(network).tensors) {
    const { from, convert } = ownConversion(name, shape);
    const values = generated(`along ${publishedName(name)}`, length);
    const direction = convert({ shape: from[0]!.shape.map(Number), values });
    let squares = 0;
    let along = 0;
    for (let index = 0; index < length; index++) {
      squares += gradient[offset + index]! ** 2;
      along += gradient[offset + index]! * direction[index]!;
    }
    const [norm, itsAlong] = expected[publishedName(name)] ?? [NaN, NaN];
    const error = Math.max(Math.abs(Math.sqrt(squares) - norm), Math.abs(along - itsAlong)) / norm;
    if (!(error <= worst.gradients)) worst = { gradients: error, parameter: name };
  }
  return worst;
}

/** Places of a transformer's published grid, which is not that of the tile. */
const GRID = 25;

function generatedFile(network: TileNetwork, encoder: EncoderName): WeightsFile {
  const places = parameterLayout(network).tensors.find(({ name }) => name === 'encoder.pos_embed');
  const patches = (network.tileSize / ENCODERS[encoder].stride) ** 2;
  const prefix = Number(places?.shape[1]) - patches;
  return ({ name, shape }) =>
    generatedWeights(
      name,
      shape.map((side) => side ?? prefix + GRID),
    );
}

/** Around what a trained network has: variances near 1, He's matrices. The same as in `encoder_reference.py`. */
function generatedWeights(name: string, shape: readonly number[]): PublishedTensor {
  const count = shape.reduce((product, side) => product * side, 1);
  const [centre, width] = rangeOf(name, shape);
  const values = generated(name, count);
  for (let index = 0; index < count; index++)
    values[index] = Math.fround(centre) + Math.fround(Math.fround(width) * values[index]!);
  return { shape, values };
}

function rangeOf(name: string, shape: readonly number[]): readonly [centre: number, width: number] {
  if (name.endsWith('running_var')) return [1, 0.5];
  if (name.endsWith('gamma')) return [0.5, 0.25];
  if (shape.length === 3) return [0, 0.5];
  if (shape.length > 1)
    return [0, Math.sqrt(6 / shape.slice(1).reduce((product, side) => product * side, 1))];
  return name.endsWith('weight') ? [1, 0.25] : [0, 0.1];
}

/** Numbers in [-1, 1) by a hash of the name and the index; exact in float32. */
function generated(name: string, count: number): Float32Array {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 16777619);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    let x = (Math.imul(index, 2654435761) + seed) | 0;
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
    x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
    x ^= x >>> 15;
    values[index] = (x >>> 8) / 2 ** 23 - 1;
  }
  return values;
}

const [, program, name] = process.argv;
if (program === import.meta.filename && name !== undefined)
  process.stdout.write(JSON.stringify(await compareWithReference(readReference(name))));
