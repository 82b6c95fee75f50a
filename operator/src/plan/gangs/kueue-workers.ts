/** Rescaling under quota: which Workloads there are for how many workers. See kueue.ts. */
import { alivePods, deleteObjects, type GangWorld } from './gang.ts';
import {
  admittedWorkers,
  holds,
  isAdmitted,
  isEnding,
  isReserved,
  podsReady,
  reclaim,
  release,
} from './kueue-status.ts';
import { firstWorker, growthWorkload, isUpToDate, type Workload } from './kueue-workload.ts';
import { missingFlavors } from './kueue-flavors.ts';
import { replicasOf, slotOf } from '../names.ts';
import type { Action } from '../actions.ts';
import type { KubernetesObject } from '../../kubernetes-types.ts';

export interface Workers {
  /** How many may run. */
  readonly count: number;
  readonly objects: readonly KubernetesObject[];
  readonly actions: readonly Action[];
}

/** @param base holds quota and is not on its way out */
export function planWorkers(
  world: GangWorld,
  base: Workload,
  growth: readonly Workload[],
  queue: string,
): Workers {
  const desired = replicasOf(world.job, 'worker');
  const { used, asked, spare, covered } = sortGrowth(world, base, growth);
  const free = !spare.some((workload) => firstWorker(workload) === covered);
  const wanting = desired > covered && free && (asked === undefined || !isReserved(asked));
  return {
    count: Math.min(desired, covered),
    objects: wanting ? [growthWorkload(world, queue, covered, desired - covered)] : [],
    actions: [
      ...used.flatMap((workload) => report(world, workload)),
      ...(asked === undefined ? [] : giveBack(world, asked)),
      // A worker that still runs still uses the quota.
      ...deleteObjects(spare.filter((workload) => highestAlive(world) < firstWorker(workload))),
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
function sortGrowth(world: GangWorld, base: Workload, growth: readonly Workload[]): SortedGrowth {
  const desired = replicasOf(world.job, 'worker');
  const used = [base];
  const spare: Workload[] = [];
  let covered = admittedWorkers(base);
  let asked: Workload | undefined;
  for (const workload of growth) {
    const isNext = firstWorker(workload) === covered && covered < desired && asked === undefined;
    if (isNext && isUsable(world, workload)) {
      used.push(workload);
      covered += admittedWorkers(workload);
    } else if (isNext && mayWait(world, workload)) {
      asked = workload;
    } else {
      spare.push(workload);
    }
  }
  return { used, covered, asked, spare };
}

function isUsable(world: GangWorld, workload: Workload): boolean {
  return (
    isAdmitted(workload) && isUpToDate(workload, world) && missingFlavors(world, [workload]).length === 0
  );
}

/** One that has ended, is being deleted or holds quota for other pods makes room for a new one. */
function mayWait(world: GangWorld, workload: Workload): boolean {
  if (workload.metadata.deletionTimestamp !== undefined || holds(workload, 'Finished')) return false;
  return !isReserved(workload) || isUpToDate(workload, world);
}

/** What Kueue is told of a Workload in use: at most one patch of it, since a second one would be out of date. */
function report(world: GangWorld, workload: Workload): Action[] {
  const first = firstWorker(workload);
  const end = Math.min(first + admittedWorkers(workload), replicasOf(world.job, 'worker'));
  if (highestAlive(world) < end) {
    const less = reclaim(workload, end - first);
    if (less !== undefined) return [less];
  }
  const started = isAdmitted(workload) && !holds(workload, 'PodsReady') && allRunning(world, first, end);
  return started ? [podsReady(workload, world.now)] : [];
}

/** Evicted by itself: its workers go first, then its quota. */
function giveBack(world: GangWorld, asked: Workload): Action[] {
  const gone = isReserved(asked) && isEnding(asked) && highestAlive(world) < firstWorker(asked);
  return gone ? [release(asked, world.now)] : [];
}

/** The workers [first, end), and with the first ones the coordinator and the servers. */
function allRunning({ job, observed }: GangWorld, first: number, end: number): boolean {
  const running = observed.pods.filter(
    ({ metadata, status }) => status?.phase === 'Running' && metadata?.deletionTimestamp === undefined,
  );
  const slots = running.map(slotOf);
  const count = (role: string, from: number, to: number): number =>
    slots.filter((slot) => slot?.role === role && slot.index >= from && slot.index < to).length;
  const servers = first === 0 ? replicasOf(job, 'server') : 0;
  const coordinators = first === 0 ? 1 : 0;
  return (
    count('coordinator', 0, coordinators) === coordinators &&
    count('server', 0, servers) === servers &&
    count('worker', first, end) === end - first
  );
}

/** The highest number of a worker that is alive, -1 without one. */
function highestAlive({ observed }: GangWorld): number {
  const slots = alivePods(observed).map(slotOf);
  return Math.max(-1, ...slots.map((slot) => (slot?.role === 'worker' ? slot.index : -1)));
}
