/**
 * From what was measured to what is to stand from the next pass on: sizes, memory, workers to be started anew. Decided
 * now, written to the status, and acted on when it is there: an operator that is killed in between decides the same
 * again, or goes on from what was written. Nothing else is remembered.
 *
 * The coordinator is silent: nothing changes, but for memory after a kill, which is seen without it.
 */
import { canonicalJson, sha256 } from '@wsi/foundation';
import type { AutoscalingStatus } from '@wsi/api';
import { decide, NO_HISTORY } from '@wsi/autoscaler';
import { decideAnew } from './decide-anew.ts';
import { believable, type Measured } from './measured.ts';
import { killedRoles, memoryStates, raised } from './memory.ts';
import { fitted } from './model.ts';
import { advised, iso, moment, recorded } from './record.ts';
import { capOf, learnRoom, withRoom, type Room } from './room.ts';
import { autoscalingSettings } from './settings.ts';
import { knowledge, sizeOf, type Autoscaled, type AutoscalingWorld } from './world.ts';

export type { Autoscaled, AutoscalingWorld };

/** A job is not decided about more often. */
const INTERVAL_MILLISECONDS = 5_000;
/** For so long at most a new size is waited for to be measured. */
const SETTLE_MILLISECONDS = 10 * 60_000;
/** Peaks that differ by less are the same; see the steps in which memory is raised. */
const PEAK_STEP = 64 * 2 ** 20;

/** For a job that is to run. */
export function autoscale(world: AutoscalingWorld): Autoscaled {
  const { job, standing, observed } = world;
  const measured = believable(observed.progress?.measurement);
  if (job.spec.autoscaling === undefined)
    return measured === undefined ? quiet(world) : learn(world, measured);
  if (standing === undefined) return quiet(world);
  const afterKills = raiseAfterKills(world, standing);
  if (afterKills !== undefined) return afterKills;
  return measured === undefined ? quiet(world) : consider(world, standing, measured);
}

function quiet({ standing }: AutoscalingWorld): Autoscaled {
  return { autoscaling: standing, events: [], due: [] };
}

/** A job of a fixed size: its model is for `wsi explain`, and for jobs to come. */
function learn(world: AutoscalingWorld, measured: Measured): Autoscaled {
  const { job, standing, observed, now } = world;
  const basis = digest({ observations: measured.observations });
  if (measured.observations.length === 0 || standing?.basis === basis) return quiet(world);
  const soon = waitUntil(standing, now);
  if (soon !== undefined) return { ...quiet(world), due: [soon] };
  const fit = fitted(job, standing, measured, observed.earlierModel);
  const known = knowledge(job, measured, fit);
  return { autoscaling: { ...standing, ...known, basis, time: iso(now) }, events: [], due: [] };
}

/** The end that this pass sees first is written together with the raise: neither is there without the other. */
function raiseAfterKills(world: AutoscalingWorld, standing: AutoscalingStatus): Autoscaled | undefined {
  const { sized, failures, observed, now } = world;
  const killed = killedRoles(sized, failures.fresh);
  if (killed.size === 0) return undefined;
  const states = memoryStates(sized, believable(observed.progress?.measurement), killed);
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
  const raise = raised(standing.memory, decision.memory, decision.reasons.memory);
  const advice = advised(standing.advice, decision.advice);
  const next = recorded({ ...standing, memory: raise.memory, advice: advice.advice }, raise.made, now);
  return { autoscaling: next.autoscaling, events: [...next.events, ...advice.events], due: [] };
}

function consider(world: AutoscalingWorld, standing: AutoscalingStatus, measured: Measured): Autoscaled {
  const { snapshot, observed, admitted, now } = world;
  const places = snapshot.places.filter(({ slot }) => slot.role === 'worker');
  const room = learnRoom({ standing, places, refusals: observed.refusals ?? [], now });
  const basis = basisOf(world, measured, room);
  const held = moment(standing.notBefore);
  const ripe = held > 0 && held <= now && moment(standing.time) < held;
  const next = waitUntil(standing, now) ?? settlesUntil(world, standing, measured, room);
  if ((standing.basis === basis && !ripe) || next !== undefined) {
    const due = [...room.due, ...(held > now ? [held] : []), ...(next === undefined ? [] : [next])];
    return { autoscaling: withRoom(standing, room), events: room.events, due };
  }
  const waiting = places.some(({ state }) => state !== 'running') || admitted < (standing.workers ?? 0);
  return decideAnew(world, { standing, measured, places, room, waiting, basis });
}

/** Decided again when one of these has changed, or when the time of a change has come that was held back. */
function basisOf({ job, now }: AutoscalingWorld, { observations, memory }: Measured, room: Room): string {
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
  { job, sized, now }: AutoscalingWorld,
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
