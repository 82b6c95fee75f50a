/**
 * The one error class of the project. It is written for the person who reads it: what is wrong, where (slide,
 * field path, row), and what to do. Anything unknown is converted where it is caught, with its cause kept.
 *
 * Each error has two messages. `message` is whole, for whoever may see the data. `publicMessage` may go anywhere: it
 * holds only what was written as {@link PublicText}, and of an error without any the kind alone.
 */
import { joinPublic, ownText, PublicText, publicText } from './public-text.ts';

/** Machine-readable reasons. `retryable` in {@link WsiError} says whether the same call may succeed later. */
export type ErrorCode =
  | 'InvalidManifest'
  | 'InvalidCohort'
  | 'InvalidArgument'
  | 'SlideUnreadable'
  | 'SlideUnsupported'
  | 'NoTissue'
  | 'NotFound'
  | 'CheckpointInvalid'
  | 'WeightsInvalid'
  | 'StorageFailed'
  | 'EngineFailed'
  | 'Diverged'
  | 'StaleGeneration'
  | 'Unavailable'
  | 'Cancelled'
  | 'Internal';

export interface ErrorDetails {
  /** Where: a slide, a file, a field path or a row, as the user knows it. */
  readonly where?: string | PublicText;
  /** What the user can do about it, as a sentence. */
  readonly remedy?: string | PublicText;
  /** The public part of a private problem: counts, line numbers, kinds. */
  readonly summary?: PublicText;
  readonly cause?: unknown;
  readonly retryable?: boolean;
}

export class WsiError extends Error {
  override readonly name = 'WsiError';
  readonly code: ErrorCode;
  /** The message without place and remedy. */
  readonly problem: string;
  readonly where: string | undefined;
  readonly remedy: string | undefined;
  readonly retryable: boolean;
  /** The message for everyone: without names, identifiers, values and paths. */
  readonly publicMessage: string;

  constructor(code: ErrorCode, problem: string | PublicText, details: ErrorDetails = {}) {
    const { where, remedy, cause } = details;
    super(sentences(where, problem, remedy), cause === undefined ? undefined : { cause });
    this.code = code;
    this.problem = String(problem);
    this.where = where === undefined ? undefined : String(where);
    this.remedy = remedy === undefined ? undefined : String(remedy);
    this.retryable = details.retryable ?? false;
    this.publicMessage = publicSentences(code, problem, details);
  }

  /** Converts whatever was thrown; a WsiError is returned as it is. */
  static from(thrown: unknown, code: ErrorCode = 'Internal', details: ErrorDetails = {}): WsiError {
    if (thrown instanceof WsiError) return thrown;
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    return new WsiError(code, problem, { ...details, cause: thrown });
  }
}

function sentences(
  where: string | PublicText | undefined,
  text: string | PublicText,
  remedy: string | PublicText | undefined,
): string {
  const problem = String(text);
  const place = where === undefined ? '' : `${String(where)}: `;
  if (remedy === undefined) return `${place}${problem}`;
  // Problems from elsewhere (the system's, TensorFlow's) come without a full stop.
  const end = /[.!?:;,]$/.test(problem) ? ' ' : '. ';
  // A problem that ends as a list, with a line break, has the remedy on a line of its own.
  return `${place}${problem}${problem.endsWith('\n') ? '' : end}${String(remedy)}`;
}

const KINDS: Readonly<Record<ErrorCode, PublicText>> = {
  InvalidManifest: publicText`the job does not say what can be done`,
  InvalidCohort: publicText`the cohort's table cannot be used`,
  InvalidArgument: publicText`a setting does not fit what it is for`,
  SlideUnreadable: publicText`a slide cannot be read`,
  SlideUnsupported: publicText`a slide is in a format that is not read`,
  NoTissue: publicText`a slide has too little tissue`,
  NotFound: publicText`a file or directory is not there`,
  CheckpointInvalid: publicText`a checkpoint cannot be used`,
  WeightsInvalid: publicText`a file of weights cannot be used`,
  StorageFailed: publicText`a file cannot be written or read`,
  EngineFailed: publicText`the computation failed`,
  Diverged: publicText`the training diverged`,
  StaleGeneration: publicText`a message came from an earlier start of the run`,
  Unavailable: publicText`another part of the run cannot be reached`,
  Cancelled: publicText`it was stopped`,
  Internal: publicText`an unexpected fault`,
};

/** Whether a text from elsewhere is one of the codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(KINDS, text);
}

/** What is public of an error; when the problem itself is not, its summary or the kind of the error stands for it. */
function publicSentences(
  code: ErrorCode,
  problem: string | PublicText,
  { where, remedy, summary, cause }: ErrorDetails,
): string {
  const open = (text: string | PublicText | undefined): PublicText | undefined =>
    text instanceof PublicText ? text : undefined;
  const errno = systemErrorCode(cause);
  const system = errno !== undefined && /^E[A-Z0-9]{2,20}$/.test(errno) ? [ownText(`(${errno})`)] : [];
  const publicProblem = open(problem) ?? joinPublic([summary ?? KINDS[code], ...system], ' ');
  return sentences(open(where), publicProblem, open(remedy));
}

/** The errno name of a Node system error (`ENOSPC`, `ENOENT`, ...), or undefined. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
