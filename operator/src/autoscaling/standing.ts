/**
 * What stands before anything is measured again: the size that was decided last; at the start, where the spec or an
 * earlier job's model says to begin; and what the user has changed since (bounds, `kubectl scale`). All of it takes
 * effect in the very pass.
 */
import type { AutoscalingStatus, WsiTrainingJob } from '@wsi-operator/api';
import { decide, NO_HISTORY, parseModel, type AutoscalingSpec } from '@wsi-operator/autoscaler';
import type { AutoscalingObserved } from './input.ts';
import { memoryStates, raised } from './memory.ts';
import { usable } from './model.ts';
import { recorded, summary, type Made, type Recorded } from './record.ts';
import { serversAllowed } from './servers-proof.ts';
import { autoscalingSettings, serversWithin, workersWithin } from './settings.ts';
import { shapeName } from './shape.ts';

export interface Standing {
  /** Undefined when nothing is known and nothing is to be chosen. */
  readonly autoscaling: AutoscalingStatus | undefined;
  readonly events: Recorded['events'];
}

/** @param over the job is over, or being deleted */
export function standingOf(
  job: WsiTrainingJob,
  over: boolean,
  observed: AutoscalingObserved,
  now: number,
): Standing {
  const stored = job.status?.autoscaling;
  if (over) return { autoscaling: stored, events: [] };
  if (job.spec.autoscaling === undefined) return { autoscaling: knowledgeOf(stored), events: [] };
  const settings = autoscalingSettings(job);
  if (stored?.workers === undefined) return begin({ job, settings, observed, now }, stored ?? {});
  const { autoscaling, events } = changed({ job, settings, observed, now }, stored, stored.workers);
  return { autoscaling, events };
}

/** What is worth keeping of a job that is not autoscaled (any more). */
function knowledgeOf(stored: AutoscalingStatus | undefined): AutoscalingStatus | undefined {
  if (stored?.model === undefined) return undefined;
  const { shape, model, warmStart, predicted, remainingTiles, time, basis } = stored;
  const kept = { shape, model, warmStart, predicted, remainingTiles, time, basis };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

interface StandingInput {
  readonly job: WsiTrainingJob;
  readonly settings: AutoscalingSpec;
  readonly observed: AutoscalingObserved;
  readonly now: number;
}

function begin(input: StandingInput, stored: AutoscalingStatus): Recorded {
  const { job, settings, observed, now } = input;
  const replicas = job.spec.workers.replicas;
  const { servers: _servers, ...known } = stored;
  const first: AutoscalingStatus = {
    ...known,
    shape: stored.shape ?? shapeName(job),
    replicas,
    workers: workersWithin(settings, replicas),
    ...serversChosen(job, serversWithin(settings, job.spec.parameterServers.replicas)),
  };
  const warmStart = usable(observed.earlierModel) ?? stored.warmStart;
  const model = parseModel(stored.model ?? warmStart?.model ?? '');
  // A job that runs already goes on from where it is.
  if (model === undefined || observed.hasPods) {
    const made = moves(replicas, first.workers ?? replicas, 'where the bounds let it begin');
    return recorded(first, made, now);
  }
  const decision = decide({
    model,
    observations: [],
    spec: settings,
    limits: { suspended: true },
    history: NO_HISTORY,
    current: { workers: 0, servers: serversWithin(settings, job.spec.parameterServers.replicas) },
    now,
    memory: memoryStates(job, undefined, new Set(), model.throughput.workload.parameterBytes),
  });
  const workers = workersWithin(settings, decision.workers);
  const from = stored.model === undefined ? `, by the model of ${warmStart?.job ?? 'an earlier job'}` : '';
  const reason = `${decision.reasons.workers.join('; ')}${from}`;
  const memory = raised(undefined, decision.memory, decision.reasons.memory);
  const next: AutoscalingStatus = {
    ...first,
    workers,
    ...serversChosen(job, serversWithin(settings, decision.servers)),
    reason: summary(`${reason}${decision.reasons.servers.map((text) => `; ${text}`).join('')}`),
    ...(memory.made.length === 0 ? {} : { memory: memory.memory }),
    ...(warmStart === undefined ? {} : { warmStart }),
  };
  const start: Made = { what: 'workers', from: replicas, to: workers, reason };
  return recorded(next, [start, ...memory.made], now);
}

/** The user's word counts at once; after `kubectl scale` the windows begin again. */
function changed(input: StandingInput, stored: AutoscalingStatus, standing: number): Recorded {
  const { job, settings, now } = input;
  const { replicas } = job.spec.workers;
  const byHand = stored.replicas !== undefined && stored.replicas !== replicas;
  const workers = workersWithin(settings, byHand ? replicas : standing);
  const why = byHand ? 'set by hand (spec.workers.replicas)' : 'spec.autoscaling has other bounds';
  const servers = serversOf(input, stored);
  const made = [...moves(standing, workers, why), ...servers.made];
  const { servers: _servers, recommendations, notBefore, ...rest } = stored;
  const next: AutoscalingStatus = {
    ...rest,
    ...servers.chosen,
    workers,
    replicas,
    ...(byHand || recommendations === undefined ? {} : { recommendations }),
    ...(made.length > 0 || notBefore === undefined ? {} : { notBefore }),
    ...(made.length === 0 ? {} : { reason: summary(made.map(({ reason }) => reason).join('; ')) }),
  };
  return recorded(next, made, now);
}

function serversOf(
  { job, settings, observed, now }: StandingInput,
  stored: AutoscalingStatus,
): { readonly chosen: Pick<AutoscalingStatus, 'servers'>; readonly made: readonly Made[] } {
  if (job.spec.autoscaling?.maximumServers === undefined) return { chosen: {}, made: [] };
  const before = stored.servers ?? job.spec.parameterServers.replicas;
  // While nothing runs a change costs nothing.
  const stopped = !observed.hasPods;
  const desired = stopped ? (stored.advisedServers ?? before) : before;
  const servers = serversAllowed(job, stored, serversWithin(settings, desired), now);
  const why = desired === servers && stopped ? 'nothing runs now' : 'spec.autoscaling has other bounds';
  const reason = `${before} -> ${servers} servers: ${why}`;
  return {
    chosen: { servers },
    made: servers === before ? [] : [{ what: 'servers', from: before, to: servers, reason }],
  };
}

function serversChosen(job: WsiTrainingJob, servers: number): Pick<AutoscalingStatus, 'servers'> {
  return job.spec.autoscaling?.maximumServers === undefined ? {} : { servers };
}

function moves(from: number, to: number, why: string): Made[] {
  if (from === to) return [];
  return [{ what: 'workers', from, to, reason: `${from} -> ${to} workers: ${why}` }];
}
