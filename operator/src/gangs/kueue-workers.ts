/** Rescaling under quota: which Workloads there are for how many workers. See kueue.ts. */
import { alivePods, deleteObjects, type GangInput } from './gang.ts';
import {
  admittedWorkers,
  holds,
  isAdmitted,
  isEnding,
  isReserved,
  podsReady,
  reclaim,
  release,
  waitingMessage,
} from './kueue-status.ts';
import { firstWorker, growthWorkload, isUpToDate, type Workload } from './kueue-workload.ts';
import { missingFlavors } from './kueue-flavors.ts';
import { isNever } from './never.ts';
import { replicasOf, slotOf } from '../job/names.ts';
import { isReady, takeSnapshot } from '../job/snapshot.ts';
import type { Action } from '../job/actions.ts';
import type { KubernetesObject } from '../kubernetes-types.ts';

export interface Workers {
  /** How many may run. */
  readonly count: number;
  /** Why the queue can never admit the next ones, in its own words. */
  readonly neverMore?: string;
  readonly objects: readonly KubernetesObject[];
  readonly actions: readonly Action[];
}

/** @param base holds quota and is not on its way out */
export function planWorkers(
  input: GangInput,
  base: Workload,
  growth: readonly Workload[],
  queue: string,
): Workers {
  const desired = replicasOf(input.job, 'worker');
  const { used, asked, spare, covered } = sortGrowth(input, base, growth);
  const free = !spare.some((workload) => firstWorker(workload) === covered);
  const wanting = desired > covered && free && (asked === undefined || !isReserved(asked));
  const words = asked === undefined ? '' : waitingMessage(asked, queue);
  return {
    count: Math.min(desired, covered),
    ...(isNever(words) ? { neverMore: words } : {}),
    objects: wanting ? [growthWorkload(input, queue, covered, desired - covered)] : [],
    actions: [
      ...used.flatMap((workload) => report(input, workload)),
      ...(asked === undefined ? [] : giveBack(input, asked)),
      // A worker that still runs still uses the quota.
      ...deleteObjects(spare.filter((workload) => highestAlive(input) < firstWorker(workload))),
    ],
  };
}

interface SortedGrowth {
  /** In use: together they have quota for the workers [0, covered). */
  readonly used: readonly Workload[];
  readonly covered: number;
  /** In the queue, or on its way back to it, for the next workers. */
  readonly asked: Workload | undefined;
  readonly spare: readonly Workload[];
}

/** Workers are numbered without gaps: what comes after a gap in the quota is spare. */
function sortGrowth(input: GangInput, base: Workload, growth: readonly Workload[]): SortedGrowth {
  const desired = replicasOf(input.job, 'worker');
  const used = [base];
  const spare: Workload[] = [];
  let covered = admittedWorkers(base);
  let asked: Workload | undefined;
  for (const workload of growth) {
    const isNext = firstWorker(workload) === covered && covered < desired && asked === undefined;
    if (isNext && isUsable(input, workload)) {
      used.push(workload);
      covered += admittedWorkers(workload);
    } else if (isNext && mayWait(input, workload)) {
      asked = workload;
    } else {
      spare.push(workload);
    }
  }
  return { used, covered, asked, spare };
}

function isUsable(input: GangInput, workload: Workload): boolean {
  return (
    isAdmitted(workload) && isUpToDate(workload, input) && missingFlavors(input, [workload]).length === 0
  );
}

/** One that has ended, is being deleted or holds quota for other pods makes room for a new one. */
function mayWait(input: GangInput, workload: Workload): boolean {
  if (workload.metadata.deletionTimestamp !== undefined || holds(workload, 'Finished')) return false;
  return !isReserved(workload) || isUpToDate(workload, input);
}

/** What Kueue is to know of a Workload in use: at most one patch of it, since a second one would be out of date. */
function report(input: GangInput, workload: Workload): Action[] {
  const first = firstWorker(workload);
  const end = Math.min(first + admittedWorkers(workload), replicasOf(input.job, 'worker'));
  if (highestAlive(input) < end) {
    const less = reclaim(workload, end - first);
    if (less !== undefined) return [less];
  }
  if (!isAdmitted(workload)) return [];
  return [podsReady(workload, allReady(input, first, end), input.now) ?? []].flat();
}

/** Evicted by itself: its workers go first, then its quota. */
function giveBack(input: GangInput, asked: Workload): Action[] {
  const gone = isReserved(asked) && isEnding(asked) && highestAlive(input) < firstWorker(asked);
  return gone ? [release(asked, input.now)] : [];
}

/** The workers [first, end), and with the first ones the coordinator and the servers. */
function allReady({ job, observed }: GangInput, first: number, end: number): boolean {
  const { slots } = takeSnapshot(job, observed, end);
  return slots.filter(({ role, index }) => (role === 'worker' ? index >= first : first === 0)).every(isReady);
}

/** The highest number of a worker that is alive, -1 without one. */
function highestAlive({ observed }: GangInput): number {
  const slots = alivePods(observed).map(slotOf);
  return Math.max(-1, ...slots.map((slot) => (slot?.role === 'worker' ? slot.index : -1)));
}
