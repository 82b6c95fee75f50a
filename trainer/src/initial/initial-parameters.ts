/**
 * The parameters that a run begins with: random ones, and in their place those of a file of weights or of an earlier run.
 * What was read is known by its digests, which are part of the run's identity.
 */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { readEncoderWeights, type EncoderWeights } from '@wsi-operator/engine';
import { ownText, publicText, WsiError, type Logger } from '@wsi-operator/foundation';
import type { S3Store } from '@wsi-operator/slides';
import type { Model } from '../plan/model.ts';
import type { InitialDigests } from './digests.ts';
import { readEarlierRun } from './earlier-run.ts';
import { openStored } from './stored-files.ts';

export interface InitialParameters {
  readonly digests: InitialDigests;
  /** float32 [length]; reads the files again, and refuses them if they are others by now. */
  values(): Promise<Float32Array>;
}

interface Sources {
  readonly model: Model;
  readonly store: S3Store;
  readonly logger: Logger;
}

/**
 * Reads and checks everything once, so that what cannot be used is refused before anything else is done.
 * @throws WsiError that names the file, what differs, and the remedy
 */
export async function initialParameters(
  spec: WsiTrainingJobSpec,
  { model, store, logger }: Sources,
): Promise<InitialParameters> {
  const digests = await readAll(spec, { model, store, logger });
  const { space } = model;
  return {
    digests,
    values: async () => {
      const values = space.initial(spec.training.seed);
      const offsets = new Map(space.tensors.map(({ name, offset }) => [name, offset]));
      const now = await readAll(spec, { model, store, logger }, (name, part) => {
        const offset = offsets.get(name);
        // One that does not learn is no part of the model.
        if (offset !== undefined || model.description.frozen === undefined) values.set(part, offset);
      });
      const changed = (['weights', 'initialFrom'] as const).find((of) => now[of] !== digests[of]);
      if (changed !== undefined) throw changedMeanwhile(spec, changed);
      return values;
    },
  };
}

/** Parts that are set are said in the log of the first pass, which sets none. */
async function readAll(
  { model: { encoder, initialFrom }, patches }: WsiTrainingJobSpec,
  { model, store, logger }: Sources,
  set?: (name: string, values: Float32Array) => void,
): Promise<InitialDigests> {
  const digests: { -readonly [name in keyof InitialDigests]: InitialDigests[name] } = {};
  if (encoder.weights !== undefined) {
    const bytes = await openStored(encoder.weights, store);
    try {
      const weights = await readEncoderWeights(bytes, encoder.name, set, patches.size);
      digests.weights = weights.sha256;
      if (set === undefined)
        logger.info(weightsLine(encoder.weights, weights), 'encoder starts from weights');
    } finally {
      await bytes.close();
    }
  }
  if (initialFrom !== undefined) {
    const { path, step, sha256 } = await readEarlierRun(initialFrom, { model, store }, set);
    digests.initialFrom = sha256;
    if (set === undefined) {
      const parts = ownText(initialFrom.parts.join(', '));
      logger.info({ checkpoint: path, step, parts, sha256: ownText(sha256) }, 'starts from an earlier run');
    }
  }
  return digests;
}

function weightsLine(file: string, { sha256, match }: EncoderWeights): Record<string, unknown> {
  const { prefix, ignored, weights } = match;
  return {
    file,
    sha256: ownText(sha256),
    by: ownText(weights.by),
    ...(prefix === '' ? {} : { prefix: ownText(prefix) }),
    ignored: ignored.length,
  };
}

function changedMeanwhile(
  { model: { encoder, initialFrom } }: WsiTrainingJobSpec,
  changed: keyof InitialDigests,
): WsiError {
  const where = changed === 'weights' ? encoder.weights : initialFrom?.checkpoint;
  return new WsiError('WeightsInvalid', publicText`it changed after the run had begun`, {
    where: where ?? '',
    remedy: publicText`Restore it, or start the run again in another output directory.`,
  });
}
