/** How published weights of vision transformers become our parameters: timm's files, and DINOv2's own. */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import type { ParameterSpecification } from '../parameter-specification.ts';
import { resamplePlaces } from './place-resampling.ts';
import {
  hwio,
  publishedAsItIs,
  publishedLinear,
  type Conversion,
  type PublishedTensor,
  type PublishedWeights,
} from './published.ts';
import type { TransformerShape } from './transformer-shape.ts';

/** Classifiers, and what only pretraining uses. */
const IGNORED = [/^head\./, /^fc_norm\./, /^head_dist\./, /^mask_token$/];

export function publishedTransformer(
  shape: TransformerShape,
  parameters: readonly ParameterSpecification[],
): PublishedWeights[] {
  const timm = parameters.map((parameter) => conversionOf(shape, parameter));
  const weights = { by: 'timm', conversions: timm, ignored: IGNORED };
  if (shape.registers === 0) return [weights];
  // DINOv2's own files give the token of the class a place, which timm adds to it, and name the registers otherwise.
  const own = new Map(
    parameters.flatMap((parameter) => {
      const conversion = dinov2ConversionOf(parameter);
      return conversion === undefined ? [] : [[parameter.name, conversion]];
    }),
  );
  const dinov2 = timm.map((conversion) => own.get(conversion.parameter) ?? conversion);
  return [weights, { by: 'DINOv2', conversions: dinov2, ignored: IGNORED }];
}

function conversionOf({ classPlace }: TransformerShape, { name, shape }: ParameterSpecification): Conversion {
  const published = name.slice('encoder.'.length);
  const [first = 0, second = 0, third = 0, fourth = 0] = shape;
  if (published === 'pos_embed') {
    const prefix = classPlace ? 1 : 0;
    return {
      parameter: name,
      from: [{ name: published, shape: [1, undefined, third] }],
      convert: (places) => resampled(places, second - prefix, prefix),
    };
  }
  if (shape.length === 4)
    return {
      parameter: name,
      from: [{ name: published, shape: [fourth, third, first, second] }],
      convert: (weights) => hwio(weights),
    };
  if (shape.length === 2) return publishedLinear(name, published, [first, second]);
  return publishedAsItIs(name, published, shape);
}

function dinov2ConversionOf({ name, shape }: ParameterSpecification): Conversion | undefined {
  const [, tokens = 0, width = 0] = shape;
  const places = { name: 'pos_embed', shape: [1, undefined, width] };
  if (name === 'encoder.reg_token') return publishedAsItIs(name, 'register_tokens', shape);
  if (name === 'encoder.pos_embed')
    return {
      parameter: name,
      from: [places],
      convert: (all) => resampled(all, tokens, 1).slice(width),
    };
  if (name === 'encoder.cls_token')
    return {
      parameter: name,
      from: [{ name: 'cls_token', shape }, places],
      convert: (token, all) => token.values.map((value, index) => value + all.values[index]!),
    };
  return undefined;
}

/** @param count places of the tile's grid, without the `prefix` first ones, which have no place in the grid */
function resampled({ shape, values }: PublishedTensor, count: number, prefix: number): Float32Array {
  const [, published = 0, width = 0] = shape;
  const side = Math.sqrt(published - prefix);
  if (!Number.isInteger(side) || side < 1) {
    throw new WsiError(
      'InvalidArgument',
      ownText(`pos_embed has ${published} places, which are not ${prefix} and those of a square grid.`),
      { remedy: publicText`Choose weights of the same encoder.` },
    );
  }
  const grid = resamplePlaces(values.subarray(prefix * width), { from: side, to: Math.sqrt(count), width });
  const result = new Float32Array((prefix + count) * width);
  result.set(values.subarray(0, prefix * width));
  result.set(grid, prefix * width);
  return result;
}
