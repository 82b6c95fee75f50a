import { WsiError } from '@wsi-operator/foundation';

/** The failure of a task, with the slide that it was about. */
export class TaskFailed extends WsiError {
  readonly slide: string;
  readonly reason: WsiError;

  constructor(slide: string, reason: WsiError) {
    super(reason.code, reason.problem, { cause: reason });
    this.slide = slide;
    this.reason = reason;
  }
}
