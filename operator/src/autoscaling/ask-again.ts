/** When a size that there is no room for, or that is refused, is asked for again. */
import { iso } from './record.ts';

const FIRST_WAIT_MILLISECONDS = 10 * 60_000;
const LONGEST_WAIT_MILLISECONDS = 2 * 60 * 60_000;

/**
 * The wait doubles with each time in a row.
 * @param tries how often it was asked for, 1 for the first time
 * @param now milliseconds since the epoch
 */
export function askAgainAt(tries: number, now: number): string {
  const wait = Math.min(FIRST_WAIT_MILLISECONDS * 2 ** Math.min(tries - 1, 10), LONGEST_WAIT_MILLISECONDS);
  return iso(now + wait);
}
