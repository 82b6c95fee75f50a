/** Whom the files are for that this process writes: slides, results and models are of patients. */
import { WsiError } from './errors.ts';
import { publicText } from './public-text.ts';

/** Nobody but the user: directories get 0700, files 0600. */
const PRIVATE = 0o077;

/**
 * Sets the mask of the rights that files do not get, of this process and of those that it starts. Directories that are
 * there keep the rights that they have. A mask of the shell's is no word on whom slides are for (022 and 027 are what
 * machines come with), so that it takes rights away and gives none.
 * @param mask `WSI_UMASK` in octal digits, as it is: 027 lets the group read, 007 lets it write, too
 * @throws WsiError `InvalidArgument`
 */
export function keepFilesPrivate(mask = process.env['WSI_UMASK'] ?? ''): void {
  if (mask !== '' && !/^0?[0-7]{3}$/u.test(mask)) {
    throw new WsiError('InvalidArgument', `'${mask}' is no mask of file rights.`, {
      where: publicText`WSI_UMASK`,
      summary: publicText`this is no mask of file rights.`,
      remedy: publicText`Leave it away, or give 027 (the group reads) or 007 (the group writes, too).`,
    });
  }
  const before = process.umask(PRIVATE);
  process.umask(mask === '' ? before | PRIVATE : Number.parseInt(mask, 8));
}
