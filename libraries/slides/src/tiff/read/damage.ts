/** What can be wrong with a TIFF as a file, as against what is in it. */
import { WsiError } from '@wsi-operator/foundation';

/** Without the slide's name, which the caller adds. */
export function damaged(what: string): TiffDamage {
  return new TiffDamage(what, false);
}

/** What this reader does not take, and another one may. */
export function beyondLimits(what: string): TiffDamage {
  return new TiffDamage(what, true);
}

/** The file is a TIFF, but a broken one, or one that is beyond this reader's limits. */
export class TiffDamage extends Error {
  override readonly name = 'TiffDamage';
  readonly isLimit: boolean;

  constructor(what: string, isLimit: boolean) {
    super(what);
    this.isLimit = isLimit;
  }

  toWsiError(path: string): WsiError {
    return new WsiError('SlideUnreadable', `The TIFF file is damaged: ${this.message}.`, {
      where: path,
      remedy: 'Copy it again from its source.',
      cause: this,
    });
  }
}
