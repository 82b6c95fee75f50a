/**
 * The operator's one decision: from a job and what is there now to what is to be done, what to say, and when to look
 * again. Pure; the policies beside this file hold the rules.
 *
 *   observed pods -> snapshot -> ends counted -> verdict -> actions, status, events
 */
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi/api';
import type { ClusterSettings, Observed } from '../cluster/port.ts';
import type { Action, PlanEvent } from './actions.ts';
import { finishedActions } from './clean-up-policy.ts';
import { deadline, expiry } from './deadline-policy.ts';
import { endEvents, transitionEvents } from './events.ts';
import { recordEnds, type Failures } from './failure-policy.ts';
import { jobConfigMap, jobService, objectActions } from './owned-objects.ts';
import { runJob } from './run-policy.ts';
import { takeSnapshot, type Snapshot } from './snapshot.ts';
import { buildStatus } from './status.ts';
import { stopInOrder } from './stop-policy.ts';
import { judge, type Verdict } from './verdict.ts';

export interface Plan {
  readonly actions: readonly Action[];
  /** The whole new status, to be written once. */
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
  /** Moments at which something is due (milliseconds since the epoch). */
  readonly due: readonly (number | undefined)[];
}

/** @param now milliseconds since the epoch */
export function plan(job: WsiTrainingJob, observed: Observed, now: number, settings: ClusterSettings): Plan {
  const snapshot = takeSnapshot(job, observed.pods);
  const stored = job.status?.failures ?? [];
  const highestStep = Math.max(
    observed.progress?.step ?? 0,
    job.status?.progress?.step ?? 0,
    ...stored.map((record) => record.step),
  );
  const seen = recordEnds(stored, snapshot.places, highestStep, now);
  const verdict = judge(job, snapshot, seen, now);
  // Once the run is over, servers and workers that end are no failures.
  const over = verdict.kind === 'succeed' || verdict.kind === 'finished';
  const failures: Failures = over ? { records: stored, fresh: [] } : seen;
  const step = carryOut(verdict, { job, observed, snapshot, failures, now, settings });
  const status = buildStatus({
    job,
    snapshot,
    failures,
    verdict,
    stopped: step.stopped,
    progress: observed.progress,
    now,
  });
  const events = [
    ...endEvents(failures.fresh, verdict, job.spec.runPolicy.backoffLimit),
    ...step.events,
    ...transitionEvents(job.status?.conditions ?? [], status.conditions ?? []),
  ];
  // An end that was counted just now is acted on once the count is written: look again at once.
  const due = failures.fresh.length > 0 ? [...step.due, now] : step.due;
  return { actions: step.actions, status, events, requeueAfterMilliseconds: earliest(due, now) };
}

interface World {
  readonly job: WsiTrainingJob;
  readonly observed: Observed;
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly now: number;
  readonly settings: ClusterSettings;
}

function carryOut(verdict: Verdict, world: World): Step {
  const { job, observed, snapshot, failures, now, settings } = world;
  const places = [...snapshot.places, ...snapshot.surplus];
  switch (verdict.kind) {
    case 'succeed':
    case 'fail':
      // The end is written first; the pods are cleaned up by the next pass, which finds it written.
      return { actions: [], events: [], stopped: false, due: [now] };
    case 'finished': {
      const actions = finishedActions(job, places, now);
      return { actions, events: [], stopped: false, due: [expiry(job)] };
    }
    case 'stop': {
      const stop = stopInOrder(places, 'all');
      // With nothing left, a changed job starts anew at the next look.
      const again = verdict.why === 'changed' && places.every((place) => place.pod === undefined);
      return { actions: stop.actions, events: [], stopped: stop.finished, due: again ? [now] : [] };
    }
    case 'run': {
      const run = runJob(job, snapshot, failures, now, settings);
      const objects = objectActions([jobConfigMap(job), jobService(job)], observed.objects);
      return {
        actions: [...objects, ...run.actions],
        events: run.events,
        stopped: false,
        due: [run.nextStart, deadline(job), now + settings.progressIntervalMilliseconds],
      };
    }
  }
}

function earliest(moments: readonly (number | undefined)[], now: number): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known) - now);
}
