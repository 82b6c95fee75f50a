/** The cluster that a simulation plays: its size, and what goes wrong in it. */

export interface Conditions {
  readonly nodes: number;
  readonly devicesPerNode: number;
  /** Until a worker that is started computes. */
  readonly startSeconds: number;
  /** A job stands still so long when its workers change: about a block. */
  readonly pauseSeconds: number;
  /** Standard deviation of a window's throughput, relative. */
  readonly noise: number;
  /** Hours between failures of one device. */
  readonly hoursBetweenFailures: number;
  /** Share of the starts that give a slow worker, and how slow. */
  readonly stragglers: number;
  readonly stragglerSlowdown: number;
  /** Hours between preemptions of one node, and how long it is away. */
  readonly hoursBetweenPreemptions: number;
  readonly preemptionHours: number;
}

export const CONDITIONS: Conditions = {
  nodes: 16,
  devicesPerNode: 4,
  startSeconds: 30,
  pauseSeconds: 2,
  noise: 0.05,
  hoursBetweenFailures: 200,
  stragglers: 0.01,
  stragglerSlowdown: 3,
  hoursBetweenPreemptions: 100,
  preemptionHours: 0.5,
};
