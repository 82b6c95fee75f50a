/** Whether a parser behaves: a value, or a WsiError that says where and what to do; in bounded time and memory. */
import { createHash } from 'node:crypto';
import { peakResidentBytes, WsiError } from '@wsi-operator/foundation';
import type { FuzzTarget } from './target.ts';

export type Outcome =
  | { readonly kind: 'value' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'finding'; readonly what: string };

/** What the engine says of a program that is wrong, not of an input. */
const BUG =
  /^Cannot (?:read|set|destructure|convert)|is not (?:a function|iterable|defined|a constructor)|call stack|Invalid (?:array|typed array|string) length/u;
/** Units of {@link calibrated} that an input of at most a megabyte may take of the processor. */
const MOST_UNITS = 200;
/** That the peak of the process may rise by one input: what the decoders of pictures take at first is among it. */
const MOST_BYTES = 2 ** 28;

/** Microseconds of this processor for the SHA-256 of 8 MiB, the median of some: so that times compare across machines. */
export function calibrated(): number {
  const data = Buffer.alloc(2 ** 23, 1);
  const times = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    createHash('sha256').update(data).digest();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return Math.max(1000, times.sort((a, b) => a - b)[2]!);
}

export async function judge(target: FuzzTarget, input: Buffer, unit: number): Promise<Outcome> {
  const peak = peakResidentBytes();
  const first = await timed(target, input, unit);
  const { outcome } = first;
  let { units } = first;
  const bytes = peakResidentBytes() - peak;
  // The least of several: the process also collects the garbage of what ran in it before.
  for (let again = 0; again < 3 && units > MOST_UNITS; again += 1) {
    units = Math.min(units, (await timed(target, input, unit)).units);
  }
  if (outcome.kind === 'finding') return outcome;
  if (units > MOST_UNITS) return { kind: 'finding', what: `took ${Math.round(units)} units of time` };
  if (bytes > MOST_BYTES) return { kind: 'finding', what: `took ${Math.round(bytes / 2 ** 20)} MiB` };
  return outcome;
}

async function timed(
  target: FuzzTarget,
  input: Buffer,
  unit: number,
): Promise<{ readonly outcome: Outcome; readonly units: number }> {
  const cpu = process.cpuUsage();
  const outcome = await outcomeOf(target, input);
  const { user, system } = process.cpuUsage(cpu);
  return { outcome, units: (user + system) / unit };
}

async function outcomeOf(target: FuzzTarget, input: Buffer): Promise<Outcome> {
  try {
    await target.run(input);
    return { kind: 'value' };
  } catch (error) {
    if (target.accepts?.(error) === true) return { kind: 'refused' };
    if (!(error instanceof WsiError)) return { kind: 'finding', what: `threw ${shown(error)}` };
    if (error.code === 'Internal') return { kind: 'finding', what: `an internal error: ${error.message}` };
    if (error.cause instanceof Error && BUG.test(error.cause.message)) {
      return { kind: 'finding', what: `hides ${shown(error.cause)}` };
    }
    if (error.where === undefined) return { kind: 'finding', what: `does not say where: ${error.message}` };
    if (error.remedy === undefined && target.remedyElsewhere === undefined) {
      return { kind: 'finding', what: `says no remedy: ${error.message}` };
    }
    return { kind: 'refused' };
  }
}

function shown(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? String(error)).split('\n').slice(0, 4).join('\n')
    : String(error);
}
