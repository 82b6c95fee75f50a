/** One decision from all that is known: see `decide()` of the autoscaler for how, and autoscale.ts for when. */
import type { AutoscalingStatus, WsiTrainingJob } from '@wsi-operator/api';
import { decide, type Decision, type Size, type WorkerRate } from '@wsi-operator/autoscaler';
import { podName } from '../job/names.ts';
import type { ObservedSlot } from '../job/snapshot.ts';
import { historyOf, keptHistory, type Leaving } from './history.ts';
import { limitsOf } from './limits.ts';
import type { Measured } from './measured.ts';
import { endangered, memoryStates, raised } from './memory.ts';
import { fitted } from './model.ts';
import { isAccepted, withoutRefused } from './proof.ts';
import { advised, iso, moment, recorded, summary, type Made } from './record.ts';
import { withRoom, type Room } from './room.ts';
import { serversAllowed } from './servers-proof.ts';
import { templateMemory } from './sized-job.ts';
import { autoscalingSettings, serversWithin, workersWithin } from './settings.ts';
import { knowledge, sizeOf, type Autoscaled, type AutoscalingInput } from './input.ts';

export interface Considered {
  readonly standing: AutoscalingStatus;
  readonly measured: Measured;
  readonly slots: readonly ObservedSlot[];
  readonly room: Room;
  /** Workers that are to run do not yet. */
  readonly waiting: boolean;
  readonly basis: string;
}

export function decideSize(input: AutoscalingInput, considered: Considered): Autoscaled {
  const { job, sized, observed, now, fixedPods } = input;
  const { standing, measured, slots, room, waiting, basis } = considered;
  const settings = autoscalingSettings(job);
  const fit = fitted(job, standing, measured, observed.earlierModel);
  const current = sizeOf(sized);
  const decision = decide({
    ...(fit.model === undefined ? {} : { model: fit.model }),
    observations: measured.observations,
    spec: settings,
    limits: limitsOf({ job, measured, room, waiting, current, mayRestart: !fixedPods, now }),
    history: historyOf(standing),
    current,
    now,
    workerRates: ratesOf(sized, slots, measured),
    memory: fixedPods ? {} : memoryStates(sized, measured, new Set()),
  });
  const workers = workersWithin(settings, decision.workers);
  const servers = serversAllowed(job, standing, serversWithin(settings, decision.servers), now);
  const raise = raised(
    standing.memory,
    withoutRefused(standing, decision.memory, now),
    decision.reasons.memory,
  );
  const slow = decision.replace.flatMap((name) => slotNamed(slots, name) ?? []);
  const { near, trial } = forMemory(input, considered, slow);
  const leaving: readonly Leaving[] = [...slow, ...(near === undefined ? [] : [near.slot])].map(leavingOf);
  const made: Made[] = [
    ...sizeChanges(decision, current, { workers, servers }),
    ...raise.made,
    ...slow.map(({ name }) => ({
      what: 'replacement' as const,
      reason: slowReason(decision, name),
      pod: name,
    })),
    ...(near === undefined ? [] : [{ what: near.what, reason: near.reason, pod: near.slot.name }]),
  ];
  const advice = advised(standing.advice, decision.advice);
  const { notBefore: _before, predicted: _earlier, ...rest } = withRoom(standing, room);
  const next: AutoscalingStatus = {
    ...rest,
    ...knowledge(job, measured, fit),
    ...keptHistory(standing, decision, leaving, now),
    workers,
    ...(job.spec.autoscaling?.maximumServers === undefined ? {} : { servers }),
    advisedServers: decision.advisedServers,
    ...predictedBy(decision),
    reason: summary(decision.reason),
    advice: advice.advice,
    ...(raise.made.length === 0 ? {} : { memory: raise.memory }),
    ...(trial === undefined ? {} : { trial }),
    ...(decision.notBefore === undefined ? {} : { notBefore: iso(decision.notBefore) }),
    basis,
    time: iso(now),
  };
  const { autoscaling, events } = recorded(next, made, now);
  return {
    autoscaling,
    events: [...events, ...room.events, ...advice.events],
    // What was decided is acted on when it is written: at the next pass.
    due: [
      ...room.due,
      ...(decision.notBefore === undefined ? [] : [decision.notBefore]),
      ...(made.length > 0 || trial !== undefined ? [now] : []),
    ],
  };
}

function sizeChanges({ reasons }: Decision, from: Size, to: Size): Made[] {
  const workers: Made = {
    what: 'workers',
    from: from.workers,
    to: to.workers,
    reason: reasons.workers.join('; '),
  };
  const servers: Made = {
    what: 'servers',
    from: from.servers,
    to: to.servers,
    reason: reasons.servers.join('; '),
  };
  return [
    ...(from.workers === to.workers ? [] : [workers]),
    ...(from.servers === to.servers ? [] : [servers]),
  ];
}

function slowReason({ reasons }: Decision, name: string): string {
  return reasons.replacement.find((text) => text.startsWith(`${name} `)) ?? `${name} is restarted`;
}

/** Of workers whose pods run; others say nothing of the pod that is in their place now. */
function ratesOf(job: WsiTrainingJob, slots: readonly ObservedSlot[], { workers }: Measured): WorkerRate[] {
  return workers.flatMap(({ replica, tilesPerSecond, seconds }) => {
    const name = podName(job, { role: 'worker', index: replica });
    const runs = slotNamed(slots, name)?.state === 'running';
    return runs ? [{ id: name, tilesPerSecond, seconds }] : [];
  });
}

function slotNamed(slots: readonly ObservedSlot[], name: string): ObservedSlot | undefined {
  return slots.find((slot) => slot.name === name);
}

/** A worker near its limit is replaced where the larger size is known to be accepted; otherwise that is tried first. */
function forMemory(
  { sized, now }: AutoscalingInput,
  { standing, slots, measured }: Considered,
  slow: readonly ObservedSlot[],
): { readonly near?: ReturnType<typeof endangered>; readonly trial?: AutoscalingStatus['trial'] } {
  const risk = slow.length > 0 ? undefined : endangered(sized, slots, measured);
  const given = templateMemory(sized, 'worker');
  if (risk === undefined || given === undefined) return {};
  if (isAccepted(standing, 'worker', given)) return { near: risk };
  const mayTry = standing.trial === undefined && moment(standing.trialNotBefore) <= now;
  return mayTry ? { trial: trialOf(risk.slot, now) } : {};
}

/** See proof.ts. */
function trialOf({ name, pod }: ObservedSlot, now: number): NonNullable<AutoscalingStatus['trial']> {
  return { pod: name, uid: pod?.metadata?.uid ?? '', since: iso(now) };
}

function leavingOf({ name, pod }: ObservedSlot): Leaving {
  return { pod: name, uid: pod?.metadata?.uid ?? '' };
}

function predictedBy({ prediction }: Decision): Pick<AutoscalingStatus, 'predicted'> {
  if (prediction === undefined || !Object.values(prediction).every(Number.isFinite)) return {};
  const short = (value: number): number => Math.max(0, Number(value.toPrecision(6)));
  const { tilesPerSecond, low, high, efficiency } = prediction;
  return {
    predicted: {
      tilesPerSecond: short(tilesPerSecond),
      low: short(low),
      high: short(high),
      efficiency: short(efficiency),
    },
  };
}
