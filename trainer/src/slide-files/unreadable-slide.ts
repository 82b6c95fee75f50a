/** Errors about one slide. Its name is for whoever may see the data; everyone else sees its line in the table. */
import {
  isErrorCode,
  ownText,
  publicText,
  WsiError,
  type ErrorCode,
  type ErrorDetails,
} from '@wsi-operator/foundation';
import type { Failed } from '@wsi-operator/protocol';

export class SlideError extends WsiError {
  readonly slide: string;

  constructor(code: ErrorCode, problem: string, slide: string, details?: ErrorDetails) {
    super(code, problem, details);
    this.slide = slide;
  }
}

/** What a worker says of a slide whose content it cannot read; `cohort.unreadableSlides` decides what follows. */
export class UnreadableSlideError extends SlideError {}

const unreadable: readonly ErrorCode[] = ['SlideUnreadable', 'SlideUnsupported'];

/**
 * The error of a task that a worker has given up for good.
 * @param failed as reported by the worker: its message has the slide's name in it, its public message has not
 * @param slide whose tiles the task is about
 */
export function taskError(
  { code, message, publicMessage }: Pick<Failed, 'code' | 'message' | 'publicMessage'>,
  slide: string,
): SlideError {
  const known = isErrorCode(code) ? code : 'Internal';
  const details = publicMessage === '' ? {} : { summary: ownText(publicMessage) };
  return unreadable.includes(known)
    ? new UnreadableSlideError(known, message, slide, details)
    : new SlideError(known, message, slide, details);
}

/** The error with the slide that it is about. */
export function aboutSlide(thrown: unknown, slide: string): SlideError {
  const error = WsiError.from(thrown);
  if (error instanceof SlideError) return error;
  const { code, problem, where, remedy, retryable, publicMessage } = error;
  return new SlideError(code, problem, slide, {
    ...(where === undefined ? {} : { where }),
    ...(remedy === undefined ? {} : { remedy }),
    summary: ownText(publicMessage),
    retryable,
    cause: error,
  });
}

/** A task whose workers end, one after the other, before they answer. */
export function poisonError(slide: string, attempts: number): WsiError {
  return new SlideError(
    'SlideUnreadable',
    `was given to workers ${attempts} times and none finished it`,
    slide,
    {
      where: slide,
      remedy: publicText`See the logs of the workers: this slide ends them. Take it out of the cohort table to go on.`,
      summary: publicText`a slide was given to workers ${attempts} times and none finished it`,
    },
  );
}
