/** The encoders that can be trained here, with parameters that stay as they are. */
import { createHash } from 'node:crypto';
import type { EncoderName } from '@wsi-operator/api';
import {
  embeddingSize,
  encoderRevision,
  Engine,
  initialParameters,
  parameterLayout,
  readEncoderWeights,
  type TileNetwork,
  type ParameterSet,
  type WeightsBytes,
} from '@wsi-operator/engine';
import { canonicalJson } from '@wsi-operator/foundation';
import type { TileEncoder, TileEncoderFacts } from './tile-encoder.ts';

/** An encoder with its parameters: float32, in the order of the engine's layout. */
export interface EncoderParameters {
  readonly encoder: EncoderName;
  /** Pixels along a tile's side: transformers have a parameter for each place in it. */
  readonly tileSize: number;
  readonly values: Float32Array;
}

/** The bits depend on this number, so it is the same everywhere; what is wanted faster is given more processes. */
const THREADS = 1;

/** Of published weights. @throws WsiError `WeightsInvalid` that names the file, and what differs */
export async function publishedParameters(
  encoder: EncoderName,
  tileSize: number,
  weights: WeightsBytes,
): Promise<EncoderParameters> {
  const network = networkOf({ encoder, tileSize });
  const { tensors, length } = parameterLayout(network);
  const offsets = new Map(tensors.map(({ name, offset }) => [name, offset]));
  const values = new Float32Array(length);
  await readEncoderWeights(weights, encoder, (name, part) => values.set(part, offsets.get(name)), tileSize);
  return { encoder, tileSize, values };
}

/** Random numbers, as a run with this seed begins with. */
export function randomParameters(encoder: EncoderName, tileSize: number, seed: number): EncoderParameters {
  return { encoder, tileSize, values: initialParameters(networkOf({ encoder, tileSize }), seed) };
}

/** Of a trained model. @param body of `network`: encoder and aggregator */
export function trainedParameters(
  { encoder: { name: encoder }, tileSize }: Pick<TileNetwork, 'encoder' | 'tileSize'>,
  body: Float32Array,
): EncoderParameters {
  // The aggregator's come after the encoder's.
  const { length } = parameterLayout(networkOf({ encoder, tileSize }));
  return { encoder, tileSize, values: body.slice(0, length) };
}

/** The same for the same numbers, wherever they were read from. */
export function engineFacts({ encoder, tileSize, values }: EncoderParameters): TileEncoderFacts {
  const { tensors } = parameterLayout(networkOf({ encoder, tileSize }));
  const definition = {
    encoder,
    revision: encoderRevision({ name: encoder }),
    tensors: tensors.map(({ name, shape }) => ({ name, shape })),
  };
  const digest = createHash('sha256')
    .update(`${canonicalJson(definition)}\n`)
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');
  return { name: encoder, digest };
}

export class EngineEncoder implements TileEncoder {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly #engine: Engine;
  readonly #parameters: ParameterSet;

  /** @throws WsiError `EngineFailed` */
  static async start(parameters: EncoderParameters, device: 'cpu' | 'gpu'): Promise<EngineEncoder> {
    const network = networkOf(parameters);
    return new EngineEncoder(parameters, await Engine.start({ network, threads: THREADS, device }));
  }

  private constructor(parameters: EncoderParameters, engine: Engine) {
    const { name, digest } = engineFacts(parameters);
    this.name = name;
    this.digest = digest;
    this.size = embeddingSize(engine.network);
    this.#engine = engine;
    this.#parameters = engine.loadParameters('frozen', parameters.values);
  }

  async embed(tiles: Uint8Array, n: number): Promise<Float32Array> {
    const { embeddings } = await this.#engine.embed(this.#parameters, tiles, n);
    return embeddings;
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** The encoder alone: this aggregator has no parameters. */
function networkOf({ encoder, tileSize }: Pick<EncoderParameters, 'encoder' | 'tileSize'>): TileNetwork {
  return { encoder: { name: encoder }, aggregator: { name: 'mean' }, tileSize };
}
