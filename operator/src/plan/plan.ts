/**
 * The operator's one decision: from a job and what is there now to what is to be done, what to say, and when to look
 * again. Pure; the policies beside this file hold the rules.
 *
 *   stored sizes -> observed pods -> snapshot -> ends counted -> verdict -> actions, next sizes, status, events
 */
import { OPERATOR_NAME, type WsiTrainingJob, type WsiTrainingJobStatus } from '@wsi/api';
import type { ClusterSettings, Observed } from '../cluster/port.ts';
import type { Action, PlanEvent } from './actions.ts';
import { autoscale, replacements, sizedJob, standingOf, type Autoscaled } from './autoscaling/index.ts';
import { certificateStep } from './certificates.ts';
import { finishedActions } from './clean-up-policy.ts';
import { deadline, expiry } from './deadline-policy.ts';
import { endEvents, transitionEvents } from './events.ts';
import { recordEnds, type Failures } from './failure-policy.ts';
import { shortened } from './failure-records.ts';
import { gangNameOf, planGang, type GangPlan } from './gangs/index.ts';
import { allPresent, leftoverActions, objectActions, wantedObjects } from './owned-objects.ts';
import { whole } from './progress-status.ts';
import { runJob } from './run-policy.ts';
import { lostAt, takeSnapshot, type Place, type Snapshot } from './snapshot.ts';
import { buildStatus, invalidStatus } from './status.ts';
import { chooseStatus } from './status-writes.ts';
import { stopInOrder } from './stop-policy.ts';
import { judge, type Verdict } from './verdict.ts';
import { warningEvents } from './warnings.ts';

export interface Plan {
  readonly actions: readonly Action[];
  /** The whole new status, to be written once; the stored one when there is nothing to write. */
  readonly status: WsiTrainingJobStatus;
  /** To be emitted after the status is written. */
  readonly events: readonly PlanEvent[];
  /** Look again after this time even if nothing is reported; undefined: wait for a change. */
  readonly requeueAfterMilliseconds: number | undefined;
}

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
  if (observed.invalid !== undefined) return planInvalid(job, observed.invalid, now);
  if ((job.spec.runPolicy.managedBy ?? OPERATOR_NAME) !== OPERATOR_NAME) return leftAlone(job);
  const standing = standingOf(job, observed, now);
  return planSized(sizedJob(job, standing.autoscaling), { given: job, standing, observed, settings, now });
}

interface Sizing {
  /** As it is stored. */
  readonly given: WsiTrainingJob;
  readonly standing: ReturnType<typeof standingOf>;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly now: number;
}

/** @param job at the size that it is to have now */
function planSized(job: WsiTrainingJob, sizing: Sizing): Plan {
  const { observed, settings, now } = sizing;
  const gang = planGang(job, observed, settings, now);
  const snapshot = takeSnapshot(job, observed.pods, gang.workers);
  const highestStep = highestStepOf(job, observed);
  const seen = recordEnds(job, snapshot.places, highestStep, now);
  const { certificates } = observed;
  const verdict = judge({ job, snapshot, failures: seen, admission: gang.admission, certificates, now });
  // Once the run is over, servers and workers that end are no failures.
  const over = verdict.kind === 'succeed' || verdict.kind === 'finished';
  const failures: Failures = over ? { records: job.status?.failures ?? [], fresh: [] } : seen;
  const scaled =
    verdict.kind === 'run' ? nextSize(job, sizing, { gang, snapshot, failures }) : asItStands(sizing);
  const step = carryOut(verdict, { job, observed, settings, snapshot, failures, gang, now });
  const records = shortened(job, failures.records, snapshot.places, highestStep, now);
  const fresh = buildStatus({
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
  const chosen = chooseStatus(job.status, fresh, {
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
  // An end that was counted just now is acted on once the count is written: look again at once.
  const counted = failures.fresh.length > 0 ? now : undefined;
  const due = [...step.due, ...scaled.due, ...lostMoments(snapshot, now), counted, chosen.due];
  return { actions: step.actions, status, events, requeueAfterMilliseconds: earliest(due, now) };
}

function asItStands({ standing }: Sizing): Autoscaled {
  return { ...standing, due: [] };
}

function nextSize(
  sized: WsiTrainingJob,
  { given, standing, observed, settings, now }: Sizing,
  { gang, snapshot, failures }: Pick<World, 'gang' | 'snapshot' | 'failures'>,
): Autoscaled {
  const next = autoscale({
    job: given,
    sized,
    standing: standing.autoscaling,
    observed,
    snapshot,
    admitted: gang.workers,
    fixedPods: gangNameOf(given, settings) === 'kueue',
    failures,
    now,
  });
  return { ...next, events: [...standing.events, ...next.events] };
}

/** A spec that was stored before its rules, or around them. Pods that run are left to run; an edit may mend it. */
function planInvalid(job: WsiTrainingJob, message: string, now: number): Plan {
  const before = job.status ?? {};
  const status = invalidStatus(job, message, now);
  const events = transitionEvents(before.conditions ?? [], status.conditions ?? []);
  return { actions: [], status, events, requeueAfterMilliseconds: undefined };
}

/** Another controller looks after it. */
function leftAlone(job: WsiTrainingJob): Plan {
  return { actions: [], status: job.status ?? {}, events: [], requeueAfterMilliseconds: undefined };
}

function highestStepOf(job: WsiTrainingJob, observed: Observed): number {
  return Math.max(
    whole(observed.progress?.step ?? 0),
    job.status?.progress?.step ?? 0,
    ...(job.status?.failures ?? []).map((record) => record.step),
  );
}

interface World {
  readonly job: WsiTrainingJob;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly gang: GangPlan;
  readonly now: number;
}

function carryOut(verdict: Verdict, world: World): Step {
  const { job, observed, snapshot, gang, now } = world;
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
      const actions = [...gangActions, ...finishedActions(world, places)];
      return { ...quiet, actions, due: [expiry(job)] };
    }
    case 'stop': {
      const stop = stopInOrder(places, 'all', now);
      // With nothing left, a changed job starts anew at the next look.
      const again = verdict.why === 'changed' && places.every((place) => place.pod === undefined);
      const due = again ? [now] : [];
      return { ...quiet, actions: [...gangActions, ...stop.actions], stopped: stop.finished, due };
    }
    case 'wait':
      return { ...quiet, actions: gangActions, due: [deadline(job)] };
    case 'run':
      return run(world, gangActions);
  }
}

function run(world: World, gangActions: readonly Action[]): Step {
  const { job, observed, settings, snapshot, gang, now } = world;
  const wanted = wantedObjects(job, settings, snapshot.places.length);
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
  const { actions, events, due } = runJob({ ...world, ready });
  // What is made just now is there at the next look.
  const again = !ready && before.length > 0 ? [now] : [];
  return {
    actions: [...before, ...replacements(job.status?.autoscaling, snapshot, now), ...actions],
    events,
    stopped: false,
    expiring: certificates.expiring,
    due: [...due, deadline(job), gang.due, now + settings.resyncMilliseconds, ...again],
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
    const moment = lostAt(place);
    return moment !== undefined && moment > now ? [moment] : [];
  });
}

function earliest(moments: readonly (number | undefined)[], now: number): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known) - now);
}
