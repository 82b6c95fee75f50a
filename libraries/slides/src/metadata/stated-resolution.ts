/** The resolution that somebody states for a slide, beside what the file says. */
import { WsiError } from '@wsi-operator/foundation';
import type { Mpp } from './mpp.ts';
import { differs, mppText, type FileResolution } from './resolution-claims.ts';

export interface StatedResolution {
  /** Micrometres for one level-0 pixel. */
  readonly mpp: number;
  /**
   * What holds when the file says another resolution: with `file` (the default) a difference of more than a tenth is
   * an error, with `statement` the statement holds.
   */
  readonly prefer?: 'file' | 'statement' | undefined;
}

/** Beyond it one of the two is wrong, rather than rounded. */
const REFUSED_DIFFERENCE = 0.1;

export interface SlideResolution extends FileResolution {
  /** Whether it is the statement's and not the file's. */
  readonly stated: boolean;
}

/** @throws WsiError InvalidArgument for a statement that is no resolution, or that the file contradicts */
export function withStatement(
  path: string,
  file: FileResolution,
  statement: StatedResolution | undefined,
): SlideResolution {
  if (statement === undefined) return { ...file, stated: false };
  const { mpp: value, prefer = 'file' } = statement;
  if (!(Number.isFinite(value) && value >= 0.01 && value <= 100)) {
    throw new WsiError('InvalidArgument', `The resolution that is stated for the slide is ${value} um/px.`, {
      where: path,
      remedy: 'State micrometres for a pixel of its finest level, from 0.01 to 100.',
    });
  }
  const mpp: Mpp = { x: value, y: value };
  if (file.mpp === undefined) {
    return { mpp, source: 'stated', problem: undefined, notes: file.notes, stated: true };
  }
  if (!differs(file.mpp, mpp)) return { ...file, stated: false };
  const both = `${mppText(mpp)} is stated, the file says ${mppText(file.mpp)} (${file.source})`;
  if (prefer === 'statement') {
    return { mpp, source: 'stated', problem: undefined, notes: [...file.notes, both], stated: true };
  }
  if (!differs(file.mpp, mpp, REFUSED_DIFFERENCE)) {
    return { ...file, notes: [...file.notes, `${both}, which is used`], stated: false };
  }
  throw new WsiError('InvalidArgument', `Two resolutions: ${both}.`, {
    where: path,
    remedy:
      'Correct the statement, or let it hold against the file (cohort.resolution.prefer: statement, --prefer-slide-mpp).',
  });
}
