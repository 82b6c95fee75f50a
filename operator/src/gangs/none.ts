/** No gang: pods are created in the order of the roles, and each is scheduled by itself. */
import { quietPlan } from './rest.ts';
import type { GangPlan, GangInput } from './gang.ts';

export function planNone(input: GangInput): GangPlan {
  return quietPlan(input, []);
}
