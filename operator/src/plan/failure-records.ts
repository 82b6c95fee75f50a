/**
 * Keeps the status' list of failures short, whatever the number of pods and of their ends. A pod that has recovered (a
 * successor runs, and the run has got further or the successor has lasted) needs no record of its own for the policy;
 * the newest are kept for people, the others are summed up in one record a role, whose pod's number is `*`.
 */
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import { jobName, ROLES, type Role } from '../job/names.ts';
import type { ObservedSlot } from '../job/snapshot.ts';

/** One pod name's entry in the status. */
export type PodFailure = NonNullable<WsiTrainingJobStatus['failures']>[number];

export const STABLE_MILLISECONDS = 600_000;
/** How many records of recovered pods, and how many whole messages, are kept. */
const KEPT = 32;
const LONGEST_MESSAGE = 1024;
const SHORT_MESSAGE = 80;

export function summaryName(job: WsiTrainingJob, role: Role): string {
  return `${jobName(job)}-${role}-*`;
}

/** The role that a record is about: of a pod or of all that have recovered. */
export function roleOf(job: WsiTrainingJob, record: PodFailure): Role | undefined {
  const rest = record.pod.slice(jobName(job).length + 1);
  return ROLES.find((role) => rest.startsWith(`${role}-`));
}

export function isSummary(record: PodFailure): boolean {
  return record.pod.endsWith('-*');
}

/** @param highestStep the furthest step that the job has reached so far */
export function shortened(
  job: WsiTrainingJob,
  records: readonly PodFailure[],
  slots: readonly ObservedSlot[],
  highestStep: number,
): PodFailure[] {
  const byName = new Map(slots.map((slot) => [slot.name, slot]));
  const recovered = records.filter(
    (record) => !isSummary(record) && hasRecovered(record, byName.get(record.pod), highestStep),
  );
  const old = new Set(newestFirst(recovered).slice(KEPT));
  const kept = records.filter((record) => !old.has(record));
  const summed = old.size === 0 ? kept : withSummaries(job, kept, [...old], highestStep);
  const loud = new Set(newestFirst(summed).slice(0, KEPT));
  return summed.map((record) => {
    const longest = loud.has(record) ? LONGEST_MESSAGE : SHORT_MESSAGE;
    return record.message.length <= longest
      ? record
      : { ...record, message: `${record.message.slice(0, longest - 3)}...` };
  });
}

function newestFirst(records: readonly PodFailure[]): PodFailure[] {
  return [...records].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
}

/** Then its next end begins a new row: see failure-policy.ts. */
function hasRecovered(record: PodFailure, slot: ObservedSlot | undefined, highestStep: number): boolean {
  // The job no longer asks for it.
  if (slot === undefined) return true;
  if (slot.state !== 'running' || slot.pod?.metadata?.uid === record.uid) return false;
  return highestStep > record.step || (slot.seenFor ?? 0) >= STABLE_MILLISECONDS;
}

function withSummaries(
  job: WsiTrainingJob,
  kept: readonly PodFailure[],
  old: readonly PodFailure[],
  highestStep: number,
): PodFailure[] {
  const result = new Map(kept.map((record) => [record.pod, record]));
  for (const record of old) {
    const role = roleOf(job, record);
    if (role === undefined) continue;
    const pod = summaryName(job, role);
    const before = result.get(pod);
    const failures = (before?.failures ?? 0) + record.failures;
    const { time, reason } =
      before !== undefined && Date.parse(before.time) > Date.parse(record.time) ? before : record;
    result.set(pod, {
      pod,
      uid: '',
      failures,
      inARow: 0,
      counted: 0,
      // Remembered: going over the same steps again after a roll-back is no progress.
      step: Math.max(before?.step ?? 0, record.step, highestStep),
      time,
      reason,
      message: `pods that have recovered from ${failures} ends`,
    });
  }
  return [...result.values()];
}
