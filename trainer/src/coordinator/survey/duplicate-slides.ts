/** One slide under two names, in training and test: found by what the survey saw of every slide. */
import { basename } from 'node:path';
import type { Cohort, CohortCase } from '@wsi-operator/cohort';
import { joinPublic, publicText, WsiError, type Logger, type PublicText } from '@wsi-operator/foundation';
import { sameSlides, type SameSlides } from '@wsi-operator/slides';
import type { SurveyedSlide } from '../../plan/surveyed-slide.ts';

/** A termination message holds 4 KiB. */
const SHOWN_PAIRS = 12;
const HOW: Readonly<Record<SameSlides['how'], PublicText>> = {
  file: publicText`are copies of one file`,
  pixels: publicText`have the same pixels`,
  picture: publicText`show the same picture, recompressed or rescaled`,
};

export interface DuplicateOptions {
  /** The line of each slide in the table, by its path. */
  readonly lines: ReadonlyMap<string, number>;
  readonly table: string;
  /** Lines of the copies that the check of the table has reported already. */
  readonly reported: ReadonlySet<number>;
  readonly policy: 'fail' | 'allow';
  readonly logger: Logger;
}

/** Slides that are there twice; neither is said when there is none. */
export interface AllowedDuplicates {
  /** Short, as a line of progress repeats it. */
  readonly notice: PublicText | undefined;
  /** Of each pair that was not reported before, both rows. */
  readonly note: string;
}

/**
 * What is to be said of slides that are there twice.
 * @throws WsiError `InvalidCohort` that names both rows of each, unless they are allowed
 */
export async function requireDistinctSlides(
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
  { lines, table, reported, policy, logger }: DuplicateOptions,
): Promise<AllowedDuplicates> {
  const slides = cohort.cases
    .flatMap((of) =>
      of.slides.flatMap((path) => ({ of, line: lines.get(path) ?? 0, slide: surveyed.get(path)! })),
    )
    .sort((a, b) => a.line - b.line);
  const found = await sameSlides(slides.map(({ slide }) => slide));
  const isNew = ({ second }: SameSlides): boolean => !reported.has(slides[second]!.line);
  const texts = found
    .filter(isNew)
    .map(({ first, second, how }) => pairText(slides[first]!, slides[second]!, how));
  const fresh = found
    .filter(isNew)
    .map(({ first, second, how }) => [slides[first]!, slides[second]!, how] as const);
  for (const [index, text] of texts.entries()) {
    const [first, second] = fresh[index]!;
    logger.warn({ table, lines: [first.line, second.line], duplicate: text }, 'one slide under two names');
  }
  if (policy === 'allow') {
    const note = texts.length === 0 ? '' : `${String(countText(texts.length))}: ${listed(texts, '; ')}`;
    return { notice: found.length === 0 ? undefined : countText(found.length), note };
  }
  if (texts.length === 0) return { notice: undefined, note: '' };
  throw new WsiError('InvalidCohort', `${String(countText(texts.length))}:\n  ${listed(texts, '\n  ')}\n`, {
    where: table,
    summary: summaryOf(fresh),
    remedy: publicText`Leave one row of each pair out: a slide that is learned must not be tested. When they are different slides: \`cohort.duplicateSlides: allow\`.`,
  });
}

function countText(count: number): PublicText {
  const slides =
    count === 1 ? publicText`a slide of the table is` : publicText`${count} slides of the table are`;
  return publicText`${slides} there under another name, too`;
}

function listed(texts: readonly string[], separator: string): string {
  const more = texts.length > SHOWN_PAIRS ? [`and ${texts.length - SHOWN_PAIRS} more: see the log`] : [];
  return [...texts.slice(0, SHOWN_PAIRS), ...more].join(separator);
}

interface Row {
  readonly of: CohortCase;
  readonly line: number;
  readonly slide: SurveyedSlide;
}

function summaryOf(pairs: readonly (readonly [Row, Row, SameSlides['how']])[]): PublicText {
  const shown = pairs
    .slice(0, SHOWN_PAIRS)
    .map(([first, second, how]) => publicText`lines ${first.line} and ${second.line} ${HOW[how]}`);
  const more =
    pairs.length > SHOWN_PAIRS ? publicText`; and ${pairs.length - SHOWN_PAIRS} more` : publicText``;
  return publicText`${countText(pairs.length)}: ${joinPublic(shown, '; ')}${more}`;
}

function pairText(first: Row, second: Row, how: SameSlides['how']): string {
  const name = ({ of, slide }: Row): string => `'${basename(slide.slide)}' of patient '${of.patient}'`;
  const splits = first.of.split === second.of.split ? '' : ` (${first.of.split} and ${second.of.split})`;
  return `lines ${first.line} and ${second.line}: ${name(first)} and ${name(second)} ${String(HOW[how])}${splits}`;
}
