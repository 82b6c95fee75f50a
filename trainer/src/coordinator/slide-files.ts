/**
 * The slides' files while a run goes on. A result must not depend on which tiles happened to be in a cache or which
 * files were open when a directory vanished or a slide was replaced, so every step is checked before it is applied.
 */
import { WsiError, type ErrorCode } from '@wsi/foundation';
import {
  identifySlide,
  isS3Address,
  openSlide,
  sameIdentity,
  type S3Store,
  type SlideIdentity,
} from '@wsi/slides';
import { mapLimited } from './limited.ts';

export interface WatchedSlide {
  readonly slide: string;
  readonly fingerprint: string;
  readonly file: SlideIdentity;
}

const filesAtOnce = 16;
/** A termination message holds 4 KiB. */
const shownErrors = 12;

export class SlideFiles {
  readonly #store: S3Store;
  /** Files that were touched, but hold the same slide. */
  readonly #touched = new Map<string, SlideIdentity>();

  constructor(store: S3Store) {
    this.#store = store;
  }

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
    const now = await identifySlide(slide.slide, this.#store);
    const known = this.#touched.get(slide.slide) ?? slide.file;
    if (sameIdentity(now, known)) return;
    if (!(await this.#isTouched(slide))) throw replaced(slide.slide);
    this.#touched.set(slide.slide, now);
  }

  /** Whether only a file's time has changed. Another ETag, in S3, is other content. */
  async #isTouched(slide: WatchedSlide): Promise<boolean> {
    if (isS3Address(slide.slide)) return false;
    const opened = await openSlide(slide.slide);
    const { fingerprint } = opened;
    await opened.close();
    return fingerprint === slide.fingerprint;
  }
}

/** @throws WsiError `SlideUnreadable` when it is gone, or another file is in its place */
export async function requireSameFile(slide: string, file: SlideIdentity, store: S3Store): Promise<void> {
  if (!sameIdentity(await identifySlide(slide, store), file)) throw replaced(slide);
}

function replaced(slide: string): WsiError {
  return new WsiError('SlideUnreadable', 'the slide was replaced or changed during the run.', {
    where: slide,
    remedy:
      'Put back the file that the run started with and start again, or train anew in another output directory.',
  });
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
