/**
 * Slides that a run leaves out because they cannot be read (`cohort.unreadableSlides: skip`). The set is kept in
 * `quarantine.json` and never shrinks: a resumed run has the same one, also when a file was repaired meanwhile. It is
 * written before anything follows from it, together with what becomes of the checkpoints made until then:
 *
 *     a training slide     they hold its influence: the run starts again, as if the slide had never been there
 *     only held-out ones   they stay good: the parameters do not know these slides
 *
 * Where an epoch is chosen by the validation set, its slides have influence, too, and count as training slides.
 *
 * So the parameters do not depend on when a damage is found, nor by whom.
 */
import { readFile } from 'node:fs/promises';
import type { Cohort, CohortCase, Split } from '@wsi-operator/cohort';
import {
  publicText,
  systemErrorCode,
  writeFileAtomically,
  WsiError,
  type Logger,
  type RedactableText,
} from '@wsi-operator/foundation';
import { slideErrors } from '../../slide-files/slide-errors.ts';
import type { UnreadableSlideError } from '../../slide-files/unreadable-slide.ts';

export interface QuarantinedSlide {
  readonly slide: string;
  /** What the reader said of it. */
  readonly reason: string;
}

/** What becomes of a checkpoint with another identity than the run's. */
export type Standing = 'continued' | 'superseded' | 'foreign';

interface Content {
  readonly format: 1;
  /** Sorted by slide. */
  readonly slides: readonly QuarantinedSlide[];
  /** Identities of this run before it lost held-out slides. */
  readonly continued: readonly string[];
  /** Identities of this run before it lost training slides. */
  readonly superseded: readonly string[];
}

const nothing: Content = { format: 1, slides: [], continued: [], superseded: [] };
/** A status message is for people. */
const shownSlides = 12;

export class Quarantine {
  readonly #path: string;
  readonly #logger: Logger;
  #content: Content;

  /**
   * The set of a run so far; names its slides in the log.
   * @throws WsiError `CheckpointInvalid` when the file is damaged
   */
  static async load(path: string, logger: Logger): Promise<Quarantine> {
    const quarantine = new Quarantine(path, logger, await readContent(path));
    quarantine.#log(quarantine.slides);
    return quarantine;
  }

  /** For a run that leaves nothing out. */
  static empty(path: string, logger: Logger): Quarantine {
    return new Quarantine(path, logger, nothing);
  }

  private constructor(path: string, logger: Logger, content: Content) {
    this.#path = path;
    this.#logger = logger;
    this.#content = content;
  }

  get slides(): readonly QuarantinedSlide[] {
    return this.#content.slides;
  }

  has(slide: string): boolean {
    return this.slides.some((of) => of.slide === slide);
  }

  /** The cohort without the quarantined slides, and without the cases that have no other. Splits stay as they are. */
  without(cohort: Cohort): Cohort {
    const cases = cohort.cases.flatMap((of): CohortCase[] => {
      const slides = of.slides.filter((slide) => !this.has(slide));
      return slides.length === 0 ? [] : [{ ...of, slides }];
    });
    return { ...cohort, cases };
  }

  /**
   * Takes in slides, durably.
   * @param before the identity of the run until now, when it may have checkpoints, and the splits that decide its result
   * @throws WsiError that names all slides when none is left to train on; `StorageFailed`
   */
  async add(
    errors: readonly UnreadableSlideError[],
    cohort: Cohort,
    { identity, decisive = ['train'] }: { identity?: string; decisive?: readonly Split[] } = {},
  ): Promise<void> {
    const fresh = errors.filter(({ slide }) => !this.has(slide));
    if (fresh.length === 0) return;
    const added = fresh.map(({ slide, message }) => ({ slide, reason: message }));
    const before = identity === undefined ? [] : [identity];
    const { continued, superseded } = this.#content;
    const names = new Set(added.map(({ slide }) => slide));
    const training = cohort.cases.some(
      ({ split, slides }) => decisive.includes(split) && slides.some((slide) => names.has(slide)),
    );
    const next: Content = {
      format: 1,
      slides: [...this.slides, ...added].sort((a, b) => (a.slide < b.slide ? -1 : 1)),
      continued: training ? [] : [...continued, ...before],
      superseded: training ? [...superseded, ...continued, ...before] : superseded,
    };
    const left = new Quarantine(this.#path, this.#logger, next).without(cohort);
    if (!left.cases.some(({ split }) => split === 'train')) {
      throw slideErrors(errors, cohort.cases.flatMap(({ slides }) => slides).length);
    }
    await writeFileAtomically(this.#path, `${JSON.stringify(next, undefined, 2)}\n`);
    this.#content = next;
    this.#log(added);
  }

  standingOf(identity: string): Standing {
    const { continued, superseded } = this.#content;
    if (continued.includes(identity)) return 'continued';
    return superseded.includes(identity) ? 'superseded' : 'foreign';
  }

  /** For the status: which slides, and why; empty when there is none. */
  get notice(): RedactableText | undefined {
    if (this.slides.length === 0) return undefined;
    const shown = this.slides.slice(0, shownSlides).map(({ reason }) => reason);
    const more = this.slides.length > shownSlides ? ` and ${this.slides.length - shownSlides} more` : '';
    const count = this.slides.length === 1 ? '1 slide is' : `${this.slides.length} slides are`;
    return {
      whole: `${count} quarantined: ${shown.join(' ')}${more}`,
      shown: publicText`slides in quarantine: ${this.slides.length} (named in OUTPUT/quarantine.json)`,
    };
  }

  #log(slides: readonly QuarantinedSlide[]): void {
    for (const { slide, reason } of slides) this.#logger.warn({ slide, reason }, 'slide quarantined');
  }
}

async function readContent(path: string): Promise<Content> {
  let content: Partial<Content> | null;
  try {
    content = JSON.parse(await readFile(path, 'utf8')) as Partial<Content> | null;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return nothing;
    throw damaged(path, error);
  }
  const { format, slides, continued, superseded } = content ?? {};
  if (format !== 1 || slides === undefined || continued === undefined || superseded === undefined) {
    throw damaged(path);
  }
  return { format, slides, continued, superseded };
}

function damaged(path: string, cause?: unknown): WsiError {
  return new WsiError('CheckpointInvalid', publicText`the list of quarantined slides cannot be read`, {
    where: path,
    remedy: publicText`Restore it, or train from scratch in another output directory.`,
    cause,
  });
}
