/** What is left of a gang when the job's pods are not meant to run. */
import type { GangName } from '@wsi-operator/api';
import type { Action } from '../job/actions.ts';
import { alivePods, deleteObjects, objectsOf, type GangPlan, type GangInput } from './gang.ts';
import { isBeingDeleted } from '../job/intent.ts';
import { replicasOf } from '../job/names.ts';

/**
 * The plan for pods that are not meant to run: those that still do are left to the ordered stop, and when none is alive
 * the gang's objects go, so that they hold no resources.
 */
export function restingPlan(input: GangInput, gang: GangName): GangPlan {
  const owned = objectsOf(input.observed, gang, 'owned');
  // Of a job that is being deleted, the garbage collector takes them.
  const over = !isBeingDeleted(input.intent) && alivePods(input.observed).length === 0;
  return quietPlan(input, over ? deleteObjects(owned.toReversed()) : []);
}

/** No objects, no members: pods are created as they are. */
export function quietPlan(input: GangInput, actions: readonly Action[]): GangPlan {
  return {
    objects: [],
    actions,
    admission: { kind: 'admitted' },
    allAtOnce: false,
    workers: replicasOf(input.job, 'worker'),
    decorate: (pod) => pod,
  };
}
