/**
 * The operator's one decision: from a job and what is there now to what is to be done, what to say, and when to
 * reconcile again. Pure; the policies beside this file hold the rules.
 *
 *   intent -> stored sizes -> observed pods -> snapshot -> ends counted -> verdict -> actions, next sizes, status, events
 *
 * - Intent: what is meant to become of the job, by its definition, its stored status and the administrator's rules.
 * - Sizes: numbers of workers and servers, as the job says or as autoscaling has stored them in the status.
 * - Snapshot: for every pod that there is to be, its place, with the pod that is in it, if any.
 * - Ends: pods that ended since the last pass; those that are failures are counted against the job's limits.
 * - Verdict: run, wait, stop, succeed, fail or finished; `carryOut` makes actions of it.
 * - Gang: whoever admits or schedules all pods of a job together (Kueue, Volcano, ...).
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings } from './settings.ts';
import type { Observed } from './observed.ts';
import type { Action, Plan, PlanEvent } from './actions.ts';
import {
  autoscale,
  replacements,
  settleForQueue,
  sizedJob,
  standingOf,
  type Autoscaled,
} from './autoscaling/index.ts';
import { certificateStep } from './certificates.ts';
import { finishedActions } from './clean-up-policy.ts';
import { deadline, expiry } from './deadline-policy.ts';
import { planDispatched } from './dispatched.ts';
import { countedPods } from './disruption-budget.ts';
import { endEvents, transitionEvents } from './events.ts';
import { recordEnds, type Failures } from './failure-policy.ts';
import { shortened } from './failure-records.ts';
import { intentOf, type RunIntent } from './intent.ts';
import { gangNameOf, planGang } from './gangs/index.ts';
import { allPresent, leftoverActions, objectActions, wantedObjects } from './owned-objects.ts';
import { runJob, type RunInput } from './fill-places.ts';
import { lostAt, takeSnapshot, type Place, type Snapshot } from './snapshot.ts';
import { buildStatus, abandonedStatus } from './status.ts';
import { withinBounds } from './status-size.ts';
import { chooseStatus } from './status-writes.ts';
import { stopInOrder } from './stop-policy.ts';
import { judge, type Verdict } from './verdict.ts';
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
    default: {
      const standing = standingOf(job, intent, observed, now);
      const sizing = { given: job, intent, standing, observed, settings, now };
      return planSized(sizedJob(job, standing.autoscaling), sizing);
    }
  }
}

interface Sizing {
  /** As it is stored. */
  readonly given: WsiTrainingJob;
  readonly intent: RunIntent;
  readonly standing: ReturnType<typeof standingOf>;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly now: number;
}

