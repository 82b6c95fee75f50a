/** When a job's pods are meant to run, and what is left of a gang when they are not. */
import { isTrue } from '@wsi/api';
import type { GangName } from '../../cluster/port.ts';
import type { Action } from '../actions.ts';
import { alivePods, deleteObjects, objectsOf, type GangPlan, type GangWorld } from './gang.ts';
import { replicasOf } from '../names.ts';

export type JobIntent = 'run' | 'suspend' | 'finished' | 'leaving';

/** What the job's pods are meant to do, as far as the spec and the stored status say. */
export function intentOf({ job }: GangWorld): JobIntent {
  if (job.metadata.deletionTimestamp !== undefined) return 'leaving';
  const conditions = job.status?.conditions;
  if (isTrue(conditions, 'Succeeded') || isTrue(conditions, 'Failed')) return 'finished';
  return job.spec.suspend ? 'suspend' : 'run';
}

/**
 * The plan for pods that are not meant to run: those that still do are left to the ordered stop, and when none is alive
 * the gang's objects go, so that they hold no resources.
 */
export function restingPlan(world: GangWorld, gang: GangName): GangPlan {
  const owned = objectsOf(world.observed, gang, 'owned');
  // Of a job that is being deleted, the garbage collector takes them.
  const over = intentOf(world) !== 'leaving' && alivePods(world.observed).length === 0;
  return quietPlan(world, over ? deleteObjects(owned.toReversed()) : []);
}

/** No objects, no members: pods are created as they are. */
export function quietPlan(world: GangWorld, actions: readonly Action[]): GangPlan {
  return {
    objects: [],
    actions,
    admission: { kind: 'admitted' },
    allAtOnce: false,
    workers: replicasOf(world.job, 'worker'),
    decorate: (pod) => pod,
  };
}
