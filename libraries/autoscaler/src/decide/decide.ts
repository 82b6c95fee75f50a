/**
 * How many workers and servers, how much memory, which workers again: a pure function of what was measured, what the
 * user wants and what the cluster can give. See docs/autoscaling.md.
 */
import type { PerformanceModel } from '../model/performance-model.ts';
import type { Observation, Size } from '../model/observation.ts';
import { decideMemory, type MemoryDecision, type MemoryState } from './memory.ts';
import { adviseServers } from './servers.ts';
import type { AutoscalingSpec } from './spec.ts';
import { remembered, type Recommendation } from './stabilise.ts';
import { findStragglers, type Replacement, type WorkerRate } from './stragglers.ts';
import { chooseWorkers, predictionOf, type Limits, type SizePrediction } from './workers.ts';

/** What decide() needs as input the next time. Small, and JSON. */
export interface History {
  readonly recommendations: readonly Recommendation[];
  readonly replaced: readonly Replacement[];
}

export const NO_HISTORY: History = { recommendations: [], replaced: [] };

export interface DecisionInput {
  /** Absent: nothing was measured and no earlier job is known. */
  readonly model?: PerformanceModel;
  /** One a size, as `withObservation` keeps them. */
  readonly observations: readonly Observation[];
  readonly spec: AutoscalingSpec;
  readonly limits: Limits;
  readonly history: History;
  /** Desired replicas as they are now; 0 workers: the job has not started. */
  readonly current: Size;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly workerRates?: readonly WorkerRate[];
  /** By role. */
  readonly memory?: Readonly<Record<string, MemoryState>>;
}

export type DecisionKind = 'workers' | 'servers' | 'replacement' | 'memory';

export interface Decision extends Size {
  /** Roles whose request changes. */
  readonly memory: Readonly<Record<string, MemoryDecision>>;
  /** Workers to be started again. */
  readonly replace: readonly string[];
  /** Whether anything changes. */
  readonly changed: boolean;
  /** In words and numbers; for the status. */
  readonly reason: string;
  /** The same by what it is about, for events of what changes. */
  readonly reasons: Readonly<Record<DecisionKind, readonly string[]>>;
  /** Servers that would be best if a change cost nothing. */
  readonly advisedServers: number;
  /** What the user could do that decide() cannot. */
  readonly advice: readonly string[];
  readonly prediction?: SizePrediction;
  /** Milliseconds since the epoch: when a change that is held back now may happen. */
  readonly notBefore?: number;
  /** To be given to the next call. */
  readonly history: History;
}

export function decide(input: DecisionInput): Decision {
  const { model, spec, current, history, now } = input;
  const choice = chooseWorkers(input);
  const servers = adviseServers(input, choice.workers);
  const size = { workers: choice.workers, servers: servers.servers };
  const slow = findStragglers(input.workerRates ?? [], spec.stragglers, history.replaced, now);
  const replace = slow.map(({ id }) => id);
  const memory = memoryDecisions(input);
  const resized = size.workers !== current.workers || size.servers !== current.servers;
  const changed = resized || replace.length > 0 || Object.keys(memory.decisions).length > 0;
  const reasons = {
    workers: [choice.reason],
    servers: servers.reasons,
    replacement: slow.map(
      ({ id, slowdown }) => `${id} is restarted: ${slowdown.toFixed(1)} times slower than the median`,
    ),
    memory: memory.reasons,
  };
  const prediction = model === undefined ? undefined : predictionOf(model, size);
  return {
    ...size,
    memory: memory.decisions,
    replace,
    changed,
    reason: Object.values(reasons).flat().join('; '),
    reasons,
    advisedServers: servers.best,
    advice: [...servers.advice, ...memory.advice],
    ...(prediction === undefined ? {} : { prediction }),
    ...(choice.notBefore === undefined ? {} : { notBefore: choice.notBefore }),
    history: nextHistory(input, choice.recommended, replace),
  };
}

function memoryDecisions({ memory = {}, model, spec }: DecisionInput): {
  decisions: Record<string, MemoryDecision>;
  reasons: string[];
  advice: string[];
} {
  const decisions: Record<string, MemoryDecision> = {};
  const reasons: string[] = [];
  const advice: string[] = [];
  for (const [role, state] of Object.entries(memory)) {
    const outcome = decideMemory(role, state, spec.memory, model?.memory[role]);
    if (outcome.decision !== undefined) decisions[role] = outcome.decision;
    if (outcome.reason !== undefined) reasons.push(outcome.reason);
    if (outcome.advice !== undefined) advice.push(outcome.advice);
  }
  return { decisions, reasons, advice };
}

const FORGET_MILLISECONDS = 60 * 60_000;

function nextHistory(
  { history, spec, now }: DecisionInput,
  recommended: number | undefined,
  replace: readonly string[],
): History {
  return {
    recommendations:
      recommended === undefined
        ? history.recommendations
        : remembered(history.recommendations, { at: now, workers: recommended }, spec),
    replaced: [
      ...history.replaced.filter(({ at }) => now - at < FORGET_MILLISECONDS),
      ...replace.map((id) => ({ id, at: now })),
    ],
  };
}
