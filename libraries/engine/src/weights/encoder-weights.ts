/** The parameters of an encoder from a safetensors file with the names under which its weights are published. */
import type { EncoderName } from '@wsi-operator/api';
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import type { Conversion, PublishedTensor } from '../network/encoders/published.ts';
import { float32From, isFloatType } from './half-precision.ts';
import { ANY_TILE, matchWeights, type FoundTensor, type MatchedWeights } from './match.ts';
import { readHeader, streamTensors, type WeightsBytes } from './weights-file.ts';

export interface EncoderWeights {
  /** Of the whole file. */
  readonly sha256: string;
  readonly match: MatchedWeights;
}

/** Lines of a message about what differs; the rest is counted. */
const MOST_DIFFERENCES = 12;

/**
 * Reads and checks the whole file. Parameters are given one after the other as soon as their tensors are there, so that
 * memory is bounded by the encoder's size, whatever else is in the file.
 * @param tileSize of the network that gets the parameters; without one the file is only checked
 * @throws WsiError `WeightsInvalid` that names the file, and what differs
 */
export async function readEncoderWeights(
  bytes: WeightsBytes,
  encoder: EncoderName,
  onParameter: (name: string, values: Float32Array) => void = () => undefined,
  tileSize: number = ANY_TILE,
): Promise<EncoderWeights> {
  const header = await readHeader(bytes);
  const match = requireMatch(encoder, header.places, bytes.where, tileSize);
  const waiting = new WaitingTensors(match, bytes.where, onParameter);
  const sha256 = await streamTensors(bytes, header, {
    wanted: ({ name }) => match.needed.has(name),
    take: ({ name, type, shape }, content) => {
      if (isFloatType(type)) waiting.take(name, { shape, values: float32From(type, content) });
    },
  });
  return { sha256, match };
}

/** @throws WsiError `WeightsInvalid` */
export function requireMatch(
  encoder: EncoderName,
  tensors: readonly FoundTensor[],
  where: string,
  tileSize: number = ANY_TILE,
): MatchedWeights {
  const match = matchWeights(encoder, tensors, tileSize);
  if (!('differences' in match)) return match;
  const { differences, fits } = match;
  const more = differences.length - MOST_DIFFERENCES;
  const lines = [...differences.slice(0, MOST_DIFFERENCES), ...(more > 0 ? [`and ${more} more`] : [])];
  const problem = `the tensors are not those of ${encoder}:\n  ${lines.join('\n  ')}\n`;
  const others = ownText(fits.join(' or '));
  throw new WsiError('WeightsInvalid', problem, {
    where,
    summary: publicText`the tensors are not those of ${ownText(encoder)}: ${differences.length} differ`,
    remedy:
      fits.length > 0
        ? publicText`The names and shapes are those of ${others}: set model.encoder.name to it, or give weights of ${ownText(encoder)}.`
        : publicText`Give a file with the names and shapes that ${ownText(encoder)} is published with; docs/pretrained.md says how to make one.`,
  });
}

/** Tensors that have been read and wait for others of the same parameter. */
class WaitingTensors {
  readonly #match: MatchedWeights;
  readonly #where: string;
  readonly #onParameter: (name: string, values: Float32Array) => void;
  readonly #read = new Map<string, PublishedTensor>();
  #conversions: readonly Conversion[];

  constructor(
    match: MatchedWeights,
    where: string,
    onParameter: (name: string, values: Float32Array) => void,
  ) {
    this.#match = match;
    this.#where = where;
    this.#onParameter = onParameter;
    this.#conversions = match.weights.conversions;
  }

  take(name: string, tensor: PublishedTensor): void {
    this.#requireFinite(name, tensor.values);
    this.#read.set(name.slice(this.#match.prefix.length), tensor);
    const isReady = ({ from }: Conversion): boolean => from.every((of) => this.#read.has(of.name));
    for (const conversion of this.#conversions.filter(isReady)) this.#convert(conversion);
    this.#conversions = this.#conversions.filter((conversion) => !isReady(conversion));
    const wanted = new Set(this.#conversions.flatMap(({ from }) => from.map((of) => of.name)));
    for (const held of this.#read.keys()) if (!wanted.has(held)) this.#read.delete(held);
  }

  #convert({ parameter, from, convert }: Conversion): void {
    const values = convert(...from.map(({ name }) => this.#read.get(name)!));
    this.#requireFinite(`${parameter} (from ${from.map(({ name }) => name).join(', ')})`, values);
    this.#onParameter(parameter, values);
  }

  #requireFinite(name: string, values: Float32Array): void {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index < 0) return;
    throw new WsiError('WeightsInvalid', `${name}: element ${index} is ${values[index]}`, {
      where: this.#where,
      summary: publicText`a tensor has a value that is not finite`,
      remedy: publicText`Download or save the weights again; a model that diverged cannot be started from.`,
    });
  }
}
