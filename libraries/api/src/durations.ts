/** Durations as people write them: `45s`, `90m`, `1h30m`, `2d`. */
import { WsiError } from '@wsi-operator/foundation';

/** Each unit at most once, from large to small; at least one of them. RE2 syntax, so without look-ahead. */
export const DURATION_EXPRESSION =
  '^([0-9]{1,6}d([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?|[0-9]{1,6}h([0-9]{1,6}m)?([0-9]{1,6}s)?|[0-9]{1,6}m([0-9]{1,6}s)?|[0-9]{1,6}s)$';

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** Seconds of a duration. Throws InvalidArgument when `text` is none. */
export function parseDuration(text: string): number {
  if (!new RegExp(DURATION_EXPRESSION).test(text)) {
    throw new WsiError('InvalidArgument', `"${text}" is not a duration.`, {
      remedy: 'Write it like 45s, 90m or 1h30m.',
    });
  }
  const parts = text.matchAll(/(\d+)([dhms])/g);
  return [...parts].reduce(
    (seconds, [, count, letter]) =>
      seconds + Number(count) * (UNITS.find(([unit]) => unit === letter)?.[1] ?? 0),
    0,
  );
}

/** The two largest units of a duration: `3d 4h`, `1h 5m`, `42s`. Unknown (not finite or negative) is `-`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '-';
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${String(count)}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.length === 0 ? '0s' : parts.slice(0, 2).join(' ');
}
