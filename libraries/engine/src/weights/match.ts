/** Whether the tensors of a file are an encoder's published weights, and if not, everything that differs (pure). */
import type { EncoderName } from '@wsi-operator/api';
import {
  ALWAYS_IGNORED,
  LONGEST_FREE_SIDE,
  type PublishedShape,
  type PublishedWeights,
} from '../network/encoders/published.ts';
import { encoders } from '../network/encoders/index.ts';
import { FLOAT_TYPES, isFloatType } from './half-precision.ts';
import { shown, type TensorPlace } from './safetensors.ts';

export type FoundTensor = Pick<TensorPlace, 'name' | 'type' | 'shape'>;

/** A file of tensors, of whichever format. */
export interface TensorFile {
  readonly tensors: readonly FoundTensor[];
  /** The elements of a tensor whose size is known to be right, little-endian, in the order of its shape. */
  read(name: string): Promise<Uint8Array>;
}

/** Words that training scripts put before every name; several may follow one another. */
const PREFIXES = ['module.', 'model.', 'backbone.', 'encoder.', '_orig_mod.'];

export interface MatchedWeights {
  readonly weights: PublishedWeights;
  /** What stands before every name of the file; empty for most files. */
  readonly prefix: string;
  /** Tensors that are needed, by their names in the file. */
  readonly needed: ReadonlyMap<string, PublishedShape>;
  /** Names in the file that the encoder has no use for. */
  readonly ignored: readonly string[];
}

export interface Mismatch {
  /** A line each: tensor, what was expected, what was found. */
  readonly differences: readonly string[];
  /** Encoders that the file does fit. */
  readonly fits: readonly EncoderName[];
}

/** A multiple of every encoder's stride, for a check alone: what a file must hold does not depend on the tiles. */
export const ANY_TILE = 224;

export function matchWeights(
  encoder: EncoderName,
  tensors: readonly FoundTensor[],
  tileSize: number,
): MatchedWeights | Mismatch {
  const match = matchOne(encoder, tensors, tileSize);
  if (!('differences' in match)) return match;
  const names = Object.keys(encoders) as EncoderName[];
  const fits = names.filter(
    (other) => other !== encoder && !('differences' in matchOne(other, tensors, ANY_TILE)),
  );
  return { differences: match.differences, fits };
}

function matchOne(
  encoder: EncoderName,
  tensors: readonly FoundTensor[],
  tileSize: number,
): MatchedWeights | Omit<Mismatch, 'fits'> {
  const prefix = commonPrefix(tensors);
  const found = new Map(tensors.map((tensor) => [tensor.name.slice(prefix.length), tensor]));
  const kinds = encoders[encoder].published(tileSize).map((weights) => {
    const needed = new Map(weights.conversions.flatMap(({ from }) => from.map((of) => [of.name, of])));
    return { weights, needed, there: [...needed.keys()].filter((name) => found.has(name)).length };
  });
  const [best] = kinds.sort((a, b) => b.there - a.there);
  if (best === undefined) return { differences: [`nobody publishes weights of ${encoder}`] };
  const { weights, needed, there } = best;
  if (there === 0) {
    return { differences: [`none of the ${needed.size} tensors of ${encoder} is there (${sample(found)})`] };
  }
  const isIgnored = (name: string): boolean =>
    [...weights.ignored, ...ALWAYS_IGNORED].some((pattern) => pattern.test(name));
  const others = [...found.keys()].filter((name) => !needed.has(name));
  const differences = [
    ...[...needed.values()].flatMap((expected) => difference(expected, found.get(expected.name)) ?? []),
    ...others.flatMap((name) =>
      isIgnored(name)
        ? []
        : [
            `${shown(name)}: ${formatShape(found.get(name)!.shape)} is not expected, ${encoder} has no such tensor`,
          ],
    ),
  ];
  if (differences.length > 0) return { differences };
  return {
    weights,
    prefix,
    needed: new Map([...needed].map(([name, of]) => [prefix + name, of])),
    ignored: others.map((name) => prefix + name),
  };
}

function difference({ name, shape }: PublishedShape, found: FoundTensor | undefined): string | undefined {
  if (found === undefined) return `${name}: ${formatShape(shape)} expected, missing`;
  if (!fits(shape, found.shape)) {
    return `${name}: ${formatShape(shape)} expected, ${formatShape(found.shape)} found`;
  }
  if (!isFloatType(found.type)) return `${name}: ${FLOAT_TYPES.join(', ')} expected, ${found.type} found`;
  return undefined;
}

function fits(expected: PublishedShape['shape'], found: readonly number[]): boolean {
  if (expected.length !== found.length) return false;
  return expected.every((side, index) => {
    const length = found[index]!;
    return side === undefined ? length >= 1 && length <= LONGEST_FREE_SIDE : side === length;
  });
}

function commonPrefix(tensors: readonly FoundTensor[]): string {
  let prefix = '';
  for (;;) {
    const next = PREFIXES.find(
      (word) => tensors.length > 0 && tensors.every(({ name }) => name.startsWith(prefix + word)),
    );
    if (next === undefined) return prefix;
    prefix += next;
  }
}

export function formatShape(shape: readonly (number | undefined)[]): string {
  return `[${shape.map((side) => side ?? 'any').join(', ')}]`;
}

function sample(found: ReadonlyMap<string, FoundTensor>): string {
  if (found.size === 0) return 'it has no tensors';
  const names = [...found.keys()].slice(0, 3).map(shown);
  return `it has ${found.size}, such as ${names.join(', ')}`;
}
