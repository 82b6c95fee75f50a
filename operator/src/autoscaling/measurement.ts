/** What autoscaling takes of the coordinator's `StatusReply`: the protocol's own fields, within their bounds. */
import type {
  Measurement,
  MemoryPeak,
  Observation,
  RoleMemory,
  Window,
  WorkerMeasurement,
  Workload,
} from '@wsi-operator/protocol';

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
