/**
 * MultiKueue, which has a job run on another cluster: its Workload is made on the cluster where the job was submitted, and
 * Kueue makes a copy of both on the other one. There the Workload comes before the job and belongs to nobody; the job names
 * it by a label, and its operator takes it over instead of making one.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Action } from '../job/actions.ts';
import { jobName, ownedMetadata } from '../job/names.ts';
import { apiVersionOf, deleteObjects, type GangPlan, type GangInput } from './gang.ts';
import { findStatusCondition, holds, isReserved, release } from './kueue-status.ts';
import { baseWorkload, isUpToDate, workloadsOf, type Workload } from './kueue-workload.ts';
import { quietPlan } from './rest.ts';

/** The copied status of a cluster that is lost shows pods for ever. */
const LOST_MILLISECONDS = 300_000;

/** The job takes over the Workload that was made for it. */
export function adoption(job: WsiTrainingJob, name: string): Action[] {
  const [owner] = ownedMetadata(job, jobName(job), {}).ownerReferences ?? [];
  if (owner === undefined) return [];
  return [{ kind: 'adopt', apiVersion: apiVersionOf('kueue'), objectKind: 'Workload', name, owner }];
}

/** On the cluster where the job was submitted. @param queue undefined: there is none, and nothing to be queued in */
export function planSubmitted(input: GangInput, queue: string | undefined): GangPlan {
  const { base, growth } = workloadsOf(input);
  const { kind: intent } = input.intent;
  // Kueue finishes the Workload when it has brought the last status back.
  if (intent === 'finished' || intent === 'deleted') return quietPlan(input, []);
  const all = base === undefined ? growth : [base, ...growth];
  if (intent === 'suspended') return quietPlan(input, deleteObjects(all));
  if (queue === undefined) return quietPlan(input, []);
  if (base === undefined) return { ...quietPlan(input, []), objects: [baseWorkload(input, queue)] };
  if (!isReserved(base)) {
    const isOver = holds(base, 'Finished') || base.metadata.deletionTimestamp !== undefined;
    return { ...quietPlan(input, []), objects: isOver ? [] : [baseWorkload(input, queue)] };
  }
  if (!isUpToDate(base, input)) return quietPlan(input, deleteObjects([base]));
  return holds(base, 'Evicted') ? planEvicted(input, base) : quietPlan(input, []);
}

/** The quota is given back when the other cluster's pods are gone, which Kueue has stopped there. */
function planEvicted(input: GangInput, base: Workload): GangPlan {
  const { job, now } = input;
  const since = Date.parse(findStatusCondition(base, 'Evicted')?.lastTransitionTime ?? '');
  const lost = since + LOST_MILLISECONDS;
  if (!runsElsewhere(job) || !(now < lost)) return quietPlan(input, [release(base, now)]);
  return { ...quietPlan(input, []), due: lost };
}

function runsElsewhere({ status }: WsiTrainingJob): boolean {
  const roles = [status?.coordinator, status?.parameterServers, status?.workers];
  return roles.some((role) => (role?.replicas ?? 0) > 0);
}
