/**
 * What is meant to become of a job, as far as its definition, its stored status and the administrator's rules say; what
 * its pods have done since is none of it (see course.ts). Decided once in a pass, by the first of these that holds:
 *
 * 1. `fault`: the operator could not observe the job, or plan for it: nothing of what was observed is to be trusted;
 * 2. `invalid`: its spec does not pass validation: only metadata and status are to be trusted;
 * 3. `elsewhere`, `dispatched`: `managedBy` names another controller, or MultiKueue, which runs it on another cluster;
 * 4. `finished`: its status says that it has succeeded or failed, which is final, also while the job is being deleted;
 * 5. `deleted`: it is being deleted;
 * 6. `suspended`: the user wants no pods of it now;
 * 7. `notAllowed`: it asks for what the administrator does not allow;
 * 8. `run`.
 */
import { isTrue, managerOf, MULTIKUEUE_NAME, OPERATOR_NAME, type WsiTrainingJob } from '@wsi-operator/api';
import { isolationMessage } from './isolation.ts';
import type { ClusterSettings } from './settings.ts';

interface Finished {
  readonly kind: 'finished';
  readonly outcome: 'Succeeded' | 'Failed';
  /** It is being deleted besides: what it owns is left to the garbage collector. */
  readonly deleted: boolean;
}

/** Of a job whose spec is valid, wherever it runs. */
type SpecIntent =
  Finished | { readonly kind: 'deleted' } | { readonly kind: 'suspended' } | { readonly kind: 'run' };

/** Of a job that this operator manages. */
export type RunIntent = SpecIntent | { readonly kind: 'notAllowed'; readonly message: string };

export type JobIntent =
  /** @property what the kind of the fault, such as `TypeError` */
  | { readonly kind: 'fault'; readonly what: string }
  /** @property finished the job is over besides, so that its time to be removed still counts */
  | { readonly kind: 'invalid'; readonly message: string; readonly finished: boolean }
  | { readonly kind: 'elsewhere' }
  /** @property there what is meant to become of it on the other cluster, whose administrator has rules of its own */
  | { readonly kind: 'dispatched'; readonly there: SpecIntent }
  | RunIntent;

/** @param job as it is stored */
export function intentOf(
  job: WsiTrainingJob,
  { fault, invalid }: { readonly fault?: string; readonly invalid?: string },
  settings: ClusterSettings,
): JobIntent {
  if (fault !== undefined) return { kind: 'fault', what: fault };
  if (invalid !== undefined) {
    return { kind: 'invalid', message: invalid, finished: outcomeOf(job) !== undefined };
  }
  const manager = managerOf(job.spec);
  if (manager === MULTIKUEUE_NAME) return { kind: 'dispatched', there: specIntent(job) };
  if (manager !== OPERATOR_NAME) return { kind: 'elsewhere' };
  const intent = specIntent(job);
  if (intent.kind !== 'run') return intent;
  const message = isolationMessage(job, settings);
  return message === undefined ? intent : { kind: 'notAllowed', message };
}

/** It goes away, and with it all that it owns: the garbage collector sees to that. */
export function isBeingDeleted(intent: RunIntent): boolean {
  return intent.kind === 'deleted' || (intent.kind === 'finished' && intent.deleted);
}

function specIntent(job: WsiTrainingJob): SpecIntent {
  const outcome = outcomeOf(job);
  const deleted = job.metadata.deletionTimestamp !== undefined;
  if (outcome !== undefined) return { kind: 'finished', outcome, deleted };
  if (deleted) return { kind: 'deleted' };
  return { kind: job.spec.suspend ? 'suspended' : 'run' };
}

function outcomeOf({ status }: WsiTrainingJob): Finished['outcome'] | undefined {
  const conditions = status?.conditions;
  if (isTrue(conditions, 'Succeeded')) return 'Succeeded';
  return isTrue(conditions, 'Failed') ? 'Failed' : undefined;
}
