/**
 * How many workers there is room for, learned from pods that find no place and from a quota that refuses them. Both are
 * tried again after a while, which doubles with each time in a row, and are forgotten when more workers have got room.
 *
 * A pod that finds no place is left waiting for some minutes first: it is what makes a cluster add nodes.
 */
import type { AutoscalingStatus } from '@wsi-operator/api';
import type { Refusal, PlanEvent } from '../job/actions.ts';
import { isWithoutNode, type ObservedSlot } from '../job/snapshot.ts';
import { askAgainAt } from './ask-again.ts';
import { moment } from './record.ts';

type Cap = NonNullable<AutoscalingStatus['schedulable']>;

export interface Room {
  readonly schedulable?: Cap;
  readonly quota?: Cap;
  readonly events: readonly PlanEvent[];
  /** When something of it may change (milliseconds since the epoch). */
  readonly due: readonly number[];
}

export interface RoomInput {
  readonly standing: AutoscalingStatus;
  /** Of the workers that are to run. */
  readonly slots: readonly ObservedSlot[];
  /** How many there are to be, with those that a queue has not admitted. */
  readonly desired: number;
  readonly refusals: readonly Refusal[];
  /** Why a queue can never admit more than the places, in its words. */
  readonly never?: string | undefined;
  readonly now: number;
}

const PATIENCE_MILLISECONDS = 5 * 60_000;
/** How long after it was tried again a cap is remembered, for the next wait to be longer. */
const REMEMBERED_MILLISECONDS = 60 * 60_000;

export function learnRoom(input: RoomInput): Room {
  const { standing, slots, desired, never, now } = input;
  const waiting = slots.flatMap((slot) => noPlaceSince(slot, now) ?? []);
  const stuck = waiting.filter((since) => now - since >= PATIENCE_MILLISECONDS);
  const placed = slots.filter(
    (slot) => slot.pod !== undefined && noPlaceSince(slot, now) === undefined,
  ).length;
  const existing = slots.filter(({ pod }) => pod !== undefined).length;
  const refused = (input.refusals.some(isQuota) && existing < slots.length) || never !== undefined;
  const schedulable = nextCap(standing.schedulable, placed, stuck.length > 0, now);
  const quota = nextCap(standing.quota, existing, refused, now);
  const caps = [schedulable.cap, quota.cap].flatMap((cap) => (cap === undefined ? [] : [moment(cap.until)]));
  return {
    ...(schedulable.cap === undefined ? {} : { schedulable: schedulable.cap }),
    ...(quota.cap === undefined ? {} : { quota: quota.cap }),
    events: [
      ...news(schedulable, desired, 'the others have found no place for 5 minutes'),
      ...news(quota, desired, never ?? 'the quota of the namespace allows no more'),
    ],
    due: [...waiting.map((since) => since + PATIENCE_MILLISECONDS), ...caps].filter((time) => time > now),
  };
}

/** What stands, with what was learned of room since. */
export function withRoom(standing: AutoscalingStatus, { schedulable, quota }: Room): AutoscalingStatus {
  const { schedulable: _schedulable, quota: _quota, ...rest } = standing;
  return {
    ...rest,
    ...(schedulable === undefined ? {} : { schedulable }),
    ...(quota === undefined ? {} : { quota }),
  };
}

/** Workers that a cap allows now; undefined for one that is being tried again. */
export function capOf(cap: Cap | undefined, now: number): number | undefined {
  return cap !== undefined && now < moment(cap.until) ? cap.workers : undefined;
}

interface NextCap {
  readonly cap: Cap | undefined;
  readonly learned: boolean;
}

function nextCap(before: Cap | undefined, room: number, short: boolean, now: number): NextCap {
  const known = before !== undefined && room <= before.workers ? before : undefined;
  const holds = capOf(known, now) !== undefined;
  if (short && room >= 1 && !holds) {
    const tries = (known?.tries ?? 0) + 1;
    return { cap: { workers: room, until: askAgainAt(tries, now), tries }, learned: true };
  }
  const forgotten = known !== undefined && now - moment(known.until) >= REMEMBERED_MILLISECONDS;
  return { cap: forgotten ? undefined : known, learned: false };
}

function news({ cap, learned }: NextCap, desired: number, why: string): PlanEvent[] {
  if (!learned || cap === undefined) return [];
  const message = `room for ${cap.workers} of ${desired} workers: ${why}; more are tried again at ${cap.until}`;
  return [{ type: 'Normal', reason: 'NoRoom', message }];
}

/**
 * Since when the scheduler has been seen to find no node for it (milliseconds since the epoch); undefined when that is not
 * so. Not by the scheduler's own clock, which may be another.
 */
export function noPlaceSince({ pod, state, seenFor = 0 }: ObservedSlot, now: number): number | undefined {
  return state === 'pending' && isWithoutNode(pod) ? now - seenFor : undefined;
}

function isQuota({ what, message }: Refusal): boolean {
  return /pod .*-worker-\d+$/i.test(what) && /exceeded quota|quota exceeded/i.test(message);
}
