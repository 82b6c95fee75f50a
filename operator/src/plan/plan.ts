/**
 * The operator's one decision: from a job and what is there now to what is to be done, what to say, and when to
 * reconcile again. Pure; the policies beside this file hold the rules.
 *
 *   intent -> stored sizes -> observed pods -> snapshot -> ends counted -> course -> actions, next sizes, status, events
 *
 * - Intent: what is meant to become of the job, by its definition, its stored status and the administrator's rules.
 * - Sizes: numbers of workers and servers, as the job says or as autoscaling has stored them in the status.
 * - Snapshot: for every pod that there is to be, its slot, with the pod that is in it, if any.
 * - Ends: pods that ended since the last pass; those that are failures are counted against the job's limits.
 * - Course: run, wait, stop, succeed, fail or finished; `carryOut` makes actions of it.
 * - Gang: whoever admits or schedules all pods of a job together (Kueue, Volcano, ...).
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { Action, PlanEvent } from '../job/actions.ts';
import type { Plan } from './pass.ts';
import {
  autoscalingOf,
  type Autoscaled,
  type AutoscalingObserved,
  type Sizing,
} from '../autoscaling/index.ts';
import { certificateStep } from './certificates.ts';
import { finishedActions } from './clean-up-policy.ts';
import { deadline, expiry } from './deadline-policy.ts';
import { planDispatched } from './dispatched.ts';
import { countedPods } from './disruption-budget.ts';
import { endEvents, transitionEvents } from './events.ts';
import { recordEnds, type Failures } from './failure-policy.ts';
import { shortened } from './failure-records.ts';
import { intentOf, type RunIntent } from '../job/intent.ts';
import { planGang, type GangPlan, type GangTraits } from '../gangs/index.ts';
import { allPresent, leftoverActions, objectActions, desiredObjects } from './owned-objects.ts';
import { runJob, type RunInput } from './fill-slots.ts';
import { lostAt, takeSnapshot, type ObservedSlot, type Snapshot } from '../job/snapshot.ts';
import { buildStatus, abandonedStatus } from './status.ts';
import { withinBounds } from './status-size.ts';
import { chooseStatus } from './status-writes.ts';
import { deletePods, stopInOrder } from './stop-policy.ts';
import { courseOf, type Course } from './course.ts';
import { warningEvents } from './warnings.ts';

interface Step {
  readonly actions: readonly Action[];
  readonly events: readonly PlanEvent[];
  /** True when no process of the job is left. */
  readonly stopped: boolean;
  /** Running pods have certificates that expire soon. */
  readonly expiring: boolean;
  /** Moments at which something is due (milliseconds since the epoch). */
  readonly due: readonly (number | undefined)[];
}

/** @param now milliseconds since the epoch */
export function plan(job: WsiTrainingJob, observed: Observed, now: number, settings: ClusterSettings): Plan {
  const intent = intentOf(job, observed, settings);
  switch (intent.kind) {
    case 'fault':
      return planFault(job, intent.what, now);
    case 'invalid':
      return planInvalid(job, intent, now);
    case 'dispatched':
      return planDispatched({ job, intent: intent.there, observed, settings, now });
    case 'elsewhere':
      return leftAlone(job);
    default:
      return planSized({ given: job, intent, observed, settings, now });
  }
}

interface PassInput {
  /** As it is stored. */
  readonly given: WsiTrainingJob;
  readonly intent: RunIntent;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly now: number;
}

