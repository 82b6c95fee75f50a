/** What a policy sees, and what it may do. */
import type { Observation } from '../model/observation.ts';
import type { WorkerRate } from '../decide/stragglers.ts';
import type { TracedJob } from './trace.ts';

/** A job as its status would show it; nothing of what is true but not measured. */
export interface JobView extends Omit<TracedJob, 'truth' | 'tiles'> {
  readonly remainingTiles: number;
  /** Devices that it holds, starting workers included. */
  readonly workers: number;
  readonly observations: readonly Observation[];
  /** Share of the time in which its workers compute, as a metrics server would report it; 0 to 1. */
  readonly utilisation: number;
  workerRates(): readonly WorkerRate[];
}

export interface ClusterView {
  readonly seconds: number;
  /** Devices that are up. */
  readonly capacity: number;
  /** Share of them that is held. */
  readonly busy: number;
  /** Until a worker that is started computes. */
  readonly startSeconds: number;
  /** In order of arrival. */
  readonly jobs: readonly JobView[];
}

export interface Allocation {
  /** Desired workers by job; jobs that are not named keep theirs. */
  readonly workers: ReadonlyMap<string, number>;
  /** Workers to be started again, by job. */
  readonly replace?: ReadonlyMap<string, readonly string[]>;
}

export interface Policy {
  readonly name: string;
  /** Seconds between looks; besides, it is asked at arrivals, ends and changes of the cluster. */
  readonly interval: number;
  allocate(view: ClusterView): Allocation;
  /** A job has ended; its measurements may serve others. */
  finished?(job: JobView): void;
}
