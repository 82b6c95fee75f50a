/** Gangs and queues: see gang.ts for the terms, and one file for each kind. */
import { isBeingDeleted } from '../job/intent.ts';
import type { GangName } from '@wsi-operator/api';
import {
  alivePods,
  deleteObjects,
  GANG_RESOURCES,
  objectsOf,
  type GangPlan,
  type GangInput,
  type GangTraits,
} from './gang.ts';
import { gangOf, queueOf } from './queue.ts';
import { quietPlan, restingPlan } from './rest.ts';
import { planCoscheduling } from './coscheduling.ts';
import { planKueue } from './kueue.ts';
import { asksForTopology } from './kueue-topology.ts';
import { planSubmitted } from './kueue-dispatched.ts';
import { planNative } from './native.ts';
import { planNone } from './none.ts';
import { planVolcano } from './volcano.ts';

export {
  GANG_RESOURCES,
  type GangAdmission,
  type GangInput,
  type GangPlan,
  type GangResource,
  type GangTraits,
} from './gang.ts';

interface Gang extends Pick<GangTraits, 'fixedPods'> {
  readonly plan: (input: GangInput) => GangPlan;
  /** It has more to say of a job that does not run than that nothing of it is left. */
  readonly plansAtRest: boolean;
  /** Requests for a topology in the templates are passed on. */
  readonly understandsTopology: boolean;
  /** What it needs on this cluster of a job that it has run on another one; nothing by default. */
  readonly submitted?: (input: GangInput) => GangPlan;
}

const plain = { fixedPods: false, plansAtRest: false, understandsTopology: false } as const;
const GANG_KINDS: Record<'none' | GangName, Gang> = {
  none: { ...plain, plan: planNone },
  kueue: {
    plan: planKueue,
    fixedPods: true,
    plansAtRest: true,
    understandsTopology: true,
    submitted: (input) => planSubmitted(input, queueOf(input)),
  },
  volcano: { ...plain, plan: planVolcano },
  coscheduling: { ...plain, plan: planCoscheduling },
  native: { ...plain, plan: planNative },
};

/**
 * What the job's gang needs now. To be asked on every pass, also when the job is suspended or has ended: its objects and
 * actions are carried out whatever the rest of the plan does.
 */
export function planGang(input: GangInput): GangPlan & GangTraits {
  const gang = gangOf(input);
  const { fixedPods, understandsTopology } = GANG_KINDS[gang];
  const plan = input.dispatched === true ? planDispatchedElsewhere(input, gang) : planHere(input, gang);
  return { ...plan, fixedPods, topologyIgnored: !understandsTopology && asksForAnyTopology(input) };
}

function planHere(input: GangInput, gang: 'none' | GangName): GangPlan {
  const plan = gang === 'none' ? GANG_KINDS.none.plan(input) : planNamed(input, gang);
  const left = objectsOfOthers(input, gang);
  return left.length === 0 ? plan : { ...plan, actions: [...plan.actions, ...deleteObjects(left)] };
}

/** Of a job that its gang has run on another cluster: what it needs on this one. */
function planDispatchedElsewhere(input: GangInput, gang: 'none' | GangName): GangPlan {
  if (gang === 'none' || !input.observed.gangs.includes(gang)) return quietPlan(input, []);
  return GANG_KINDS[gang].submitted?.(input) ?? quietPlan(input, []);
}

function planNamed(input: GangInput, gang: GangName): GangPlan {
  if (!input.observed.gangs.includes(gang)) return planUnavailable(input, gang);
  const { plan, plansAtRest } = GANG_KINDS[gang];
  return plansAtRest || input.intent.kind === 'run' ? plan(input) : restingPlan(input, gang);
}

/** An API that went away (or could not be asked for) is no reason to stop what runs. */
function planUnavailable(input: GangInput, gang: GangName): GangPlan {
  if (input.intent.kind !== 'run' || alivePods(input.observed).length > 0) return quietPlan(input, []);
  const resources = GANG_RESOURCES[gang].filter(({ use }) => use === 'owned');
  const names = resources.map(({ group, version, plural }) => `${plural}.${version}.${group}`);
  const message = `spec.runPolicy.gang is "${gang}", but the cluster does not serve ${names.join(' and ')}.`;
  return { ...quietPlan(input, []), admission: { kind: 'unavailable', message } };
}

function asksForAnyTopology({ job }: GangInput): boolean {
  const { coordinator, parameterServers, workers } = job.spec;
  return [coordinator, parameterServers, workers].some(({ template }) =>
    asksForTopology(template.metadata?.annotations),
  );
}

/** What is left of a gang that the job had before. */
function objectsOfOthers({ observed, intent }: GangInput, gang: string): ReturnType<typeof objectsOf> {
  if (isBeingDeleted(intent) || alivePods(observed).length > 0) return [];
  const others = (Object.keys(GANG_RESOURCES) as GangName[]).filter((name) => name !== gang);
  return others.flatMap((name) => objectsOf(observed, name, 'owned'));
}
