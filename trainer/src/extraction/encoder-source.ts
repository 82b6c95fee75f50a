/** Which encoder extracts features, and where its parameters are read. */
import type { EncoderName } from '@wsi-operator/api';
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { S3Store } from '@wsi-operator/slides';
import {
  EngineEncoder,
  engineFacts,
  OnnxEncoder,
  onnxFacts,
  publishedParameters,
  randomParameters,
  trainedParameters,
  type EncoderParameters,
  type OnnxOptions,
  type TileEncoder,
  type TileEncoderFacts,
} from '@wsi-operator/tile-encoder';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { deviceFromEnvironment } from '../device.ts';
import { openStored } from '../initial/stored-files.ts';
import { openModel } from '../prediction/open-model.ts';

/** One of ours, or any as an ONNX file. */
export type EncoderSource = TrainableSource | { readonly onnx: OnnxOptions };

export interface TrainableSource {
  readonly encoder: EncoderName;
  readonly parameters:
    /** A safetensors file, also in S3. */
    | { readonly weights: string }
    /** The directory of a checkpoint. */
    | { readonly checkpoint: string }
    /** A seed: to try things out. */
    | { readonly random: number };
}

/** @throws WsiError `WeightsInvalid`, `CheckpointInvalid`, `NotFound` */
export async function encoderFacts(
  source: EncoderSource,
  tileSize: number,
  store: S3Store,
): Promise<TileEncoderFacts> {
  if ('onnx' in source) return onnxFacts(source.onnx);
  return engineFacts(await parametersOf(source, tileSize, store));
}

/** @throws WsiError `WeightsInvalid`, `CheckpointInvalid`, `EngineFailed`; `InvalidArgument` for a model that embeds no tiles */
export async function startEncoder(
  source: EncoderSource,
  tileSize: number,
  store: S3Store,
): Promise<TileEncoder> {
  if ('onnx' in source) return OnnxEncoder.start(source.onnx, tileSize);
  return EngineEncoder.start(await parametersOf(source, tileSize, store), deviceFromEnvironment());
}

async function parametersOf(
  { encoder, parameters }: TrainableSource,
  tileSize: number,
  store: S3Store,
): Promise<EncoderParameters> {
  if ('random' in parameters) return randomParameters(encoder, tileSize, parameters.random);
  if ('checkpoint' in parameters) return ofCheckpoint(encoder, tileSize, parameters.checkpoint);
  const bytes = await openStored(parameters.weights, store);
  try {
    return await publishedParameters(encoder, tileSize, bytes);
  } finally {
    await bytes.close();
  }
}

async function ofCheckpoint(
  encoder: EncoderName,
  tileSize: number,
  checkpoint: string,
): Promise<EncoderParameters> {
  const { model, parameters } = openModel(await loadCheckpoint(checkpoint));
  const { network } = model.description;
  if ('features' in network) {
    throw new WsiError(
      'CheckpointInvalid',
      publicText`its model was trained on features and has no encoder`,
      {
        where: checkpoint,
        remedy: publicText`Name the encoder that made the features: with --weights or --onnx.`,
      },
    );
  }
  if (network.encoder.name !== encoder || network.tileSize !== tileSize) {
    throw new WsiError(
      'CheckpointInvalid',
      `it has the encoder ${network.encoder.name} for tiles of ${network.tileSize} pixels, not ${encoder} for ${tileSize}`,
      {
        where: checkpoint,
        summary: publicText`the checkpoint has another encoder, or one for other tiles`,
        remedy: publicText`Take the encoder and patches.size of the job that it was trained by, or name another checkpoint.`,
      },
    );
  }
  return trainedParameters(network, parameters);
}
