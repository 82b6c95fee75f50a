/** Carries out a plan's actions: in order, pods of a row together, and one that is refused does not hold up the others. */
import { WsiError } from '@wsi-operator/foundation';
import type { Action } from '../job/actions.ts';
import { LABELS } from '../job/names.ts';

export interface FailedAction {
  readonly action: Action;
  readonly error: WsiError;
}

/**
 * After so many failures the rest waits for the next pass: when the API server does not answer, each attempt takes as
 * long as it may, and a pass over a large job would last for hours.
 */
const MOST_FAILURES = 5;

/** Requests of all jobs share one budget a second, in the order in which they come: a large job must not take it whole. */
const LARGEST_BATCH = 32;

/**
 * Never throws. Pods are created and deleted in batches of 1, 2, 4, ... 32 at once: a large job does not wait for each
 * answer, and when a pod is refused (a quota), the others of its role, which are alike, are not tried in this pass.
 */
export async function applyActions(
  actions: readonly Action[],
  apply: (action: Action) => Promise<void>,
): Promise<FailedAction[]> {
  const failed: FailedAction[] = [];
  const attempt = async (action: Action): Promise<void> => {
    try {
      await apply(action);
    } catch (error) {
      failed.push({ action, error: WsiError.from(error) });
    }
  };
  for (const row of rowsOf(actions)) {
    let size = 1;
    for (let next = 0; next < row.length && failed.length < MOST_FAILURES;) {
      const batch = row.slice(next, next + size).filter((action) => !isAlike(action, failed));
      await Promise.all(batch.map(attempt));
      next += size;
      size = failed.length === 0 ? Math.min(size * 2, LARGEST_BATCH) : 1;
    }
  }
  return failed;
}

/** Actions that may be carried out at once follow each other in one row; every other one is a row of its own. */
function rowsOf(actions: readonly Action[]): Action[][] {
  const rows: Action[][] = [];
  for (const action of actions) {
    const last = rows.at(-1);
    const joins = action.kind === 'createPod' || action.kind === 'deletePod';
    if (joins && last?.[0]?.kind === action.kind) last.push(action);
    else rows.push([action]);
  }
  return rows;
}

function isAlike(action: Action, failed: readonly FailedAction[]): boolean {
  const role = createdRole(action);
  return role !== undefined && failed.some((other) => createdRole(other.action) === role);
}

function createdRole(action: Action): string | undefined {
  return action.kind === 'createPod' ? action.object.metadata?.labels?.[LABELS.role] : undefined;
}

/** The pod that an action is about, if it is about one. */
export function podOf(action: Action): string | undefined {
  if (action.kind === 'createPod') return action.object.metadata?.name;
  return action.kind === 'deletePod' ? action.name : undefined;
}
