/** By what features are known: the same key means the same numbers. */
import { sameKey, type FeatureFile, type FeatureKey, type FeatureLayout } from '@wsi-operator/features';
import { canonicalJson, publicText, WsiError } from '@wsi-operator/foundation';
import type { StatedResolution } from '@wsi-operator/protocol';
import { readAnnotations, type S3Store } from '@wsi-operator/slides';
import type { ExtractedPatches } from './messages.ts';

/**
 * Canonical JSON of all that the tiles of a slide are cut by: the batch, too, since the last bits depend on it, and of
 * annotations the digest of the file in place of where they lie.
 * @throws WsiError of annotations that are missing or cannot be read
 */
export async function patchesKey(
  { slide, stated }: { readonly slide: string; readonly stated?: StatedResolution | undefined },
  { tissue, ...patches }: ExtractedPatches,
  store: S3Store,
): Promise<string> {
  const { annotations, ...detection } = tissue ?? {};
  const areas =
    annotations === undefined
      ? {}
      : {
          annotations: {
            ...annotations,
            directory: (await readAnnotations(slide, annotations, store))?.sha256 ?? 'none',
          },
        };
  const resolution = stated === undefined ? {} : { stated };
  return canonicalJson(
    JSON.parse(JSON.stringify({ ...patches, tissue: { ...detection, ...areas }, ...resolution })),
  );
}

/**
 * Whether a file that is there has the features that would be made.
 * @param wanted without a fingerprint where it is not known yet
 * @throws WsiError `InvalidArgument` when it has others
 */
export function requireSameFeatures(
  file: string,
  found: Pick<FeatureFile, 'key' | 'layout'>,
  wanted: Omit<FeatureKey, 'slideFingerprint'> & { readonly slideFingerprint?: string },
  layout: FeatureLayout,
): void {
  const { key } = found;
  if (key === undefined) {
    throw others(file, 'there is a file of features that another program made');
  }
  if (found.layout !== layout) {
    throw others(file, `there are features in the layout of ${found.layout}, not of ${layout}`);
  }
  const { slideFingerprint = key.slideFingerprint } = wanted;
  if (sameKey(key, { ...wanted, slideFingerprint })) return;
  if (key.encoder !== wanted.encoder) {
    throw others(
      file,
      `there are features of the encoder ${JSON.stringify(key.encoder.slice(0, 100))}, not of ${wanted.encoder}`,
    );
  }
  if (key.encoderDigest !== wanted.encoderDigest) {
    throw others(
      file,
      `there are features of ${wanted.encoder} with other parameters (${key.encoderDigest.slice(0, 12)}, not ${wanted.encoderDigest.slice(0, 12)})`,
    );
  }
  if (key.patches !== wanted.patches) {
    throw others(
      file,
      'there are features of tiles that were cut otherwise (its attribute wsi_patches says how)',
    );
  }
  throw others(file, 'there are features of another slide of this name');
}

function others(file: string, problem: string): WsiError {
  return new WsiError('InvalidArgument', problem, {
    where: file,
    summary: publicText`there are other features in the place of those to be written`,
    remedy: publicText`Choose another --output, or replace them with --overwrite.`,
  });
}
