/**
 * Of which kind a cohort's features are: that of its first file that can be read, which all others have to be of, too. Where it
 * does not name its encoder, the first one that does decides.
 */
import { FeatureReader } from '@wsi-operator/features';
import { WsiError } from '@wsi-operator/foundation';
import { slideErrors } from '../../slide-files/slide-errors.ts';
import { aboutSlide, type SlideError } from '../../slide-files/unreadable-slide.ts';
import { completed, type FeatureKind } from '../../tile-source/index.ts';

/**
 * @param files in the order of the cohort's cases, which is not that of the table's rows
 * @throws WsiError that names every file when none can be read
 */
export async function findFeatureKind(files: readonly string[]): Promise<FeatureKind> {
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
