/**
 * The slides' files while a run goes on. A result must not depend on which tiles happened to be in a cache or which
 * files were open when a directory vanished or a slide was replaced, so every step is checked before it is applied.
 */
import { stat } from 'node:fs/promises';
import { WsiError, type ErrorCode } from '@wsi/foundation';
import { openSlide } from '@wsi/slides';
import { mapLimited } from './limited.ts';

export interface FileIdentity {
  readonly bytes: number;
  /** Modification time, Unix milliseconds. */
  readonly modified: number;
}

export interface WatchedSlide {
  readonly slide: string;
  readonly fingerprint: string;
  readonly file: FileIdentity;
}

const filesAtOnce = 16;
/** A termination message holds 4 KiB. */
const shownErrors = 12;

/** @throws WsiError `SlideUnreadable` when the file is gone */
export async function identifyFile(slide: string): Promise<FileIdentity> {
  try {
    const { size, mtimeMs } = await stat(slide);
    return { bytes: size, modified: mtimeMs };
  } catch (error) {
    throw new WsiError('SlideUnreadable', 'the slide cannot be read any more.', {
      where: slide,
      remedy:
        'Mount or restore its directory and start again: the run goes on from its last checkpoint, if it has one.',
      cause: error,
    });
  }
}

export class SlideFiles {
  /** Files that were touched, but hold the same slide. */
  readonly #touched = new Map<string, FileIdentity>();

  /** @throws WsiError `SlideUnreadable` that names all slides that are gone or have become others */
  async requireUnchanged(slides: readonly WatchedSlide[]): Promise<void> {
    const errors = await mapLimited(slides, filesAtOnce, (slide) =>
      this.#requireSame(slide).then(
        () => undefined,
        (error: unknown) => WsiError.from(error),
      ),
    );
    const found = errors.filter((error) => error !== undefined);
    if (found.length > 0) throw slideErrors(found, slides.length);
  }

  async #requireSame(slide: WatchedSlide): Promise<void> {
    const now = await identifyFile(slide.slide);
    const known = this.#touched.get(slide.slide) ?? slide.file;
    if (now.bytes === known.bytes && now.modified === known.modified) return;
    const opened = await openSlide(slide.slide);
    const { fingerprint } = opened;
    await opened.close();
    if (fingerprint !== slide.fingerprint) {
      throw new WsiError('SlideUnreadable', 'the slide was replaced or changed during the run.', {
        where: slide.slide,
        remedy:
          'Put back the file that the run started with and start again, or train anew in another output directory.',
      });
    }
    this.#touched.set(slide.slide, now);
  }
}

/** One error for all slides that cannot be used. @param errors at least one, each naming its slide */
export function slideErrors(errors: readonly WsiError[], slides: number): WsiError {
  const [first] = errors;
  if (first === undefined) throw new RangeError('there is at least one error');
  if (errors.length === 1) return first;
  const lines = errors.slice(0, shownErrors).map(({ message }) => `\n  ${message}`);
  const more = errors.length > shownErrors ? `\n  and ${errors.length - shownErrors} more: see the log` : '';
  const code: ErrorCode = errors.every((error) => error.code === first.code) ? first.code : 'InvalidCohort';
  return new WsiError(code, `${errors.length} of ${slides} slides cannot be used:${lines.join('')}${more}`, {
    cause: first,
  });
}
