/** The encoders by name: this does not compile while one that a job may choose is missing. */
import type { EncoderName } from '@wsi-operator/api';
import type { Encoder } from './encoder.ts';
import { resnet18 } from './resnet18.ts';
import { tiny } from './tiny.ts';

export const encoders: Readonly<Record<EncoderName, Encoder>> = { tiny, resnet18 };
