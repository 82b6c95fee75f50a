/** A job that should run: fill empty places, replace what has ended, remove what is too much or lost. */
import type { WsiTrainingJob } from '@wsi/api';
import type { ClusterSettings, Observed } from '../cluster/port.ts';
import type { Action, PlanEvent } from './actions.ts';
import { withCertificates } from './certificates.ts';
import { earliestStart, isCounted, type Failures } from './failure-policy.ts';
import type { GangPlan } from './gangs/index.ts';
import { buildPod } from './pods.ts';
import type { Place, Snapshot } from './snapshot.ts';
import { mayStart } from './startup-policy.ts';
import { deletePods, removeLost } from './stop-policy.ts';

export interface RunWorld {
  readonly job: WsiTrainingJob;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly gang: GangPlan;
  /** Everything that pods need is there. */
  readonly ready: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Run {
  readonly actions: readonly Action[];
  readonly events: readonly PlanEvent[];
  /** Moments at which places may be filled that must wait now. */
  readonly due: readonly number[];
}

export function runJob(world: RunWorld): Run {
  const { snapshot, now } = world;
  const removed = removeEnded(world);
  const created = world.ready ? placesToFill(world) : [];
  const surplus = snapshot.surplus
    .filter((place) => place.state !== 'leaving')
    // Scaling in: the highest numbers leave. Their unfinished tasks are leased to others.
    .sort((a, b) => b.slot.index - a.slot.index);
  return {
    actions: [
      ...removeLost([...snapshot.places, ...snapshot.surplus], now),
      ...deletePods(removed),
      ...deletePods(surplus),
      ...created.map((place) => createPod(world, place)),
    ],
    events: [
      ...podEvents('PodsRemoved', 'removing', surplus, ': the job is to have fewer'),
      ...podEvents('PodsCreated', 'creating', created, ''),
    ],
    due: waits(world),
  };
}

/** Only a pod whose end the stored status already holds may be removed. */
function removeEnded(world: RunWorld): Place[] {
  const stored = byPod(world.job.status?.failures ?? []);
  return dueNow(world).filter(
    ({ state, pod, name }) => state === 'ended' && pod !== undefined && isCounted(stored.get(name), pod),
  );
}

function placesToFill(world: RunWorld): Place[] {
  const { snapshot, gang } = world;
  return dueNow(world).filter(
    (place) => place.state === 'absent' && mayStart(place, snapshot.places, gang.allAtOnce),
  );
}

/** Places whose delay after an end is over. */
function dueNow({ snapshot, failures, now }: RunWorld): Place[] {
  const records = byPod(failures.records);
  return snapshot.places.filter(({ name }) => earliestStart(records.get(name)) <= now);
}

function waits({ snapshot, failures, now }: RunWorld): number[] {
  const records = byPod(failures.records);
  return snapshot.places
    .filter(({ state }) => state === 'absent' || state === 'ended')
    .map(({ name }) => earliestStart(records.get(name)))
    .filter((start) => start > now);
}

function createPod({ job, settings, gang, observed }: RunWorld, { slot }: Place): Action {
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
