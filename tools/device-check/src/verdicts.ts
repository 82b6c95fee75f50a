/** What the measurements mean (pure): each check has passed or failed. */
import type { GradientComparison } from './computations/messages.ts';

export interface Verdict {
  readonly check: string;
  /** What was computed, in words. */
  readonly subject: string;
  readonly found: string;
  readonly limit: string;
  readonly passed: boolean;
}

/** The bytes that one process computed. */
export interface ComputedBytes {
  /** The GPU in words; the same for GPUs of one kind. */
  readonly device: string;
  readonly digests: readonly string[];
}

/**
 * How much larger than that of float32 on the processor an error may be. Both are errors of rounding, which tips single ReLUs
 * near 0 to one side or the other: their number is one of chance. Rounding to 10 bits (TF32) tips thousands of times as many.
 */
const FACTOR = 5;
/** A tensor alone may be so much further away than the whole gradient. */
const TENSOR_FACTOR = 10;

/** @param tolerance relative error of a gradient that is always allowed: a single ReLU that tips can make as much */
export function gradientVerdicts(
  subject: string,
  { device, rounding }: GradientComparison,
  tolerance: number,
): Verdict[] {
  const overall = Math.max(tolerance, FACTOR * rounding.overall);
  const tensor = Math.max(TENSOR_FACTOR * tolerance, FACTOR * rounding.worst.error);
  const slope = Math.max(tolerance, FACTOR * rounding.slope);
  return [
    verdict('gradient against the whole bag in float64', subject, device.overall, overall),
    {
      ...verdict('the worst of its tensors', subject, device.worst.error, tensor),
      found: `${exponential(device.worst.error)} (${device.worst.tensor})`,
    },
    verdict('gradient against finite differences', subject, device.slope, slope),
  ];
}

function verdict(check: string, subject: string, error: number, limit: number): Verdict {
  // An error that is no number has passed nothing.
  return { check, subject, found: exponential(error), limit: exponential(limit), passed: error <= limit };
}

/** Of one process, again and again: also after all its measurements. */
export function repeatedBytesVerdict(subject: string, digests: readonly string[]): Verdict {
  return bytesVerdict('same bytes again in a process', subject, digests);
}

/** Of processes; those on GPUs of different kinds may differ. */
export function processBytesVerdicts(subject: string, processes: readonly ComputedBytes[]): Verdict[] {
  const kinds = [...new Set(processes.map(({ device }) => device))];
  return kinds.map((kind) => {
    const same = processes.filter(({ device }) => device === kind);
    return bytesVerdict(
      `same bytes in ${same.length} processes${kinds.length > 1 ? ` on ${kind}` : ''}`,
      subject,
      same.flatMap(({ digests }) => digests),
    );
  });
}

function bytesVerdict(check: string, subject: string, digests: readonly string[]): Verdict {
  const different = [...new Set(digests)];
  const found =
    different.length === 1
      ? `${different[0]!.slice(0, 12)}, ${digests.length} times`
      : `${different.length} different of ${digests.length}`;
  return { check, subject, found, limit: 'one digest', passed: digests.length > 1 && different.length === 1 };
}

/** A check that could not be made has not passed. */
export function failedVerdict(check: string, subject: string, message: string): Verdict {
  const found = message.replaceAll(/\s+/g, ' ').trim();
  return { check, subject, found, limit: 'an answer', passed: false };
}

export function exponential(value: number): string {
  return value.toExponential(1);
}
