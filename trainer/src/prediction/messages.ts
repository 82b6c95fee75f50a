/** What `wsi predict` has its processes do. */
import type { EmbedTask, Task, TaskResult } from '@wsi-operator/protocol';
import type { Pixels } from '@wsi-operator/slides';
import type { FeatureStorePlace, PicturedSlide } from '../tile-source/index.ts';

export type EmbedderTask =
  | { readonly survey: NonNullable<Task['survey']> }
  | { readonly embed: EmbedTask }
  /** What a heatmap is drawn on, at most `side` pixels long. */
  | { readonly thumbnail: PicturedSlide & { readonly side: number } };

export type EmbedderResult = TaskResult & { readonly thumbnail?: Pixels };

export interface EmbedderWork {
  readonly opening: {
    /** A directory. */
    readonly checkpoint: string;
    /** Where features are kept that a frozen encoder makes, for all processes. */
    readonly place?: FeatureStorePlace;
  };
  readonly task: EmbedderTask;
  readonly result: EmbedderResult;
}