function planSized({ given, intent, observed, settings, now }: PassInput): Plan {
  const over = intent.kind === 'finished' || intent.kind === 'deleted';
  const sizing = autoscalingOf(given).size({ over, observed: observedForSize(observed), now });
  const { job } = sizing;
  const gang = planGang({ job, intent, observed, settings, now });
  const snapshot = takeSnapshot(job, observed, gang.workers);
  const highestStep = highestStepOf(job, observed);
  const seen = recordEnds({ job, progress: observed.progress }, snapshot.slots, highestStep, now);
  const course = courseOf({
    job,
    intent,
    snapshot,
    failures: seen,
    admission: gang.admission,
    observed,
    now,
  });
  // Once the run has ended, servers and workers that end are no failures.
  const ended = course.kind === 'succeed' || course.kind === 'finished';
  const failures: Failures = ended ? { records: job.status?.failures ?? [], fresh: [] } : seen;
  const scaled = nextSize(sizing, { course, gang, snapshot, failures });
  const trial = sizing.trial(snapshot);
  const replaced = sizing.replaced(snapshot);
  const step = carryOut(course, { job, observed, settings, snapshot, failures, gang, trial, replaced, now });
  const records = shortened(job, failures.records, snapshot.slots, highestStep);
  const built = buildStatus({
    job,
    autoscaling: scaled.autoscaling,
    snapshot,
    failures: ended ? failures : { ...failures, records },
    course,
    settings,
    stopped: step.stopped,
    expiring: step.expiring,
    topologyIgnored: gang.topologyIgnored,
    observed,
    now,
  });
  const chosen = chooseStatus(job.status, withinBounds(built), {
    running: course.kind === 'run',
    intervalMilliseconds: settings.progressIntervalMilliseconds,
    now,
  });
  const { status } = chosen;
  const events = [
    ...endEvents(failures.fresh, course, job.spec.runPolicy.backoffLimit),
    ...scaled.events,
    ...step.events,
    ...warningEvents(job.status?.warnings, status.warnings),
    ...transitionEvents(job.status?.conditions ?? [], status.conditions ?? []),
  ];
  // An end that was counted just now is acted on once the count is written: reconcile again at once.
  const counted = failures.fresh.length > 0 ? now : undefined;
  const due = [...step.due, ...scaled.due, ...lostMoments(snapshot, now), counted, chosen.due];
  return { actions: step.actions, status, events, requeueAfterMilliseconds: earliest(due, now) };
}

function observedForSize({ pods, progress, refusals = [], earlierModel }: Observed): AutoscalingObserved {
  return { hasPods: pods.length > 0, measurement: progress?.measurement, refusals, earlierModel };
}

function nextSize(
  sizing: Sizing,
  found: {
    readonly course: Course;
    readonly gang: GangPlan & GangTraits;
    readonly snapshot: Snapshot;
    readonly failures: Failures;
  },
): Autoscaled {
  const { course, gang, snapshot, failures } = found;
  if (course.kind === 'run') {
    const killed = failures.fresh.filter(({ end }) => end.exitClass === 'outOfMemory');
    const outcome = { kind: 'run', killed: killed.map(({ slot }) => slot) } as const;
    return sizing.next({ snapshot, gang, outcome });
  }
  if (course.kind === 'wait' && course.never !== undefined) {
    const outcome = { kind: 'neverAdmitted', message: course.message } as const;
    return sizing.next({ snapshot, gang, outcome });
  }
  return sizing.next({ snapshot, gang, outcome: { kind: 'other' } });
}

/**
 * A spec that was stored before its rules, or around them. Pods that run are left to run; an edit may mend it. A job that
 * is over goes when it was to go: nobody would edit it for that.
 */
function planInvalid(
  job: WsiTrainingJob,
  { message, finished }: { readonly message: string; readonly finished: boolean },
  now: number,
): Plan {
  const left = abandoned(job, { reason: 'InvalidSpec', message }, now);
  const end = finished ? expiry(job) : undefined;
  if (end === undefined) return left;
  if (end <= now) return { ...left, actions: [{ kind: 'deleteJob' }] };
  return { ...left, requeueAfterMilliseconds: end - now };
}

/** A fault that this job brings out must not be reported of others, nor be silent. Pods that run are left to run. */
function planFault(job: WsiTrainingJob, kind: string, now: number): Plan {
  const message = `An internal error of the operator (${kind}) keeps it from reconciling this job. Its pods keep running. It tries again with growing delays; the log of the operator has details.`;
  return abandoned(job, { reason: 'InternalError', message }, now);
}

