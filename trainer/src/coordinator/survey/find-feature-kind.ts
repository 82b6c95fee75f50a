/**
 * Of which kind a run's features are. Those of an encoder that does not learn are as its weights say; those of a cohort of files
 * of features are as its first file that can be read, which all others have to be of, too. Where it
 * does not name its encoder, the first one that does decides.
 */
import { FeatureReader } from '@wsi-operator/features';
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import type { S3Store } from '@wsi-operator/slides';
import { encoderFacts } from '../../extraction/encoder-source.ts';
import { frozenEncoder, frozenSize } from '../../plan/tile-origin.ts';
import { slideErrors } from '../../slide-files/slide-errors.ts';
import { aboutSlide, type SlideError } from '../../slide-files/unreadable-slide.ts';
import { completed, type FeatureKind } from '../../tile-source/index.ts';

/**
 * @param slides in the order of the cohort's cases @returns undefined where the encoder learns
 * @throws WsiError of the encoder's weights, or that names every file when none can be read
 */
export async function featureKindOf(
  spec: WsiTrainingJobSpec,
  slides: readonly string[],
  store: S3Store,
): Promise<FeatureKind | undefined> {
  if (spec.cohort.features !== undefined) return findFeatureKind(slides);
  const frozen = frozenEncoder(spec);
  if (frozen === undefined) return undefined;
  const { encoder, weights } = frozen;
  const facts = await encoderFacts({ encoder, parameters: { weights } }, spec.patches.size, store);
  const size = frozenSize(frozen, spec.patches.size);
  return { size, encoder: facts.name, encoderDigest: facts.digest };
}

/**
 * @param files in the order of the cohort's cases, which is not that of the table's rows
 * @throws WsiError that names every file when none can be read
 */
async function findFeatureKind(files: readonly string[]): Promise<FeatureKind> {
  const reader = new FeatureReader();
  const errors: SlideError[] = [];
  let kind: FeatureKind | undefined;
  try {
    for (const path of files) {
      if (kind?.encoder !== undefined) break;
      try {
        const file = await reader.describe(path);
        // One of another size is refused by the survey, and says nothing of the others.
        if (kind === undefined || kind.size === file.size) kind = completed(kind, file);
      } catch (thrown) {
        errors.push(aboutSlide(WsiError.from(thrown), path));
      }
    }
    if (kind === undefined) throw slideErrors(errors, files.length);
    return kind;
  } finally {
    await reader.close();
  }
}
