/** What `wsi predict` has its processes do. */
import type { EmbedTask, Task, TaskResult } from '@wsi-operator/protocol';
import type { Pixels } from '@wsi-operator/slides';

export type EmbedderTask =
  | { readonly survey: NonNullable<Task['survey']> }
  | { readonly embed: EmbedTask }
  /** The slide as a picture at most `side` pixels long. */
  | { readonly thumbnail: { readonly slide: string; readonly side: number } };

export type EmbedderResult = TaskResult & { readonly thumbnail?: Pixels };

export interface EmbedderWork {
  /** The directory of the checkpoint. */
  readonly opening: string;
  readonly task: EmbedderTask;
  readonly result: EmbedderResult;
}
