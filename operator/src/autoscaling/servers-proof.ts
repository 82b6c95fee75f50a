/**
 * No raise of the servers without a way back. The run needs all of them: where one is refused or finds no node, where the
 * last worker no longer fits beside them, or where the queue can never admit so many, the job would stand still for ever.
 * Then it goes back to the number that it ran with last (at first that of the spec), and more are asked for again after a
 * while, which doubles with each time in a row.
 */
import type { AutoscalingStatus, WsiTrainingJob } from '@wsi-operator/api';
import type { PlanEvent } from '../job/actions.ts';
import { allUp, type ObservedSlot } from '../job/snapshot.ts';
import { askAgainAt } from './ask-again.ts';
import type { Proof, ProofInput } from './proof.ts';
import { moment, recorded } from './record.ts';
import { noPlaceSince } from './room.ts';
import { autoscalingSettings, serversWithin } from './settings.ts';

const PATIENCE_MILLISECONDS = 5 * 60_000;
/** Refusals of the pods before are remembered for a while. */
const OLD_REFUSAL_MILLISECONDS = 2 * 60_000;

/** As many of these as are not known to find no room. */
export function serversAllowed(
  job: WsiTrainingJob,
  autoscaling: AutoscalingStatus,
  servers: number,
  now: number,
): number {
  const { serversRefused: refused } = autoscaling;
  if (refused === undefined || now >= moment(refused.until) || servers < refused.servers) return servers;
  return Math.min(servers, lastGood(job, autoscaling));
}

/** For a job whose pods may be made. */
export function proveServers({ job, sized, snapshot, observed, now }: ProofInput, before: Proof): Proof {
  const { autoscaling } = before;
  if (job.spec.autoscaling?.maximumServers === undefined || autoscaling.servers === undefined) return before;
  if (allUp(sized, snapshot.slots)) return { ...before, autoscaling: accepted(autoscaling) };
  if (!isRaised(job, autoscaling)) return before;
  const waits = moments(autoscaling, snapshot.slots, now);
  const [refusal] = observed.refusals.filter(({ what }) => / pod /i.test(what));
  const words =
    refusal !== undefined && waits.refusal <= now
      ? refusal.message
      : waits.slots.some((moment) => moment <= now)
        ? 'no node has had room for 5 minutes'
        : undefined;
  if (words !== undefined) return takeBack(job, words, now, before);
  const due = [...waits.slots, ...(refusal === undefined ? [] : [waits.refusal])];
  return { ...before, due: [...before.due, ...due.filter((moment) => moment > now)] };
}

/** For a job whose queue says that it can never admit what it asks for. */
export function proveServersInQueue(job: WsiTrainingJob, words: string, now: number, before: Proof): Proof {
  const { maximumServers } = job.spec.autoscaling ?? {};
  return maximumServers !== undefined && isRaised(job, before.autoscaling)
    ? takeBack(job, words, now, before)
    : before;
}

function moments(
  { decisions = [] }: AutoscalingStatus,
  slots: readonly ObservedSlot[],
  now: number,
): { readonly refusal: number; readonly slots: readonly number[] } {
  const last = decisions.findLast(({ what }) => what === 'servers');
  const waiting = slots.flatMap((slot) => noPlaceSince(slot, now) ?? []);
  return {
    refusal: moment(last?.time) + OLD_REFUSAL_MILLISECONDS,
    slots: waiting.map((since) => since + PATIENCE_MILLISECONDS),
  };
}

function accepted(autoscaling: AutoscalingStatus): AutoscalingStatus {
  const { servers = 0, serversRefused: refused, ...rest } = autoscaling;
  const known = refused !== undefined && refused.servers > servers ? { serversRefused: refused } : {};
  return { ...rest, ...known, servers, serversAccepted: servers };
}

function isRaised(job: WsiTrainingJob, autoscaling: AutoscalingStatus): boolean {
  return (autoscaling.servers ?? 0) > lastGood(job, autoscaling);
}

function lastGood(job: WsiTrainingJob, { serversAccepted }: AutoscalingStatus): number {
  return serversWithin(autoscalingSettings(job), serversAccepted ?? job.spec.parameterServers.replicas);
}

function takeBack(job: WsiTrainingJob, words: string, now: number, before: Proof): Proof {
  const { autoscaling } = before;
  const from = autoscaling.servers ?? 0;
  const to = lastGood(job, autoscaling);
  const tries = (autoscaling.serversRefused?.tries ?? 0) + 1;
  const until = askAgainAt(tries, now);
  const reason = `back from ${from} to ${to} servers: there is no room for more (${words}); they are asked for again after ${until}`;
  const next = { ...autoscaling, servers: to, serversRefused: { servers: to + 1, until, tries } };
  const { autoscaling: decided } = recorded(next, [{ what: 'servers', from, to, reason }], now);
  const event: PlanEvent = { type: 'Warning', reason: 'ServersRefused', message: reason.slice(0, 1024) };
  return { autoscaling: decided, events: [...before.events, event], due: [...before.due, now] };
}
