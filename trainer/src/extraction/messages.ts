/** What the extraction of features has its processes do. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import type { FeatureLayout } from '@wsi-operator/features';
import type { StatedResolution } from '@wsi-operator/protocol';
import type { S3Settings, StainOptions, TileGridOptions } from '@wsi-operator/slides';
import type { EncoderSource } from './encoder-source.ts';

/** How slides are cut into tiles, and how many are computed at once; absolute paths. */
export type ExtractedPatches = TileGridOptions & {
  readonly batch: number;
  readonly stain?: StainOptions | undefined;
};

/** Of a job, without what belongs to a machine, or leaves the numbers alone: all of it is in the key of the features. */
export function extractedPatches(patches: WsiTrainingJobSpec['patches']): ExtractedPatches {
  const { cacheBytes: _ofTheMachine, blockShards: _ofLeases, ...cut } = patches;
  return cut;
}

export interface ExtractionSettings {
  readonly source: EncoderSource;
  /** What `source` was when the extraction began: a file that has changed since is refused. */
  readonly digest: string;
  readonly patches: ExtractedPatches;
  readonly cacheBytes: number;
  readonly layout: FeatureLayout;
  /** Whether features of another kind are replaced. */
  readonly overwrite: boolean;
  readonly store: S3Settings;
  /** Of this program, written into the files. */
  readonly toolVersion: string;
}

export interface SlideToExtract {
  readonly slide: string;
  readonly stated?: StatedResolution;
  /** The file to write. */
  readonly file: string;
}

export interface ExtractedSlide {
  readonly tiles: number;
  /** Whether the file was there already, with these features. */
  readonly kept: boolean;
  /** What is to be said of the slide, for people. */
  readonly notes: readonly string[];
}

export interface ExtractionWork {
  readonly opening: ExtractionSettings;
  readonly task: SlideToExtract;
  readonly result: ExtractedSlide;
  /** A number of tiles that were embedded since the last word. */
  readonly news: number;
}
