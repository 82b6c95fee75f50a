import { WsiError, type ErrorCode } from '@wsi/foundation';

/** What a worker says of a slide whose content it cannot read; `cohort.unreadableSlides` decides what follows. */
export class UnreadableSlideError extends WsiError {
  readonly slide: string;

  /** @param problem with the slide's name in it, as the worker told it */
  constructor(code: ErrorCode, problem: string, slide: string) {
    super(code, problem);
    this.slide = slide;
  }
}

const unreadable: readonly ErrorCode[] = ['SlideUnreadable', 'SlideUnsupported'];

/** The error of a task that a worker has given up for good. @param slide whose tiles the task is about */
export function taskError(code: ErrorCode, message: string, slide: string): WsiError {
  return unreadable.includes(code)
    ? new UnreadableSlideError(code, message, slide)
    : new WsiError(code, message);
}

/** A task whose workers end, one after the other, before they answer. */
export function poisonError(slide: string, attempts: number): WsiError {
  return new WsiError('SlideUnreadable', `was given to workers ${attempts} times and none finished it`, {
    where: slide,
    remedy: 'See the logs of the workers: this slide ends them. Take it out of the cohort table to go on.',
  });
}
