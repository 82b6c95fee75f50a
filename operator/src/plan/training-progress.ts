/**
 * What the plan uses of the coordinator's `StatusReply`, once {@link ../progress/bounded-progress.ts} has brought it to its types
 * and bounds: nothing behind that looks again whether it can be true. The fields are the protocol's own.
 */
import type {
  Measurement,
  MemoryPeak,
  Observation,
  RoleMemory,
  StatusReply,
  Window,
  WorkerMeasurement,
  Workload,
} from '@wsi-operator/protocol';

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

/** Not known of a run that is told of by its result. */
type Asked = 'etaSeconds' | 'stepTiles' | 'stepTilesDone' | 'surveyedSlides' | 'slides' | 'surveyedTiles';

/** Numbers are finite and not negative, and 0 is also: not known. Counts are whole. */
export interface TrainingProgress
  extends Readonly<Pick<StatusReply, Known>>, Readonly<Partial<Pick<StatusReply, Asked>>> {
  /** A word of letters, digits and hyphens: of a coordinator of another version, perhaps one that is none of ours. */
  readonly phase: string;
  /** Absent until the first step is done. */
  readonly measurement?: TrainingMeasurement;
}

/** What the coordinator measured: counters and sums, no decision. */
export interface TrainingMeasurement extends Readonly<
  Pick<Measurement, 'device' | 'remainingTiles' | 'joinSeconds'>
> {
  /** All 0 where it is not known. */
  readonly workload: Readonly<Workload>;
  /** Those that can be true, of sizes that a job can have. */
  readonly observations: readonly MeasuredWindow[];
  /** The newest window that is closed. */
  readonly window?: Readonly<Window>;
  /** Connected now. */
  readonly workers: readonly MeasuredWorker[];
  /** By role. */
  readonly memory: Readonly<Record<string, MeasuredMemory>>;
}

export type MeasuredWindow = Readonly<Observation>;

export type MeasuredWorker = Readonly<WorkerMeasurement>;

export interface MeasuredMemory extends Readonly<Omit<RoleMemory, 'peaks'>> {
  readonly peaks: readonly Readonly<MemoryPeak>[];
}
