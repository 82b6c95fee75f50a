/** Several slides that cannot be used, in one error; and its public form with the lines of the table only (pure). */
import {
  joinPublic,
  ownText,
  publicText,
  WsiError,
  type ErrorCode,
  type PublicText,
} from '@wsi-operator/foundation';
import { SlideError } from './unreadable-slide.ts';

/** A termination message holds 4 KiB. */
const shownErrors = 12;

class SlidesError extends WsiError {
  readonly errors: readonly SlideError[];
  readonly slides: number;

  constructor(errors: readonly SlideError[], slides: number) {
    const [first] = errors;
    const code: ErrorCode = errors.every((error) => error.code === first?.code)
      ? (first?.code ?? 'Internal')
      : 'InvalidCohort';
    const lines = errors.slice(0, shownErrors).map(({ message }) => `\n  ${message}`);
    const more =
      errors.length > shownErrors ? `\n  and ${errors.length - shownErrors} more: see the log` : '';
    super(code, `${errors.length} of ${slides} slides cannot be used:${lines.join('')}${more}`, {
      cause: first,
      summary: publicText`${errors.length} of ${slides} slides cannot be used`,
    });
    this.errors = errors;
    this.slides = slides;
  }
}

/** One error for all slides that cannot be used. @param errors at least one, each naming its slide */
export function slideErrors(errors: readonly SlideError[], slides: number): WsiError {
  const [first] = errors;
  if (first === undefined) throw new RangeError('there is at least one error');
  return errors.length === 1 ? first : new SlidesError(errors, slides);
}

/**
 * The same error, with the lines of the table that its slides are on as its public part.
 * @param lines of the slides in the table, by their paths
 */
export function withLines(error: WsiError, lines: ReadonlyMap<string, number>): WsiError {
  const summary = summaryOf(error, lines);
  if (summary === undefined) return error;
  const { code, problem, where, remedy, retryable } = error;
  return new WsiError(code, problem, {
    ...(where === undefined ? {} : { where }),
    ...(remedy === undefined ? {} : { remedy }),
    summary,
    retryable,
    cause: error,
  });
}

function summaryOf(error: WsiError, lines: ReadonlyMap<string, number>): PublicText | undefined {
  if (error instanceof SlideError) return lineText(error, lines);
  if (!(error instanceof SlidesError)) return undefined;
  const { errors, slides } = error;
  const shown = joinPublic(
    errors.slice(0, shownErrors).map((of) => lineText(of, lines)),
    '; ',
  );
  const more =
    errors.length > shownErrors ? publicText`; and ${errors.length - shownErrors} more` : publicText``;
  return publicText`${errors.length} of ${slides} slides cannot be used: ${shown}${more}`;
}

function lineText({ slide, publicMessage }: SlideError, lines: ReadonlyMap<string, number>): PublicText {
  const line = lines.get(slide);
  const text = ownText(publicMessage);
  return line === undefined ? text : publicText`line ${line} of the table: ${text}`;
}
