/** What an ONNX file does not say of itself, and what must be known to use it (pure). */
import { createHash } from 'node:crypto';
import { canonicalJson, publicText, WsiError } from '@wsi-operator/foundation';

/** Of the input: channels before or after the places. */
export const ONNX_LAYOUTS = ['NCHW', 'NHWC'] as const;
export type OnnxLayout = (typeof ONNX_LAYOUTS)[number];

/** Subtracted from, and divided into, values from 0 to 1: of red, green and blue. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface OnnxOptions {
  readonly file: string;
  /** Names; the only ones by default. */
  readonly input?: string | undefined;
  readonly output?: string | undefined;
  readonly layout: OnnxLayout;
  readonly normalisation: Normalisation;
  readonly device: 'cpu' | 'cuda';
}

/** Those that weights are published with, by the names of their origin. */
export const NORMALISATIONS: Readonly<Record<string, Normalisation>> = {
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  half: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  none: { mean: [0, 0, 0], std: [1, 1, 1] },
};

/**
 * `imagenet`, `half`, `none`, or `mean=R,G,B,std=R,G,B`.
 * @throws WsiError `InvalidArgument`
 */
export function parseNormalisation(text: string): Normalisation {
  const known = Object.hasOwn(NORMALISATIONS, text) ? NORMALISATIONS[text] : undefined;
  if (known !== undefined) return known;
  const [, ...parts] = /^mean=([^,]+),([^,]+),([^,]+),std=([^,]+),([^,]+),([^,]+)$/.exec(text) ?? [];
  const numbers = parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [mean, std] = [numbers.slice(0, 3), numbers.slice(3)];
  if (numbers.length === 6 && numbers.every(Number.isFinite) && std.every((value) => value > 0)) {
    return { mean, std };
  }
  throw new WsiError('InvalidArgument', `'${text.slice(0, 200)}' is no normalisation of pixels`, {
    remedy: publicText`Give imagenet, half (0.5 and 0.5), none (values from 0 to 1), or mean=R,G,B,std=R,G,B with deviations above 0.`,
  });
}

/** Not of the device: as with other encoders, that changes the last bits only. */
export function onnxDigest(bytes: Uint8Array, { input, output, layout, normalisation }: OnnxOptions): string {
  const definition = {
    onnx: createHash('sha256').update(bytes).digest('hex'),
    input: input ?? null,
    output: output ?? null,
    layout,
    normalisation: { mean: normalisation.mean, std: normalisation.std },
  };
  return createHash('sha256').update(canonicalJson(definition)).digest('hex');
}
