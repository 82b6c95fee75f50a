/** A job that should run: fill empty places, replace what has ended, remove what is too much or lost. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { Action, PlanEvent } from '../job/actions.ts';
import { withCertificates } from './certificates.ts';
import { earliestStart, isCounted, type Failures } from './failure-policy.ts';
import type { GangPlan } from '../gangs/index.ts';
import { podName, type Slot } from '../job/names.ts';
import { buildPod } from '../objects/pods.ts';
import type { ObservedSlot, Snapshot } from '../job/snapshot.ts';
import { inTheWay, startable } from './startup-policy.ts';
import { deletePods, removeLost } from './stop-policy.ts';

export interface RunInput {
  readonly job: WsiTrainingJob;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly gang: GangPlan;
  /** Where a worker more is made beside all others, as a trial of a size. */
  readonly trial: Slot | undefined;
  /** Everything that pods need is there. */
  readonly ready: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Run {
  readonly actions: readonly Action[];
  readonly events: readonly PlanEvent[];
  /** Moments at which slots may be filled that must wait now. */
  readonly due: readonly number[];
}

export function runJob(input: RunInput): Run {
  const { snapshot, gang, now } = input;
  const removed = removeEnded(input);
  const held = gang.allAtOnce ? inTheWay(snapshot.slots) : [];
  const trial = observedTrial(input);
  const created = input.ready ? [...slotsToFill(input), ...(trial?.state === 'absent' ? [trial] : [])] : [];
  const surplus = snapshot.surplus
    .filter((slot) => slot.state !== 'leaving' && slot.name !== trial?.name)
    // Scaling in: the highest numbers leave. Their unfinished tasks are leased to others.
    .sort((a, b) => b.index - a.index);
  return {
    actions: [
      ...removeLost([...snapshot.slots, ...snapshot.surplus], now),
      ...deletePods(removed),
      ...deletePods([...surplus, ...held]),
      ...created.map((slot) => createPod(input, slot)),
    ],
    events: [
      ...podEvents('PodsRemoved', 'removing', surplus, ': the job is to have fewer'),
      ...podEvents('PodsRemoved', 'removing', held, ' until the minimum of the gang has nodes'),
      ...podEvents('PodsCreated', 'creating', created, ''),
    ],
    due: waits(input),
  };
}

/** One worker more than there are to be, while the autoscaler tries a size: only beside all others. */
function observedTrial({ job, snapshot, trial: slot }: RunInput): ObservedSlot | undefined {
  if (slot === undefined) return undefined;
  const name = podName(job, slot);
  const present = snapshot.surplus.find((slot) => slot.name === name);
  const settled = snapshot.slots.every(({ state }) => state === 'running');
  return present ?? (settled ? { ...slot, name, state: 'absent', pod: undefined } : undefined);
}

/** Only a pod whose end the stored status already holds may be removed. */
function removeEnded(input: RunInput): ObservedSlot[] {
  const stored = byPod(input.job.status?.failures ?? []);
  return dueNow(input).filter(
    ({ state, pod, name }) => state === 'ended' && pod !== undefined && isCounted(stored.get(name), pod),
  );
}

function slotsToFill(input: RunInput): ObservedSlot[] {
  const { snapshot, gang } = input;
  const due = dueNow(input).filter(({ state }) => state === 'absent');
  return startable(due, snapshot.slots, gang.allAtOnce);
}

/** Slots whose delay after an end is over. */
function dueNow({ snapshot, failures, now }: RunInput): ObservedSlot[] {
  const records = byPod(failures.records);
  return snapshot.slots.filter(({ name }) => earliestStart(records.get(name), now) <= now);
}

function waits({ snapshot, failures, now }: RunInput): number[] {
  const records = byPod(failures.records);
  return snapshot.slots
    .filter(({ state }) => state === 'absent' || state === 'ended')
    .map(({ name }) => earliestStart(records.get(name), now))
    .filter((start) => start > now);
}

function createPod({ job, settings, gang, observed }: RunInput, slot: ObservedSlot): Action {
  const pod = withCertificates(buildPod(job, slot, settings), observed.certificates);
  return { kind: 'createPod', object: gang.decorate(pod, slot) };
}

function byPod(records: Failures['records']): ReadonlyMap<string, Failures['records'][number]> {
  return new Map(records.map((record) => [record.pod, record]));
}

const MOST_NAMES = 8;

/** One event for all: a job may have a thousand pods, and the API server keeps every event for an hour. */
function podEvents(reason: string, done: string, slots: readonly ObservedSlot[], why: string): PlanEvent[] {
  const [first] = slots;
  if (first === undefined) return [];
  const names = slots.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = slots.length > MOST_NAMES ? ` and ${slots.length - MOST_NAMES} more` : '';
  const message = `${done} ${names.join(', ')}${more}${why}`;
  return [{ type: 'Normal', reason, message, ...(slots.length === 1 ? { pod: first.name } : {}) }];
}
