/** The model of a checkpoint, with every doubt about it said clearly. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { buildModel, type Model } from '../plan/model.ts';
import { storedDescription } from './stored-description.ts';

export type { ModelDescription } from '../plan/model.ts';

export interface OpenedModel {
  readonly model: Model;
  /** float32 [body and head]. */
  readonly parameters: Float32Array;
}

/** @throws WsiError `CheckpointInvalid` when it was written by another version that describes models otherwise */
export function openModel({ cursor, tensors, path }: Checkpoint): OpenedModel {
  try {
    const model = buildModel(storedDescription(cursor.model));
    return { model, parameters: model.space.flat(tensors, path) };
  } catch (error) {
    if (error instanceof WsiError && error.code === 'CheckpointInvalid') throw error;
    throw new WsiError(
      'CheckpointInvalid',
      `its model is not one that this version knows (${WsiError.from(error).message})`,
      {
        where: path,
        remedy: publicText`Predict with the version that trained it, or name another checkpoint.`,
        cause: error,
      },
    );
  }
}
