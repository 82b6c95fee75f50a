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
import type { Place, Snapshot } from '../job/snapshot.ts';
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
  const held = gang.allAtOnce ? inTheWay(snapshot.places) : [];
  const trial = trialPlace(input);
  const created = input.ready ? [...placesToFill(input), ...(trial?.state === 'absent' ? [trial] : [])] : [];
  const surplus = snapshot.surplus
    .filter((place) => place.state !== 'leaving' && place.name !== trial?.name)
    // Scaling in: the highest numbers leave. Their unfinished tasks are leased to others.
    .sort((a, b) => b.slot.index - a.slot.index);
  return {
    actions: [
      ...removeLost([...snapshot.places, ...snapshot.surplus], now),
      ...deletePods(removed),
      ...deletePods([...surplus, ...held]),
      ...created.map((place) => createPod(input, place)),
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
function trialPlace({ job, snapshot, trial: slot }: RunInput): Place | undefined {
  if (slot === undefined) return undefined;
  const name = podName(job, slot);
  const present = snapshot.surplus.find((place) => place.name === name);
  const settled = snapshot.places.every(({ state }) => state === 'running');
  return present ?? (settled ? { slot, name, state: 'absent', pod: undefined } : undefined);
}

/** Only a pod whose end the stored status already holds may be removed. */
function removeEnded(input: RunInput): Place[] {
  const stored = byPod(input.job.status?.failures ?? []);
  return dueNow(input).filter(
    ({ state, pod, name }) => state === 'ended' && pod !== undefined && isCounted(stored.get(name), pod),
  );
}

function placesToFill(input: RunInput): Place[] {
  const { snapshot, gang } = input;
  const due = dueNow(input).filter(({ state }) => state === 'absent');
  return startable(due, snapshot.places, gang.allAtOnce);
}

/** Slots whose delay after an end is over. */
function dueNow({ snapshot, failures, now }: RunInput): Place[] {
  const records = byPod(failures.records);
  return snapshot.places.filter(({ name }) => earliestStart(records.get(name), now) <= now);
}

function waits({ snapshot, failures, now }: RunInput): number[] {
  const records = byPod(failures.records);
  return snapshot.places
    .filter(({ state }) => state === 'absent' || state === 'ended')
    .map(({ name }) => earliestStart(records.get(name), now))
    .filter((start) => start > now);
}

function createPod({ job, settings, gang, observed }: RunInput, { slot }: Place): Action {
  const pod = withCertificates(buildPod(job, slot, settings), observed.certificates);
  return { kind: 'createPod', object: gang.decorate(pod, slot) };
}

function byPod(records: Failures['records']): ReadonlyMap<string, Failures['records'][number]> {
  return new Map(records.map((record) => [record.pod, record]));
}

const MOST_NAMES = 8;

/** One event for all: a job may have a thousand pods, and the API server keeps every event for an hour. */
function podEvents(reason: string, done: string, places: readonly Place[], why: string): PlanEvent[] {
  const [first] = places;
  if (first === undefined) return [];
  const names = places.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = places.length > MOST_NAMES ? ` and ${places.length - MOST_NAMES} more` : '';
  const message = `${done} ${names.join(', ')}${more}${why}`;
  return [{ type: 'Normal', reason, message, ...(places.length === 1 ? { pod: first.name } : {}) }];
}
