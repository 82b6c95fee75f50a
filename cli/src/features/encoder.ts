/** Where the encoder's parameters come from, as job and options say. */
import { resolve } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address } from '@wsi-operator/slides';
import { parseNormalisation, type OnnxLayout, type OnnxOptions } from '@wsi-operator/tile-encoder';
import type { EncoderSource } from '@wsi-operator/trainer';
import { findCheckpoint } from '../predict/checkpoint.ts';
import type { Spec } from './job.ts';

export interface EncoderFlags {
  readonly weights?: string;
  readonly from?: string;
  readonly random?: number;
  readonly onnx?: string;
  readonly normalise?: string;
  readonly onnxInput?: string;
  readonly onnxOutput?: string;
  readonly onnxLayout?: OnnxLayout;
  readonly device?: OnnxOptions['device'];
}

/**
 * What the command says goes before the job. Of a run it is the checkpoint that `wsi predict` would take.
 * @throws WsiError `InvalidArgument` where nothing says it: random numbers are no features unless they are asked for
 */
export async function encoderSource(
  { model: { encoder, initialFrom } }: Pick<Spec, 'model'>,
  flags: EncoderFlags,
  onWarning: (line: string) => void,
): Promise<EncoderSource> {
  const { weights, from, random, onnx } = flags;
  if ([weights, from, random, onnx].filter((given) => given !== undefined).length > 1) {
    throw new WsiError('InvalidArgument', '--weights, --from, --random and --onnx exclude each other.', {
      remedy: 'Give one of them.',
    });
  }
  if (onnx !== undefined) return { onnx: onnxOptions(onnx, flags) };
  requireNoneOfOnnx(flags);
  const { name } = encoder;
  if (random !== undefined) return { encoder: name, parameters: { random } };
  const earlier =
    from ??
    (weights === undefined && initialFrom?.parts.includes('encoder') === true
      ? initialFrom.checkpoint
      : undefined);
  if (earlier !== undefined) {
    if (isS3Address(earlier)) {
      throw new WsiError('InvalidArgument', 'the encoder of a run in S3 cannot be used.', {
        where: earlier,
        remedy: 'Copy the checkpoint, and name it with --from.',
      });
    }
    return { encoder: name, parameters: { checkpoint: await findCheckpoint(earlier, onWarning) } };
  }
  if (encoder.weights !== undefined) return { encoder: name, parameters: { weights: encoder.weights } };
  throw new WsiError(
    'InvalidArgument',
    `nothing says the weights of ${name}: its features would be of random numbers.`,
    {
      remedy:
        'Give --weights FILE, --from RUN, or model.encoder.weights in the job; or --random SEED to try things out.',
    },
  );
}

/** @throws WsiError `InvalidArgument` without a normalisation: the file does not say it, and another gives other features */
function onnxOptions(file: string, flags: EncoderFlags): OnnxOptions {
  const {
    normalise,
    onnxInput: input,
    onnxOutput: output,
    onnxLayout: layout = 'NCHW',
    device = 'cpu',
  } = flags;
  if (normalise === undefined) {
    throw new WsiError('InvalidArgument', 'nothing says how the model wants its pixels normalised.', {
      where: file,
      remedy: 'Give --normalise imagenet, half, none, or mean=R,G,B,std=R,G,B, as those who trained it did.',
    });
  }
  return { file: resolve(file), input, output, layout, normalisation: parseNormalisation(normalise), device };
}

function requireNoneOfOnnx({ normalise, onnxInput, onnxOutput, onnxLayout, device }: EncoderFlags): void {
  if ([normalise, onnxInput, onnxOutput, onnxLayout, device].every((given) => given === undefined)) return;
  throw new WsiError(
    'InvalidArgument',
    '--normalise, --onnx-input, --onnx-output, --onnx-layout and --device are only for --onnx.',
    { remedy: 'Our encoders know their normalisation; WSI_TENSORFLOW=gpu computes them on a GPU.' },
  );
}
