/**
 * What a run is like by what its tiles are: of slides, whose pixels go through an encoder, rows of files of features, or rows
 * that an encoder makes of slides once, since it does not learn (pure).
 * Everything in which the two differ before a file is read is here; where one is read, `tile-source/` has it.
 */
import type { EncoderName, WsiTrainingJobSpec } from '@wsi-operator/api';
import {
  aggregatorSettings,
  embeddingSize,
  encoderRevision,
  type Network,
  type TileNetwork,
} from '@wsi-operator/engine';
import { publicText, WsiError } from '@wsi-operator/foundation';
import { modelByContent, type InitialDigests } from '../initial/digests.ts';
import type { FeatureKind } from '../tile-source/feature-kind.ts';

/** What a checkpoint says of it. */
export interface OriginDescription {
  readonly network: Network;
  /** Of the encoder that it was trained with; absent: the first. */
  readonly encoderRevision?: number;
  /** How slides are cut; of features only shards, blocks and cache. */
  readonly patches: WsiTrainingJobSpec['patches'];
  /** Of which kind the features are; absent where the encoder learns. */
  readonly features?: FeatureKind;
  /** What makes the features of slides; absent where there are none but the features. */
  readonly frozen?: FrozenEncoder;
}

/** An encoder that does not learn. */
export interface FrozenEncoder {
  readonly encoder: EncoderName;
  /** A safetensors file, also in S3; the kind of the features has the digest of its numbers. */
  readonly weights: string;
  /** Tiles that it embeds at once, on which the last bits depend. */
  readonly batch: number;
}

export interface TileOrigin {
  describe(spec: WsiTrainingJobSpec): OriginDescription;
  /** What of the job decides the numbers, beside training and cases. */
  identity(spec: WsiTrainingJobSpec, initial: InitialDigests): Readonly<Record<string, unknown>>;
}

/** @param features absent where the encoder learns */
export function tileOrigin(features?: FeatureKind): TileOrigin {
  return features === undefined ? SLIDES : rowsOf(features);
}

/** The encoder of a job that does not train it; undefined for other jobs. */
export function frozenEncoder({
  cohort,
  model,
  training,
  patches,
}: WsiTrainingJobSpec): FrozenEncoder | undefined {
  const { name: encoder, weights } = model.encoder;
  // Features of a cohort are of an encoder that does not learn, too.
  if (training.mode !== 'frozen' || cohort.features !== undefined) return undefined;
  if (weights === undefined) throw new WsiError('Internal', publicText`a frozen encoder without weights`);
  return { encoder, weights, batch: patches.batch };
}

/** D of the rows that it makes. @param tileSize pixels along a side */
export function frozenSize({ encoder: name }: Pick<FrozenEncoder, 'encoder'>, tileSize: number): number {
  return embeddingSize({ encoder: { name }, aggregator: { name: 'mean' }, tileSize });
}

const SLIDES: TileOrigin = {
  describe: ({ model: { encoder, aggregator }, patches }) => ({
    network: {
      encoder: { name: encoder.name },
      aggregator: aggregatorSettings(aggregator),
      tileSize: patches.size,
    },
    ...laterRevision(encoder),
    patches,
  }),
  identity: ({ patches: { cacheBytes: _cacheBytes, ...patches }, model }, initial) => ({
    patches,
    model: modelByContent(model, initial),
    ...laterRevision(model.encoder),
  }),
};

/** What tells a later revision of an encoder from the first; nothing of the first, whose runs are as they were. */
function laterRevision(encoder: TileNetwork['encoder']): Pick<OriginDescription, 'encoderRevision'> {
  const revision = encoderRevision(encoder);
  return revision === 1 ? {} : { encoderRevision: revision };
}

/** Of files of features, or made of slides by an encoder that does not learn: to the model they are the same. */
function rowsOf(features: FeatureKind): TileOrigin {
  const { size, encoderDigest } = features;
  const sharding = shardingOfRows(size);
  return {
    describe: (spec) => {
      const frozen = frozenEncoder(spec);
      return {
        network: { aggregator: aggregatorSettings(spec.model.aggregator), features: { size } },
        patches: { ...spec.patches, ...sharding },
        features,
        ...(frozen === undefined ? {} : { frozen }),
      };
    },
    identity: (spec, initial) => {
      if (frozenEncoder(spec) !== undefined) {
        return { ...SLIDES.identity(spec, initial), features: { size, encoderDigest, ...sharding } };
      }
      // The rows themselves are in the digests of the files.
      const { encoder: _none, ...parts } = modelByContent(spec.model, initial);
      return { features: { size, ...sharding }, model: parts };
    },
  };
}

/** float32 numbers of a shard: 2 MiB. */
const SHARD_NUMBERS = 2 ** 19;
const MOST_SHARD_ROWS = 512;
const BLOCK_SHARDS = 4;

/** By the numbers of a row; shards of whole powers of two, for even blocks. */
export function shardingOfRows(size: number): { readonly batch: number; readonly blockShards: number } {
  const rows = 2 ** Math.floor(Math.log2(Math.max(1, SHARD_NUMBERS / size)));
  return { batch: Math.min(MOST_SHARD_ROWS, rows), blockShards: BLOCK_SHARDS };
}
