/** What `wsi predict` and its embedding processes say to each other. */
import { WsiError, type ErrorCode } from '@wsi-operator/foundation';
import type { EmbedTask, Task, TaskResult } from '@wsi-operator/protocol';
import type { Pixels } from '@wsi-operator/slides';

export type EmbedderTask =
  | { readonly survey: NonNullable<Task['survey']> }
  | { readonly embed: EmbedTask }
  /** The slide as a picture at most `side` pixels long. */
  | { readonly thumbnail: { readonly slide: string; readonly side: number } };

export type EmbedderResult = TaskResult & { readonly thumbnail?: Pixels };

export type EmbedderRequest =
  /** The first one; its answer, with id 0, says that the engine is ready. */
  { readonly id: 0; readonly checkpoint: string } | { readonly id: number; readonly task: EmbedderTask };

export type EmbedderAnswer = { readonly id: number } & (
  { readonly result: EmbedderResult } | { readonly error: PlainError }
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
