/**
 * From what was measured to what is to stand from the next pass on: sizes, memory, workers to be started again. Decided
 * now, written to the status, and acted on when it is there: an operator that is killed in between decides the same
 * again, or goes on from what was written. Nothing else is remembered.
 *
 * The coordinator is silent: nothing changes, but for memory after a kill, which is seen without it.
 */
import { canonicalJson, sha256 } from '@wsi-operator/foundation';
import type { AutoscalingStatus } from '@wsi-operator/api';
import { decide, NO_HISTORY } from '@wsi-operator/autoscaler';
import { decideSize } from './decide-size.ts';
import { measuredOf, type Measured } from './measured.ts';
import { killedRoles, memoryStates, raised } from './memory.ts';
import { fitted } from './model.ts';
import { proveMemory, withoutRefused } from './proof.ts';
import { proveServers } from './servers-proof.ts';
import { advised, iso, moment, recorded } from './record.ts';
import { capOf, learnRoom, withRoom, type Room } from './room.ts';
import { autoscalingSettings } from './settings.ts';
import { knowledge, sizeOf, type Autoscaled, type AutoscalingInput } from './input.ts';

export type { Autoscaled, AutoscalingInput };

/** A job is not decided about more often. */
const INTERVAL_MILLISECONDS = 5_000;
/** For so long at most a new size is waited for to be measured. */
const SETTLE_MILLISECONDS = 10 * 60_000;
/** Peaks that differ by less are the same; see the steps in which memory is raised. */
const PEAK_STEP = 64 * 2 ** 20;

/** For a job that is to run. */
export function autoscale(input: AutoscalingInput): Autoscaled {
  const { job, standing, observed } = input;
  const measured = measuredOf(observed.measurement);
  if (job.spec.autoscaling === undefined)
    return measured === undefined ? quiet(input) : learn(input, measured);
  if (standing === undefined) return quiet(input);
  const proof = proveServers(input, proveMemory(input, standing));
  const next = change({ ...input, standing: proof.autoscaling }, proof.autoscaling, measured);
  return {
    autoscaling: next.autoscaling,
    events: [...proof.events, ...next.events],
    due: [...proof.due, ...next.due],
  };
}

function change(
  input: AutoscalingInput,
  standing: AutoscalingStatus,
  measured: Measured | undefined,
): Autoscaled {
  const afterKills = raiseAfterKills(input, standing);
  if (afterKills !== undefined) return afterKills;
  return measured === undefined ? quiet(input) : consider(input, standing, measured);
}

function quiet({ standing }: AutoscalingInput): Autoscaled {
  return { autoscaling: standing, events: [], due: [] };
}

/** A job of a fixed size: its model is for `wsi explain`, and for jobs to come. */
function learn(input: AutoscalingInput, measured: Measured): Autoscaled {
  const { job, standing, observed, now } = input;
  const basis = digest({ observations: measured.observations });
  if (measured.observations.length === 0 || standing?.basis === basis) return quiet(input);
  const soon = waitUntil(standing, now);
  if (soon !== undefined) return { ...quiet(input), due: [soon] };
  const fit = fitted(job, standing, measured, observed.earlierModel);
  const known = knowledge(job, measured, fit);
  return { autoscaling: { ...standing, ...known, basis, time: iso(now) }, events: [], due: [] };
}

/** The end that this pass sees first is written together with the raise: neither is there without the other. */
function raiseAfterKills(input: AutoscalingInput, standing: AutoscalingStatus): Autoscaled | undefined {
  const { sized, observed, now } = input;
  const killed = killedRoles(sized, input.killed);
  if (killed.size === 0) return undefined;
  const states = memoryStates(sized, measuredOf(observed.measurement), killed);
  const ofKilled = Object.fromEntries(Object.entries(states).filter(([role]) => killed.has(role as never)));
  const decision = decide({
    observations: [],
    spec: autoscalingSettings(sized),
    limits: {},
    history: NO_HISTORY,
    current: sizeOf(sized),
    now,
    memory: ofKilled,
  });
  const raise = raised(
    standing.memory,
    withoutRefused(standing, decision.memory, now),
    decision.reasons.memory,
  );
  const advice = advised(standing.advice, decision.advice);
  const next = recorded({ ...standing, memory: raise.memory, advice: advice.advice }, raise.made, now);
  return { autoscaling: next.autoscaling, events: [...next.events, ...advice.events], due: [] };
}

function consider(input: AutoscalingInput, standing: AutoscalingStatus, measured: Measured): Autoscaled {
  const { snapshot, observed, admitted, neverMore, now } = input;
  const slots = snapshot.slots.filter(({ role }) => role === 'worker');
  const desired = standing.workers ?? 0;
  const never = admitted < desired ? neverMore : undefined;
  const { refusals } = observed;
  const room = learnRoom({ standing, slots, desired, refusals, never, now });
  const basis = basisOf(input, measured, room);
  const held = moment(standing.notBefore);
  const ripe = held > 0 && held <= now && moment(standing.time) < held;
  const next = waitUntil(standing, now) ?? settlesUntil(input, standing, measured, room);
  if ((standing.basis === basis && !ripe) || next !== undefined) {
    const due = [...room.due, ...(held > now ? [held] : []), ...(next === undefined ? [] : [next])];
    return { autoscaling: withRoom(standing, room), events: room.events, due };
  }
  const waiting = slots.some(({ state }) => state !== 'running') || admitted < desired;
  return decideSize(input, { standing, measured, slots, room, waiting, basis });
}

/** Decided again when one of these has changed, or when the time of a change has come that was held back. */
function basisOf({ job, now }: AutoscalingInput, { observations, memory }: Measured, room: Room): string {
  const peaks = Object.entries(memory).map(([role, { peakBytes }]) => [
    role,
    Math.ceil(peakBytes / PEAK_STEP),
  ]);
  const caps = [capOf(room.schedulable, now) ?? null, capOf(room.quota, now) ?? null];
  return digest({ observations, peaks, caps, asked: job.spec.autoscaling ?? null });
}

function digest(value: unknown): string {
  return sha256(canonicalJson(value)).slice(0, 16);
}

function waitUntil(standing: AutoscalingStatus | undefined, now: number): number | undefined {
  const age = now - moment(standing?.time);
  return age >= 0 && age < INTERVAL_MILLISECONDS ? now - age + INTERVAL_MILLISECONDS : undefined;
}

/**
 * A size that was chosen a short while ago is measured before another is chosen: what was measured before it would say
 * the same again, or undo it. Not when there is no room for it: then it will not be measured.
 */
function settlesUntil(
  { job, sized, now }: AutoscalingInput,
  standing: AutoscalingStatus,
  { observations }: Measured,
  room: Room,
): number | undefined {
  const last = standing.decisions?.findLast(({ what }) => what === 'workers' || what === 'servers');
  const { workers, servers } = sizeOf(sized);
  const measured = observations.some((one) => one.workers === workers && one.servers === servers);
  const short = [room.schedulable, room.quota].some((cap) => capOf(cap, now) !== undefined);
  if (last === undefined || measured || short || observations.length === 0) return undefined;
  const since = moment(last.time);
  const until = since + SETTLE_MILLISECONDS;
  return since <= now && now < until && job.spec.autoscaling !== undefined ? until : undefined;
}
