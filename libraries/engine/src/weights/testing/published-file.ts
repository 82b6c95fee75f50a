/** Support for tests: files as torchvision publishes them, with small random numbers, and files that are damaged. */
import type { EncoderName } from '@wsi-operator/api';
import { encoders } from '../../network/encoders/index.ts';
import { encodeSafetensors, type NamedTensor } from '../safetensors.ts';

/** All tensors that an encoder needs, in the order of its parameters; variances are positive. */
export function publishedTensors(encoder: EncoderName, seed = 1): NamedTensor[] {
  let state = seed;
  // Cheap: there are millions of them.
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const [weights] = encoders[encoder].published(224);
  if (weights === undefined) throw new Error(`nobody publishes weights of ${encoder}`);
  const needed = new Map(weights.conversions.flatMap(({ from }) => from.map((of) => [of.name, of.shape])));
  return [...needed].map(([name, sides]) => {
    const shape = sides.map((side) => side ?? 1);
    const length = shape.reduce((product, side) => product * side, 1);
    const fan = shape.slice(1).reduce((product, side) => product * side, 1);
    const scale = Math.sqrt(12 / fan);
    const next = name.endsWith('running_var')
      ? (): number => 0.5 + uniform()
      : (): number => (uniform() - 0.5) * scale;
    return { name, shape, values: Float32Array.from({ length }, next) };
  });
}

/** A file that {@link readEncoderWeights} takes. */
export function publishedFile(encoder: EncoderName, seed = 1): Uint8Array {
  return encodeSafetensors(publishedTensors(encoder, seed), { format: 'pt' });
}

/** A file with this header and this data, whether they fit or not. */
export function fileOf(header: unknown, data: Uint8Array): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}
