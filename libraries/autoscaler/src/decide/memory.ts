/**
 * Memory requests: raised from the measured peak before the kernel kills, and after it has. Requests are never
 * lowered: a peak that was seen may come again.
 */
import { predictMemory, type MemoryModel, type MemoryShape } from '../model/memory.ts';
import type { AutoscalingSpec } from './spec.ts';

export interface MemoryState {
  readonly requestBytes?: number;
  readonly limitBytes?: number;
  /** Highest resident size of any of the role's processes. */
  readonly peakBytes?: number;
  /** Recent peaks, oldest first: a role that grows is given room before it needs it. */
  readonly peaks?: readonly { readonly seconds: number; readonly bytes: number }[];
  /** Seconds that the run will still take. */
  readonly remainingSeconds?: number;
  /** How often the kernel has killed it for memory, at the present limit. */
  readonly kills?: number;
  /** What the role computes, for a prediction before anything was measured. */
  readonly shape?: MemoryShape;
}

export interface MemoryDecision {
  readonly requestBytes: number;
  readonly limitBytes?: number;
}

export interface MemoryOutcome {
  readonly decision?: MemoryDecision;
  readonly reason?: string;
  readonly advice?: string;
}

const MIB = 2 ** 20;
const STEP = 64 * MIB;
/** A killed process needed more than its limit, nobody knows how much more. */
const AFTER_KILL = 1.5;
/** Growth is looked ahead by as much; further ahead the slope says nothing. */
const HORIZON_SECONDS = 1800;

export function decideMemory(
  role: string,
  state: MemoryState,
  settings: AutoscalingSpec['memory'],
  model?: MemoryModel,
): MemoryOutcome {
  const { requestBytes = 0, limitBytes, kills = 0 } = state;
  const expected = expectedPeak(state, model);
  const ceiling = limitBytes ?? requestBytes;
  const killed = kills > 0 && ceiling > 0;
  const needed = Math.max(expected * (1 + settings.headroom), killed ? ceiling * AFTER_KILL : 0);
  if (!(needed > 0) || !Number.isFinite(needed)) return {};
  const desired = Math.ceil(needed / STEP) * STEP;
  const most = settings.maximumBytes ?? Infinity;
  const request = Math.min(desired, most);
  const advice = desired > most ? { advice: tooSmall(role, desired, most) } : {};
  if (request <= (killed ? ceiling : requestBytes)) return advice;
  const cause = killed ? `killed for memory at ${inMib(ceiling)}` : `peak ${inMib(expected)}`;
  if (!settings.raise) {
    return { advice: `${role}: ${cause}; request ${inMib(request)} (memory.raise is off)` };
  }
  return {
    decision: { requestBytes: request, ...limitOf(limitBytes, request) },
    reason: `${role} memory ${inMib(requestBytes)} -> ${inMib(request)}: ${cause}, headroom ${settings.headroom}`,
    ...advice,
  };
}

/** A limit is never below the request, and never invented. */
function limitOf(limitBytes: number | undefined, request: number): { readonly limitBytes?: number } {
  return limitBytes === undefined ? {} : { limitBytes: Math.max(limitBytes, request) };
}

/**
 * A smaller micro-batch is the one remedy left, and not one that a running job can be given: the batch is how tiles are
 * grouped into shards, so it decides the sums and with them the bits of the result.
 */
function tooSmall(role: string, desired: number, most: number): string {
  return (
    `${role} needs ${inMib(desired)}, memory.maximum is ${inMib(most)}: raise it, or submit a new job with a smaller ` +
    `patches.batch (it is part of what is computed, so this one keeps its own)`
  );
}

function expectedPeak(state: MemoryState, model: MemoryModel | undefined): number {
  const measured = finite(state.peakBytes);
  const ahead = measured === 0 ? 0 : measured + growth(state);
  // A prediction is for what has not been measured yet.
  const predicted = measured === 0 && model && state.shape ? predictMemory(model, state.shape).high : 0;
  return Math.max(ahead, finite(predicted));
}

/** Bytes that the peak will have grown by, when the second half of the recent peaks is above all of the first. */
function growth({ peaks = [], remainingSeconds = HORIZON_SECONDS }: MemoryState): number {
  const known = peaks.filter(({ seconds, bytes }) => Number.isFinite(seconds) && Number.isFinite(bytes));
  const middle = Math.floor(known.length / 2);
  if (middle < 2) return 0;
  const before = Math.max(...known.slice(0, middle).map(({ bytes }) => bytes));
  const later = known.slice(middle);
  if (later.some(({ bytes }) => bytes <= before)) return 0;
  const [first, last] = [known[middle - 1]!, known.at(-1)!];
  const slope = (last.bytes - first.bytes) / Math.max(1, last.seconds - first.seconds);
  return Math.max(0, slope) * Math.min(HORIZON_SECONDS, Math.max(0, remainingSeconds));
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : 0;
}

function inMib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
