/** Where the encoder's parameters come from, as job and options say. */
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address } from '@wsi-operator/slides';
import type { EncoderSource } from '@wsi-operator/trainer';
import { findCheckpoint } from '../predict/checkpoint.ts';
import type { Spec } from './job.ts';

export interface EncoderFlags {
  readonly weights?: string;
  readonly from?: string;
  readonly random?: number;
}

/**
 * What the command says goes before the job. Of a run it is the checkpoint that `wsi predict` would take.
 * @throws WsiError `InvalidArgument` where nothing says it: random numbers are no features unless they are asked for
 */
export async function encoderSource(
  { model: { encoder, initialFrom } }: Pick<Spec, 'model'>,
  { weights, from, random }: EncoderFlags,
  onWarning: (line: string) => void,
): Promise<EncoderSource> {
  if ([weights, from, random].filter((given) => given !== undefined).length > 1) {
    throw new WsiError('InvalidArgument', '--weights, --from and --random exclude each other.', {
      remedy: 'Give one of them.',
    });
  }
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
