/**
 * The slides' files while a run goes on. A result must not depend on which tiles happened to be in a cache or which
 * files were open when a directory vanished or a slide was replaced, so every step is checked before it is applied.
 */
import { mapLimited, publicText } from '@wsi-operator/foundation';
import {
  identifySlide,
  isS3Address,
  sameIdentity,
  type S3Store,
  type SlideIdentity,
} from '@wsi-operator/slides';
import { slideErrors } from './slide-errors.ts';
import { aboutSlide, SlideError } from './unreadable-slide.ts';

export interface WatchedSlide {
  readonly slide: string;
  readonly fingerprint: string;
  readonly file: SlideIdentity;
}

const filesAtOnce = 16;

export class SlideFiles {
  readonly #store: S3Store;
  readonly #fingerprint: (slide: string) => Promise<string>;
  /** Files that were touched, but hold the same slide. */
  readonly #touched = new Map<string, SlideIdentity>();

  /** @param fingerprint what is in a file of this machine now, as at its survey */
  constructor(store: S3Store, fingerprint: (slide: string) => Promise<string>) {
    this.#store = store;
    this.#fingerprint = fingerprint;
  }

  /** @throws WsiError `SlideUnreadable` that names all slides that are gone or have become others */
  async requireUnchanged(slides: readonly WatchedSlide[]): Promise<void> {
    const errors = await mapLimited(slides, filesAtOnce, (slide) =>
      this.#requireSame(slide).then(
        () => undefined,
        (error: unknown) => aboutSlide(error, slide.slide),
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
    return (await this.#fingerprint(slide.slide)) === slide.fingerprint;
  }
}

/** @throws WsiError `SlideUnreadable` when it is gone, or another file is in its place */
export async function requireSameFile(slide: string, file: SlideIdentity, store?: S3Store): Promise<void> {
  if (!sameIdentity(await identifySlide(slide, store), file)) throw replaced(slide);
}

function replaced(slide: string): SlideError {
  return new SlideError('SlideUnreadable', 'the slide was replaced or changed during the run.', slide, {
    where: slide,
    summary: publicText`the slide was replaced or changed during the run.`,
    remedy: publicText`Put back the file that the run started with and start again, or train from scratch in another output directory.`,
  });
}
