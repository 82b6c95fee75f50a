/** The encoders by name: this does not compile while one that a job may choose is missing. */
import type { EncoderName } from '@wsi-operator/api';
import { efficientnet_lite0 } from './efficientnet-lite0.ts';
import type { Encoder } from './encoder.ts';
import { lenet } from './lenet.ts';
import { resnet18, resnet34, resnet50 } from './resnet.ts';
import { tiny } from './tiny.ts';
import { visionTransformers } from './vision-transformer.ts';

export const encoders: Readonly<Record<EncoderName, Encoder>> = {
  tiny,
  lenet,
  resnet18,
  resnet34,
  resnet50,
  efficientnet_lite0,
  ...visionTransformers,
};
