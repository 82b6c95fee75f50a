/** For tests of whatever waits on a clock. */
export { ManualClock } from './manual-clock.ts';
