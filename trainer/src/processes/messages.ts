/** What a pool and its processes say to each other. */
import { WsiError, type ErrorCode } from '@wsi-operator/foundation';

/** What is done by the processes of a pool: each part must survive the way from process to process. */
export interface Work {
  readonly opening: unknown;
  readonly task: unknown;
  readonly result: unknown;
  /** What is said of a task while it is done. */
  readonly news?: unknown;
}

/** That a process is given at a time: one computes, the next reads. */
export const TASKS_PER_PROCESS = 2;

/** Of the first request, whose answer says that the process is ready. */
export const OPENING = 0;

export type Request<Of extends Work> =
  | { readonly id: typeof OPENING; readonly opening: Of['opening'] }
  | { readonly id: number; readonly task: Of['task'] };

export type Answer<Of extends Work> = { readonly id: number } & (
  { readonly result: Of['result'] } | { readonly news: Of['news'] } | { readonly error: PlainError }
);

/** A WsiError as it passes from process to process. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly where: string | undefined;
  readonly remedy: string | undefined;
}

export function plainError(thrown: unknown): PlainError {
  const { code, problem, where, remedy } = WsiError.from(thrown);
  return { code, problem, where, remedy };
}

export function fromPlainError({ code, problem, where, remedy }: PlainError): WsiError {
  return new WsiError(code, problem, {
    ...(where === undefined ? {} : { where }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