/** @param job at the size that it is to have now */
function planSized(job: WsiTrainingJob, sizing: Sizing): Plan {
  const { intent, observed, settings, now } = sizing;
  const gang = planGang({ job, intent, observed, settings, now });
  const snapshot = takeSnapshot(job, observed, gang.workers);
  const highestStep = highestStepOf(job, observed);
  const seen = recordEnds({ job, progress: observed.progress }, snapshot.places, highestStep, now);
  const verdict = judge({
    job,
    intent,
    snapshot,
    failures: seen,
    admission: gang.admission,
    observed,
    now,
  });
  // Once the run is over, servers and workers that end are no failures.
  const over = verdict.kind === 'succeed' || verdict.kind === 'finished';
  const failures: Failures = over ? { records: job.status?.failures ?? [], fresh: [] } : seen;
  const scaled =
    verdict.kind === 'run'
      ? nextSize(job, sizing, { gang, snapshot, failures })
      : stoppedSize(job, sizing, { snapshot, verdict });
  const step = carryOut(verdict, { job, observed, settings, snapshot, failures, gang, now });
  const records = shortened(job, failures.records, snapshot.places, highestStep);
  const built = buildStatus({
    job,
    autoscaling: scaled.autoscaling,
    snapshot,
    failures: over ? failures : { ...failures, records },
    verdict,
    settings,
    stopped: step.stopped,
    expiring: step.expiring,
    observed,
    now,
  });
  const chosen = chooseStatus(job.status, withinBounds(built), {
    running: verdict.kind === 'run',
    intervalMilliseconds: settings.progressIntervalMilliseconds,
    now,
  });
  const { status } = chosen;
  const events = [
    ...endEvents(failures.fresh, verdict, job.spec.runPolicy.backoffLimit),
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

function stoppedSize(
  sized: WsiTrainingJob,
  { given: job, standing, observed, settings, now }: Sizing,
  { snapshot, verdict }: { readonly snapshot: Snapshot; readonly verdict: Verdict },
): Autoscaled {
  if (verdict.kind !== 'wait' || verdict.never === undefined) return { ...standing, due: [] };
  const fixedPods = gangNameOf(job, settings) === 'kueue';
  return settleForQueue({ job, sized, snapshot, observed, fixedPods, now }, standing, verdict.message);
}

function nextSize(
  sized: WsiTrainingJob,
  { given, standing, observed, settings, now }: Sizing,
  { gang, snapshot, failures }: Pick<CarriedOut, 'gang' | 'snapshot' | 'failures'>,
): Autoscaled {
  const next = autoscale({
    job: given,
    sized,
    standing: standing.autoscaling,
    observed,
    snapshot,
    admitted: gang.workers,
    ...(gang.neverMore === undefined ? {} : { neverMore: gang.neverMore }),
    fixedPods: gangNameOf(given, settings) === 'kueue',
    failures,
    now,
  });
  return { ...next, events: [...standing.events, ...next.events] };
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

/** A fault that this job brings out must not be told of others, nor be silent. Pods that run are left to run. */
function planFault(job: WsiTrainingJob, kind: string, now: number): Plan {
  const message = `The operator cannot look after this job, by a fault of its own (${kind}). Its pods run on. It is tried again, later and later; the log of the operator tells more.`;
  return abandoned(job, { reason: 'InternalError', message }, now);
}

function abandoned(job: WsiTrainingJob, why: Parameters<typeof abandonedStatus>[1], now: number): Plan {
  const before = job.status ?? {};
  const status = abandonedStatus(job, why, now);
  const events = transitionEvents(before.conditions ?? [], status.conditions ?? []);
  return { actions: [], status, events, requeueAfterMilliseconds: undefined };
}

/** Another controller looks after it. */
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

/** What a verdict is carried out with; whether pods can be made now is found on the way. */
type CarriedOut = Omit<RunInput, 'ready'>;

function carryOut(verdict: Verdict, input: CarriedOut): Step {
  const { job, observed, snapshot, gang, now } = input;
  const places = allPlaces(snapshot);
  const quiet = { events: [], stopped: false, expiring: false };
  // What the gang needs is done whatever becomes of the job.
  const gangActions = [...objectActions(gang.objects, observed.objects), ...gang.actions];
  switch (verdict.kind) {
    case 'succeed':
    case 'fail':
      // The end is written first; the pods are cleaned up by the next pass, which finds it written.
      return { ...quiet, actions: gangActions, due: [now] };
    case 'finished': {
      const actions = [...gangActions, ...finishedActions(input, places)];
      return { ...quiet, actions, due: [expiry(job)] };
    }
    case 'stop': {
      const stop = stopInOrder(places, 'all', now);
      // With nothing left, a changed job starts anew at the next pass.
      const again = verdict.why === 'changed' && places.every((place) => place.pod === undefined);
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
    places: snapshot.places,
    failures: input.failures.records,
    refusals: observed.refusals ?? [],
    now,
  });
  const wanted = wantedObjects(job, settings, counted.count);
  const certificates = settings.certificates
    ? certificateStep(job, observed.certificates, allPlaces(snapshot).some(isUp), now)
    : { actions: [], ready: true, expiring: false };
  const before = [
    ...objectActions(wanted, observed.objects),
    ...leftoverActions(job, wanted, observed),
    ...certificates.actions,
    ...gangActions,
  ];
  const ready = certificates.ready && allPresent([...wanted, ...gang.objects], observed.objects);
  const { actions, events, due } = runJob({ ...input, ready });
  // What is made just now is there at the next pass.
  const again = !ready && before.length > 0 ? [now] : [];
  return {
    actions: [...before, ...replacements(job.status?.autoscaling, snapshot, now), ...actions],
    events,
    stopped: false,
    expiring: certificates.expiring,
    due: [...due, ...counted.due, deadline(job), gang.due, now + settings.resyncMilliseconds, ...again],
  };
}

/** A pod that would have to be started anew; one that is leaving goes anyway. */
function isUp({ state }: Place): boolean {
  return state === 'pending' || state === 'running';
}

function allPlaces({ places, surplus }: Snapshot): Place[] {
  return [...places, ...surplus];
}

function lostMoments(snapshot: Snapshot, now: number): number[] {
  return allPlaces(snapshot).flatMap((place) => {
    const moment = lostAt(place, now);
    return moment !== undefined && moment > now ? [moment] : [];
  });
}

function earliest(moments: readonly (number | undefined)[], now: number): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known) - now);
}
