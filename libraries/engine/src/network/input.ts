/**
 * What a network is given for the tiles of a shard, and how it becomes their embeddings: pixels, which an encoder embeds, or
 * rows of features, which are embeddings. Nothing else in the engine tells the two apart.
 *
 * Shapes: n tiles of a shard; size pixels a side of a tile, 3 colours; d the length of an embedding.
 */
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { cast } from '../graph/arithmetic.ts';
import type { Value } from '../graph/graph.ts';
import type { Tape } from '../graph/tape.ts';
import type { Parameters } from './encoders/encoder.ts';
import { encoders } from './encoders/index.ts';
import { normalisedTiles } from './encoders/tiles.ts';
import type { ParameterSpecification } from './parameter-specification.ts';

export interface PixelInput {
  readonly encoder: { readonly name: EncoderName };
  /** Side of the square tiles, in pixels. */
  readonly tileSize: number;
}

export interface FeatureInput {
  /** d: how many numbers a row has. */
  readonly features: { readonly size: number };
}

/** Pixels, uint8 [n, size, size, 3]; or features, float32 [n, d]. */
export type Tiles = Uint8Array | Float32Array;

export interface NetworkInput {
  readonly type: 'uint8' | 'float32';
  /** Of one tile. */
  readonly shape: readonly number[];
  /** The length d of a tile's embedding. */
  readonly embeddingSize: number;
  /** In the order in which they lie in the flat vector, before those of the aggregator. */
  parameters(): readonly ParameterSpecification[];
  /** @param tiles [n, ...shape] @returns embeddings [n, d] */
  embeddings(tape: Tape, parameters: Parameters, tiles: Value): Value;
}

const SMALLEST_TILE = 28;
/** Of a row of features. */
const MOST_NUMBERS = 65_536;

/** @throws WsiError `InvalidArgument` that names the field and what it may be */
export function inputOf(input: PixelInput | FeatureInput): NetworkInput {
  return 'features' in input ? featureInput(input) : pixelInput(input);
}

function pixelInput({ encoder: { name }, tileSize }: PixelInput): NetworkInput {
  requireName('encoder', name, Object.keys(encoders));
  const { stride } = ENCODERS[name];
  if (!Number.isInteger(tileSize) || tileSize % stride !== 0 || tileSize < SMALLEST_TILE) {
    throw invalid(
      'tileSize',
      `${name} cannot take tiles of ${tileSize} pixels`,
      `a multiple of ${stride} that is ${SMALLEST_TILE} or more`,
    );
  }
  const encoder = encoders[name];
  return {
    type: 'uint8',
    shape: [tileSize, tileSize, 3],
    embeddingSize: encoder.embeddingSize,
    parameters: () => encoder.parameters(tileSize),
    embeddings: (tape, parameters, tiles) =>
      encoder.forward(tape, parameters, normalisedTiles(tape, tiles, encoder.normalisation)),
  };
}

function featureInput({ features: { size } }: FeatureInput): NetworkInput {
  if (!Number.isInteger(size) || size < 1 || size > MOST_NUMBERS) {
    throw invalid(
      'features.size',
      `rows of features cannot have ${size} numbers`,
      `a whole number from 1 to ${MOST_NUMBERS}`,
    );
  }
  return {
    type: 'float32',
    shape: [size],
    embeddingSize: size,
    parameters: () => [],
    embeddings: ({ graph }, _parameters, rows) => cast(graph, rows, graph.floatType),
  };
}

/** @throws WsiError `InvalidArgument` when a part has no such name */
export function requireName(part: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const [last = '', ...others] = [...known].reverse();
  const list = others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
  throw invalid(`${part}.name`, `no ${part} is called "${name}"`, list);
}

export function invalid(where: string, problem: string, allowed: string): WsiError {
  return new WsiError('InvalidArgument', `${problem}.`, { where, remedy: `Choose ${allowed}.` });
}
