/**
 * The states of a run's generations, and what follows a failure or a stop in each: pure functions. `generations.ts` draws
 * the states and does their work.
 */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import { UnreadableSlideError } from '../../slide-files/unreadable-slide.ts';
import type { StepLine } from '../learning/metrics-log.ts';
import type { Prepared } from './generation-parts.ts';
import type { RecoveryPoint } from './recovery-points.ts';

/** Roll-backs in a row without a step forward, after which the run gives up. */
export const maximumRollbacks = 10;

export interface Rollbacks {
  /** In a row without a step forward. */
  readonly count: number;
  /** The newest version that any of them went back to. */
  readonly furthest: number;
}

export const noRollbacks: Rollbacks = { count: 0, furthest: -1 };

/** What one generation hands to the next. */
export interface Continued {
  readonly prepared: Prepared;
  readonly rollbacks: Rollbacks;
}

/** The version that all servers are at when training begins. */
export interface Start {
  readonly version: number;
  /** Of training, until this version. */
  readonly tiles: number;
  readonly trainingSeconds: number;
  /** Lines of `metrics.jsonl` that a coordinator may have ended before it wrote. */
  readonly lines: readonly StepLine[];
}

/** The watch over the servers of a generation. */
export interface Watch {
  /** Aborted when the run is to stop, when a server is lost, and when the watch ends. */
  readonly signal: AbortSignal;
  /** Why the generation cannot go on; undefined while all servers are there. */
  readonly lost: WsiError | undefined;
  end(): void;
}

export type ActiveState =
  | { readonly state: 'loading'; readonly run: Continued }
  | { readonly state: 'adopting'; readonly run: Continued; readonly point: RecoveryPoint }
  | { readonly state: 'restoring'; readonly run: Continued; readonly point: RecoveryPoint }
  | { readonly state: 'opening'; readonly run: Continued; readonly start: Start }
  | { readonly state: 'training'; readonly run: Continued; readonly version: number; readonly watch: Watch }
  | { readonly state: 'choosing'; readonly run: Continued; readonly watch: Watch }
  | {
      readonly state: 'evaluating';
      readonly run: Continued;
      readonly version: number;
      readonly watch: Watch;
    }
  | { readonly state: 'stopping'; readonly run: Continued; readonly watch: Watch; readonly error: WsiError }
  | { readonly state: 'quarantining'; readonly run: Continued; readonly error: UnreadableSlideError }
  | { readonly state: 'rollingBack'; readonly run: Continued; readonly error: WsiError; readonly to: number };

export type FinalState =
  | { readonly state: 'finished' }
  | { readonly state: 'stopped' }
  | { readonly state: 'failed'; readonly error: WsiError };

export type GenerationState = ActiveState | FinalState;

/** The state of that name. */
export type In<Name extends GenerationState['state']> = Extract<GenerationState, { readonly state: Name }>;

/**
 * What follows when the work of a state fails. A stop wins over every failure, a lost server over what it made fail.
 * @param now `stop`: the run is to stop; `reached`: the version that a roll-back would go back to
 */
export function afterFailure(
  from: ActiveState,
  thrown: WsiError,
  now: { readonly stop: boolean; readonly reached: number },
): GenerationState {
  const { run } = from;
  const works = from.state === 'training' || from.state === 'evaluating';
  const error = works ? (from.watch.lost ?? thrown) : thrown;
  if (now.stop) return works ? { state: 'stopping', run, watch: from.watch, error } : afterStop(error);
  // Between two generations there is nothing to go back to.
  if (isBetween(from)) return { state: 'failed', error };
  if (error instanceof UnreadableSlideError) return { state: 'quarantining', run, error };
  if (!allowsRollback(error)) return { state: 'failed', error };
  const rollbacks = countRollback(run.rollbacks, now.reached);
  if (rollbacks.count > maximumRollbacks)
    return { state: 'failed', error: withoutProgress(rollbacks, error) };
  return { state: 'rollingBack', run: { ...run, rollbacks }, error, to: now.reached };
}

/** How a run ends that was to stop: who asked for it counts on its checkpoint, so one that is not written is a failure. */
export function afterStop(error: WsiError): FinalState {
  return error.code === 'StorageFailed' ? { state: 'failed', error } : { state: 'stopped' };
}

/** A roll-back further than any before is progress: the row begins with it. */
export function countRollback({ count, furthest }: Rollbacks, reached: number): Rollbacks {
  return { count: reached > furthest ? 1 : count + 1, furthest: Math.max(furthest, reached) };
}

/** Whether the same steps may succeed in another generation. */
function allowsRollback({ code, retryable }: WsiError): boolean {
  return code !== 'StorageFailed' && (retryable || code === 'Unavailable' || code === 'StaleGeneration');
}

function isBetween({ state }: ActiveState): boolean {
  return state === 'quarantining' || state === 'rollingBack' || state === 'stopping';
}

function withoutProgress({ count }: Rollbacks, cause: WsiError): WsiError {
  return new WsiError('Internal', `went back ${count} times without progress: ${cause.message}`, {
    summary: ownText(`went back ${count} times without progress: ${cause.publicMessage}`),
    remedy: publicText`See the logs of the parameter servers.`,
    cause,
  });
}
