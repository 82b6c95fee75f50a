/** No gang: pods are created in the order of the roles, and each is scheduled by itself. */
import { quietPlan } from './rest.ts';
import type { GangPlan, GangWorld } from './gang.ts';

export function planNone(world: GangWorld): GangPlan {
  return quietPlan(world, []);
}
