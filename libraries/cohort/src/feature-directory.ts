/** The files of features of a cohort, one for each slide that the table names. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { enumerate } from './problems.ts';
import { slideDirectory, type SlideAcceptance } from './slide-directory.ts';
import { quoted } from './spelling/characters.ts';
import type { SlideOracle } from './table-fields.ts';

/** What a slide's name may end with; what else follows a point belongs to the name, as the number of a barcode does. */
const SLIDE_ENDING =
  /\.(?:ome\.tiff?|svs|svslide|tiff?|btf|tf8|ndpi|scn|mrxs|bif|vms|vmu|dcm|dicom|czi|qptiff|isyntax|png|jpe?g)$/iu;
const REMEDY =
  'For a slide NAME.svs the file is NAME.h5 in `cohort.features`; letter case counts. Extract its features, or take it out of the table.';
const FEATURES = /\.h5$/iu;

/**
 * The oracle of a directory: of a slide `NAME.svs` the file is `NAME.h5` or `NAME.svs.h5`; a name that ends with .h5 is the
 * file's own.
 */
export function featureDirectory(directory: string, accept?: SlideAcceptance): SlideOracle {
  const files = slideDirectory(directory, accept);
  return (name) => {
    const candidates = candidatesOf(name);
    const there = candidates.filter((file) => existsSync(resolve(directory, file)));
    const [file] = there;
    if (there.length > 1) {
      const reason = `the slide ${quoted(name)} has several files of features: ${enumerate(there.map(quoted))}; keep one`;
      return { found: false, reason, remedy: REMEDY };
    }
    if (file === undefined && !FEATURES.test(name)) {
      const wanted = candidates.map(quoted).join(' or ');
      const reason = `the slide ${quoted(name)} has no file of features (${wanted})`;
      return { found: false, reason, remedy: REMEDY };
    }
    return files(file ?? name);
  };
}

function candidatesOf(name: string): string[] {
  if (FEATURES.test(name)) return [name];
  const bare = name.replace(SLIDE_ENDING, '');
  return [...new Set([`${bare}.h5`, `${name}.h5`])];
}
