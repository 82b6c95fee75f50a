/**
 * Counting ends and waiting before the next start.
 *
 * An end is counted when it is first seen, by the pod's uid, and the ended pod is removed only after the count has
 * been written to the status. So an operator that dies between the two neither forgets an end nor counts it twice.
 *
 * The delay doubles with every end in a row, from 1 s to 5 min, and begins when the operator sees the end: nodes have
 * clocks of their own. A row is over when the pod had been running for 10 minutes, or when it has run and the job has got
 * further than it ever was at an earlier end of this place. The progress of others says nothing of a pod that never ran.
 */
import type { V1Pod } from '../kubernetes-types.ts';
import type { ConditionReason, WsiTrainingJob } from '@wsi-operator/api';
import { hasStarted, moment } from './disruptions.ts';
import { endOf, endOfGone, type PodEnd } from './exit-class.ts';
import { STABLE_MILLISECONDS, type PodFailure } from './failure-records.ts';
import { consequenceOf } from './failure-rules.ts';
import { hasFinished, type Heard } from './finish.ts';
import type { Slot } from '../job/names.ts';
import { podState, trainerEnd, type ObservedSlot } from '../job/snapshot.ts';

export const FIRST_DELAY_MILLISECONDS = 1_000;
export const LONGEST_DELAY_MILLISECONDS = 300_000;

/** An end that this pass sees for the first time. */
export interface NewEnd {
  readonly slot: ObservedSlot;
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
  heard: Heard,
  slots: readonly ObservedSlot[],
  highestStep: number,
  now: number,
): Failures {
  const { job } = heard;
  const known = job.status?.failures ?? [];
  const records = new Map(known.map((record) => [record.pod, record]));
  const fresh: NewEnd[] = [];
  for (const slot of slots) {
    const ended = endedPod(slot, heard);
    const before = records.get(slot.name);
    if (ended === undefined || isCounted(before, ended.pod) || isReplaced(job, ended.pod)) continue;
    const consequence = consequenceOf(job, slot, ended.end);
    const counts = consequence.kind === 'fail' || consequence.counts;
    const record = nextRecord(before, { slot, end: ended.end, counts }, highestStep, now);
    records.set(slot.name, record);
    fresh.push({ slot, end: ended.end, record, counts });
  }
  return { records: [...records.values()], fresh };
}

/** A pod of this slot that has ended before its time, be it that somebody has removed it since. */
function endedPod(
  slot: ObservedSlot,
  heard: Heard,
): { readonly pod: V1Pod; readonly end: PodEnd } | undefined {
  // A finished coordinator is a success, not an end to recover from.
  if (hasFinished(slot, heard)) return undefined;
  if (slot.state === 'ended' && slot.pod !== undefined) return { pod: slot.pod, end: endOf(slot.pod) };
  return slot.gone === undefined ? undefined : { pod: slot.gone, end: endOfGone(slot.gone) };
}

/** Removed for the autoscaler, perhaps by an operator that led before this one. */
function isReplaced(job: WsiTrainingJob, { metadata }: V1Pod): boolean {
  return (job.status?.autoscaling?.replaced ?? []).some(({ uid }) => uid !== '' && uid === metadata?.uid);
}

/** True when the status already holds this pod's end. */
export function isCounted(record: PodFailure | undefined, pod: V1Pod): boolean {
  return record !== undefined && record.uid === (pod.metadata?.uid ?? '');
}

const NO_ENDS = { failures: 0, inARow: 0, counted: 0, step: 0 };

function nextRecord(
  known: PodFailure | undefined,
  { slot, end, counts }: Omit<NewEnd, 'record'>,
  highestStep: number,
  now: number,
): PodFailure {
  const before = known ?? NO_ENDS;
  const ended = slot.pod ?? slot.gone;
  const ran = ended !== undefined && hasStarted(ended);
  const stable = ran && lifetime(ended, slot.seenFor) >= STABLE_MILLISECONDS;
  const row = stable || (ran && highestStep > before.step) ? NO_ENDS : before;
  return {
    pod: slot.name,
    uid: ended?.metadata?.uid ?? '',
    failures: before.failures + 1,
    inARow: row.inARow + 1,
    counted: row.counted + (counts ? 1 : 0),
    step: Math.max(highestStep, before.step),
    time: new Date(now).toISOString(),
    reason: end.exitClass,
    message: end.message,
    ...(isExitCode(end.exitCode) ? { exitCode: end.exitCode } : {}),
  };
}

/** Container runtimes also report others, such as -1, for ends that they know nothing of. */
function isExitCode(code: number | undefined): code is number {
  return code !== undefined && Number.isInteger(code) && code >= 0 && code <= 255;
}

/** For how long the role's container ran: by its node's clock alone, or for how long it was seen to run. */
function lifetime(pod: V1Pod, seenFor = 0): number {
  const { startedAt, finishedAt } = trainerEnd(pod) ?? {};
  const [start, end] = [moment(startedAt), moment(finishedAt)];
  if (start !== undefined && end !== undefined) return end - start;
  return podState(pod) === 'running' ? seenFor : 0;
}

/** Milliseconds between an end and the next start, by how many ends there were in a row (1, 2, ...). */
export function backoffDelay(inARow: number): number {
  const doublings = Math.min(Math.max(inARow, 1) - 1, 30);
  return Math.min(FIRST_DELAY_MILLISECONDS * 2 ** doublings, LONGEST_DELAY_MILLISECONDS);
}

/** When a slot may be filled again (milliseconds since the epoch); 0 when nothing ended there. */
export function earliestStart(record: PodFailure | undefined, now: number): number {
  const seen = record === undefined ? 0 : (moment(record.time) ?? 0);
  // An end in the future: the clock has been put back since, and a wait for it might last for days.
  if (record === undefined || seen > now + LONGEST_DELAY_MILLISECONDS) return 0;
  return seen + backoffDelay(record.inARow);
}

/** Why the job has to end, or undefined when it may go on. */
export function fatalFailure(
  heard: Heard,
  failures: Failures,
  slots: readonly ObservedSlot[],
): { readonly reason: ConditionReason; readonly message: string } | undefined {
  const { job } = heard;
  for (const slot of slots) {
    const end = endedPod(slot, heard)?.end;
    if (end === undefined) continue;
    const consequence = consequenceOf(job, slot, end);
    if (consequence.kind === 'fail') {
      const message = `${describe(slot)} ${end.message}${consequence.note}`;
      return { reason: consequence.reason, message };
    }
  }
  const { backoffLimit } = job.spec.runPolicy;
  for (const slot of slots) {
    const record = failures.records.find((candidate) => candidate.pod === slot.name);
    if (record !== undefined && record.counted > backoffLimit) {
      const message = `${describe(slot)} ended ${record.counted} times in a row without progress (runPolicy.backoffLimit is ${backoffLimit}); the last time it ${record.message}`;
      return { reason: 'BackoffLimitExceeded', message };
    }
  }
  return undefined;
}

export function describe(slot: Slot): string {
  return slot.role === 'coordinator' ? 'the coordinator' : `${slot.role} ${slot.index}`;
}
