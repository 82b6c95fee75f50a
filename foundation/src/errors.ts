/**
 * The one error class of the project. It is written for the person who reads it: what is wrong, where (slide,
 * field path, row), and what to do. Anything unknown is converted where it is caught, with its cause kept.
 */

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
  | 'StorageFailed'
  | 'EngineFailed'
  | 'Diverged'
  | 'StaleGeneration'
  | 'Unavailable'
  | 'Cancelled'
  | 'Internal';

export interface ErrorDetails {
  /** Where: a slide, a file, a field path or a row, as the user knows it. */
  readonly where?: string;
  /** What the user can do about it, as a sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
  readonly retryable?: boolean;
}

export class WsiError extends Error {
  override readonly name = 'WsiError';
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly remedy: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, problem: string, details: ErrorDetails = {}) {
    const place = details.where === undefined ? '' : `${details.where}: `;
    // Problems from elsewhere (the system's, TensorFlow's) come without a full stop.
    const end = /[.!?:;,]$/.test(problem) ? ' ' : '. ';
    // A problem that ends as a list, with a line break, has the remedy on a line of its own.
    const link = problem.endsWith('\n') ? '' : end;
    const remedy = details.remedy === undefined ? '' : `${link}${details.remedy}`;
    super(`${place}${problem}${remedy}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.remedy = details.remedy;
    this.retryable = details.retryable ?? false;
  }

  /** Converts whatever was thrown; a WsiError is returned as it is. */
  static from(thrown: unknown, code: ErrorCode = 'Internal', details: ErrorDetails = {}): WsiError {
    if (thrown instanceof WsiError) return thrown;
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    return new WsiError(code, problem, { ...details, cause: thrown });
  }
}

/** The errno name of a Node system error (`ENOSPC`, `ENOENT`, ...), or undefined. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
