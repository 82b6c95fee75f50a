/**
 * What the plan uses of the coordinator's `StatusReply`, once {@link ../progress/bounded-progress.ts} has brought it to its
 * types and bounds, or {@link last-word.ts} its result: nothing behind them checks again whether it can be true. The fields
 * are the protocol's own.
 */
import type { StatusReply } from '@wsi-operator/protocol';
import type { TrainingMeasurement } from '../autoscaling/index.ts';

type Known =
  | 'step'
  | 'steps'
  | 'epoch'
  | 'epochs'
  | 'fraction'
  | 'tiles'
  | 'tilesPerSecond'
  | 'metrics'
  | 'parametersSha256'
  | 'checkpointStep'
  | 'peakMemoryBytes'
  | 'workersConnected'
  | 'message';

/** Not known of a run of which only the result is known. */
type Asked = 'etaSeconds' | 'stepTiles' | 'stepTilesDone' | 'surveyedSlides' | 'slides' | 'surveyedTiles';

/** Numbers are finite and not negative, and 0 is also: not known. Counts are whole. */
export interface TrainingProgress
  extends Readonly<Pick<StatusReply, Known>>, Readonly<Partial<Pick<StatusReply, Asked>>> {
  /** A word of letters, digits and hyphens: of a coordinator of another version, perhaps one that is none of ours. */
  readonly phase: string;
  /** Absent until the first step is done. */
  readonly measurement?: TrainingMeasurement;
}