function abandoned(job: WsiTrainingJob, why: Parameters<typeof abandonedStatus>[1], now: number): Plan {
  const before = job.status ?? {};
  const status = abandonedStatus(job, why, now);
  const events = transitionEvents(before.conditions ?? [], status.conditions ?? []);
  return { actions: [], status, events, requeueAfterMilliseconds: undefined };
}

/** Another controller manages it. */
function leftAlone(job: WsiTrainingJob): Plan {
  return { actions: [], status: job.status ?? {}, events: [], requeueAfterMilliseconds: undefined };
}

function highestStepOf(job: WsiTrainingJob, observed: Observed): number {
  return Math.max(
    observed.progress?.step ?? 0,
    job.status?.progress?.step ?? 0,
    ...(job.status?.failures ?? []).map((record) => record.step),
  );
}

/** What a course is carried out with; whether pods can be made now is found on the way. */
type CarriedOut = Omit<RunInput, 'ready'> & {
  /** Whose pods make room for others, by an earlier decision of the autoscaler. */
  readonly replaced: readonly ObservedSlot[];
};

function carryOut(course: Course, input: CarriedOut): Step {
  const { job, observed, snapshot, gang, now } = input;
  const slots = allSlots(snapshot);
  const quiet = { events: [], stopped: false, expiring: false };
  // What the gang needs is done whatever becomes of the job.
  const gangActions = [...objectActions(gang.objects, observed.objects), ...gang.actions];
  switch (course.kind) {
    case 'succeed':
    case 'fail':
      // The end is written first; the pods are cleaned up by the next pass, which finds it written.
      return { ...quiet, actions: gangActions, due: [now] };
    case 'finished': {
      const actions = [...gangActions, ...finishedActions(input, slots)];
      return { ...quiet, actions, due: [expiry(job)] };
    }
    case 'stop': {
      const stop = stopInOrder(slots, 'all', now);
      // With nothing left, a changed job starts again at the next pass.
      const again = course.why === 'changed' && slots.every((slot) => slot.pod === undefined);
      const due = again ? [now] : [];
      return { ...quiet, actions: [...gangActions, ...stop.actions], stopped: stop.finished, due };
    }
    case 'wait':
      return { ...quiet, actions: gangActions, due: [] };
    case 'run':
      return run(input, gangActions);
  }
}

function run(input: CarriedOut, gangActions: readonly Action[]): Step {
  const { job, observed, settings, snapshot, gang, now } = input;
  const counted = countedPods({
    slots: snapshot.slots,
    failures: input.failures.records,
    refusals: observed.refusals ?? [],
    now,
  });
  const desired = desiredObjects(job, settings, counted.count);
  const certificates = settings.certificates
    ? certificateStep(job, observed.certificates, allSlots(snapshot).some(isUp), now)
    : { actions: [], ready: true, expiring: false };
  const before = [
    ...objectActions(desired, observed.objects),
    ...leftoverActions(job, desired, observed),
    ...certificates.actions,
    ...gangActions,
  ];
  const ready = certificates.ready && allPresent([...desired, ...gang.objects], observed.objects);
  const { actions, events, due } = runJob({ ...input, ready });
  // What is made just now is there at the next pass.
  const again = !ready && before.length > 0 ? [now] : [];
  return {
    actions: [...before, ...deletePods(input.replaced), ...actions],
    events,
    stopped: false,
    expiring: certificates.expiring,
    due: [...due, ...counted.due, deadline(job), gang.due, now + settings.resyncMilliseconds, ...again],
  };
}

/** A pod that would have to be started again; one that is leaving goes anyway. */
function isUp({ state }: ObservedSlot): boolean {
  return state === 'pending' || state === 'running';
}

function allSlots({ slots, surplus }: Snapshot): ObservedSlot[] {
  return [...slots, ...surplus];
}

function lostMoments(snapshot: Snapshot, now: number): number[] {
  return allSlots(snapshot).flatMap((slot) => {
    const moment = lostAt(slot, now);
    return moment !== undefined && moment > now ? [moment] : [];
  });
}

function earliest(moments: readonly (number | undefined)[], now: number): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known) - now);
}
