/**
 * Support for tests: the embeddings of encoders with the parameters of before the first step. Run as
 * `first-embeddings.ts NAME...`, it prints {@link FirstEmbeddings} of each as a line of JSON.
 *
 * Shapes: n tiles of {@link size} pixels a side, d the length of an embedding.
 */
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { Engine } from '../engine.ts';
import { embeddingSize, type Network } from '../network/network.ts';
import { initialParameters } from '../network/parameters.ts';
import { exampleTiles } from './example-bag.ts';

export interface FirstEmbeddings {
  readonly encoder: string;
  /** The root of the mean square of the tiles' embeddings. */
  readonly size: number;
  /** Share of the mean square that is variance between tiles: 0 where all embeddings are the same. */
  readonly between: number;
  /** The standard deviation of attention's raw scores over the tiles. */
  readonly scores: number;
  /** Places of a tile, of {@link PLACES} a side, whose pixels change nothing in its embedding. */
  readonly unseen: readonly number[];
}

/** A tile is a grid of so many places a side; every {@link STEP}-th of them is looked at. */
const PLACES = 16;
/** Shares no factor with the places, so that those looked at lie in all rows and columns. */
const STEP = 7;
/** Tiles that are looked at beside one another. */
const TILES = 16;
/** Relative; rounding is a hundred times smaller. */
const SMALLEST_CHANGE = 1e-5;

async function firstEmbeddings(encoder: EncoderName): Promise<FirstEmbeddings> {
  const { stride } = ENCODERS[encoder];
  const tileSize = stride * Math.ceil(56 / stride);
  const network: Network = {
    encoder: { name: encoder },
    aggregator: { name: 'attention', hidden: 64 },
    tileSize,
  };
  const engine = await Engine.start({ network, threads: 1 });
  try {
    const d = embeddingSize(network);
    const set = engine.loadParameters('initial', initialParameters(network, 1));
    const tiles = exampleTiles(tileSize, TILES);
    const { embeddings, attention } = await engine.embed(set, tiles, TILES);
    const changed = withChangedPlaces(tiles.subarray(0, tiles.length / TILES), tileSize);
    const { embeddings: others } = await engine.embed(set, changed.tiles, changed.places.length);
    const first = embeddings.subarray(0, d);
    const unseen = changed.places.filter(
      (_, index) => !(distance(first, others.subarray(index * d, index * d + d)) > SMALLEST_CHANGE),
    );
    return { encoder, ...spread(embeddings, d), scores: Math.sqrt(spread(attention, 1).variance), unseen };
  } finally {
    await engine.close();
  }
}

/** A tile [size, size, 3], again and again with the colours of one place inverted. */
function withChangedPlaces(tile: Uint8Array, tileSize: number): { places: number[]; tiles: Uint8Array } {
  const places = Array.from({ length: Math.ceil(PLACES ** 2 / STEP) }, (_, index) => index * STEP);
  const tiles = new Uint8Array(places.length * tile.length);
  const placeOf = (pixel: number): number => Math.floor((pixel * PLACES) / tileSize);
  for (const [index, place] of places.entries()) {
    for (let byte = 0; byte < tile.length; byte++) {
      const pixel = Math.floor(byte / 3);
      const of = placeOf(Math.floor(pixel / tileSize)) * PLACES + placeOf(pixel % tileSize);
      tiles[index * tile.length + byte] = of === place ? 255 - tile[byte]! : tile[byte]!;
    }
  }
  return { places, tiles };
}

/** @param rows [n, d] */
function spread(rows: Float32Array, d: number): { size: number; between: number; variance: number } {
  const n = rows.length / d;
  let [square, variance] = [0, 0];
  for (let component = 0; component < d; component++) {
    const column = Array.from({ length: n }, (_, row) => rows[row * d + component]!);
    const mean = column.reduce((sum, value) => sum + value, 0) / n;
    square += column.reduce((sum, value) => sum + value ** 2, 0) / rows.length;
    variance += column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows.length;
  }
  return { size: Math.sqrt(square), between: variance / square, variance };
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, index) => value - b[index]!)) / Math.hypot(...a);
}

for (const name of process.argv.slice(2))
  process.stdout.write(`${JSON.stringify(await firstEmbeddings(name as EncoderName))}\n`);
