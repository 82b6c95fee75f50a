/** Where a storm takes place. */
import type { FaultAction, FaultKind, OtherVictim } from './schedule.ts';
import type { Replicas } from './leader.ts';
import type { RunOutcome } from './outcome.ts';

export interface Arena {
  /** Kinds of faults that are possible here, each with its share. */
  readonly shares: Partial<Record<FaultKind, number>>;
  /** Kinds that are not, each with the reason. */
  readonly impossible: Partial<Record<FaultKind, string>>;
  readonly others: readonly OtherVictim[];
  readonly replicas: Replicas;
  /** A run without faults, by one worker and one server. */
  quiet(): Promise<RunOutcome>;
  /** Begins another run of the job, with the numbers of processes that the one before had in the end. */
  begin(run: number): Promise<void>;
  /** Steps that are committed; what a roll-back takes back does not count any more. */
  steps(): Promise<number>;
  /** Whether the run has come to its end. @throws WsiError when it has failed */
  isFinished(): Promise<boolean>;
  /**
   * Does the harm. What lasts (a pause, a partition) ends by itself.
   * @returns what was done, in a few words; undefined when the run had ended before it could be done
   */
  inject(action: FaultAction): Promise<string | undefined>;
  /** The result of the finished run, and what is left of it that should not be. Then everything of it is removed. */
  conclude(): Promise<{ readonly outcome: RunOutcome; readonly leftovers: readonly string[] }>;
  /** Ends everything; keeps what may explain a failure when asked to. */
  close(keep: boolean): Promise<void>;
}
