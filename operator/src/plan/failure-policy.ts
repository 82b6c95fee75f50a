/**
 * Counting ends and waiting before the next start.
 *
 * An end is counted when it is first seen, by the pod's uid, and the ended pod is removed only after the count has
 * been written to the status. So an operator that dies between the two neither forgets an end nor counts it twice.
 *
 * The delay doubles with every end in a row, from 1 s to 5 min. A row is over when the job has got further than it
 * ever was at an earlier end of this place, or when the pod had been running for 10 minutes.
 */
import type { V1Pod } from '../kubernetes-types.ts';
import type { ConditionReason, WsiTrainingJob, WsiTrainingJobStatus } from '@wsi/api';
import { endOf, type PodEnd } from './exit-class.ts';
import { STABLE_MILLISECONDS } from './failure-records.ts';
import { consequenceOf } from './failure-rules.ts';
import type { Slot } from './names.ts';
import { terminationOf, type Place } from './snapshot.ts';

export const FIRST_DELAY_MILLISECONDS = 1_000;
export const LONGEST_DELAY_MILLISECONDS = 300_000;

/** One pod name's entry in the status. */
export type PodFailure = NonNullable<WsiTrainingJobStatus['failures']>[number];

/** An end that this pass sees for the first time. */
export interface NewEnd {
  readonly place: Place;
  readonly end: PodEnd;
  readonly record: PodFailure;
  /** Whether it counts against the back-off limit. */
  readonly counts: boolean;
}

export interface Failures {
  /** By pod name; includes the new ones. */
  readonly records: readonly PodFailure[];
  readonly fresh: readonly NewEnd[];
}

/** @param highestStep the furthest step that the job has reached so far */
export function recordEnds(
  job: WsiTrainingJob,
  places: readonly Place[],
  highestStep: number,
  now: number,
): Failures {
  const known = job.status?.failures ?? [];
  const records = new Map(known.map((record) => [record.pod, record]));
  const fresh: NewEnd[] = [];
  for (const place of places) {
    // A finished coordinator is a success, not an end to recover from.
    if (place.state !== 'ended' || place.pod === undefined || isSuccess(place)) continue;
    const before = records.get(place.name);
    if (isCounted(before, place.pod)) continue;
    const end = endOf(place.pod);
    const consequence = consequenceOf(job, place.slot, end);
    const counts = consequence.kind === 'fail' || consequence.counts;
    const record = nextRecord(before, { place, end, counts }, highestStep, now);
    records.set(place.name, record);
    fresh.push({ place, end, record, counts });
  }
  return { records: [...records.values()], fresh };
}

export function isSuccess(place: Place): boolean {
  return (
    place.slot.role === 'coordinator' &&
    place.state === 'ended' &&
    place.pod !== undefined &&
    endOf(place.pod).exitClass === 'completed'
  );
}

/** True when the status already holds this pod's end. */
export function isCounted(record: PodFailure | undefined, pod: V1Pod): boolean {
  return record !== undefined && record.uid === (pod.metadata?.uid ?? '');
}

const NO_ENDS = { failures: 0, inARow: 0, counted: 0, step: 0 };

function nextRecord(
  known: PodFailure | undefined,
  { place, end, counts }: Omit<NewEnd, 'record'>,
  highestStep: number,
  now: number,
): PodFailure {
  const before = known ?? NO_ENDS;
  const { startedAt, endedAt } = lifetime(place, now);
  const stable = endedAt - startedAt >= STABLE_MILLISECONDS;
  const row = stable || highestStep > before.step ? NO_ENDS : before;
  return {
    pod: place.name,
    uid: place.pod?.metadata?.uid ?? '',
    failures: before.failures + 1,
    inARow: row.inARow + 1,
    counted: row.counted + (counts ? 1 : 0),
    step: Math.max(highestStep, before.step),
    time: new Date(endedAt).toISOString(),
    reason: end.exitClass,
    message: end.message,
    ...(isExitCode(end.exitCode) ? { exitCode: end.exitCode } : {}),
  };
}

/** Container runtimes also report others, such as -1, for ends that they know nothing of. */
function isExitCode(code: number | undefined): code is number {
  return code !== undefined && Number.isInteger(code) && code >= 0 && code <= 255;
}

function lifetime(place: Place, now: number): { readonly startedAt: number; readonly endedAt: number } {
  const terminated = terminationOf(place.pod);
  const endedAt = Math.min(moment(terminated?.finishedAt) ?? now, now);
  const started = terminated?.startedAt ?? place.pod?.status?.startTime;
  return { startedAt: moment(started) ?? endedAt, endedAt };
}

function moment(time: string | undefined): number | undefined {
  const parsed = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** Milliseconds between an end and the next start, by how many ends there were in a row (1, 2, ...). */
export function backoffDelay(inARow: number): number {
  const doublings = Math.min(Math.max(inARow, 1) - 1, 30);
  return Math.min(FIRST_DELAY_MILLISECONDS * 2 ** doublings, LONGEST_DELAY_MILLISECONDS);
}

/** When a place may be filled again (milliseconds since the epoch); 0 when nothing ended there. */
export function earliestStart(record: PodFailure | undefined): number {
  return record === undefined ? 0 : Date.parse(record.time) + backoffDelay(record.inARow);
}

/** Why the job has to end, or undefined when it may go on. */
export function fatalFailure(
  job: WsiTrainingJob,
  failures: Failures,
  places: readonly Place[],
): { readonly reason: ConditionReason; readonly message: string } | undefined {
  for (const place of places) {
    if (place.state !== 'ended' || place.pod === undefined || isSuccess(place)) continue;
    const end = endOf(place.pod);
    const consequence = consequenceOf(job, place.slot, end);
    if (consequence.kind === 'fail') {
      const message = `${describe(place.slot)} ${end.message}${consequence.note}`;
      return { reason: consequence.reason, message };
    }
  }
  const { backoffLimit } = job.spec.runPolicy;
  for (const place of places) {
    const record = failures.records.find((candidate) => candidate.pod === place.name);
    if (record !== undefined && record.counted > backoffLimit) {
      const message = `${describe(place.slot)} ended ${record.counted} times in a row without progress (runPolicy.backoffLimit is ${backoffLimit}); the last time it ${record.message}`;
      return { reason: 'BackoffLimitExceeded', message };
    }
  }
  return undefined;
}

export function describe(slot: Slot): string {
  return slot.role === 'coordinator' ? 'the coordinator' : `${slot.role} ${slot.index}`;
}
