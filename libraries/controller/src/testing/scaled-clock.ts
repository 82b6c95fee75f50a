/** A clock on which time goes by faster than outside: for tests over real connections, which a ManualClock outruns. */
import { systemClock, type Clock } from '@wsi-operator/foundation';

/** @param factor - Seconds of this clock in one real second. */
export function scaledClock(factor: number): Clock {
  const start = systemClock.monotonic();
  const now = Date.now();
  const passed = (): number => (systemClock.monotonic() - start) * factor;
  return {
    now: () => now + passed(),
    monotonic: passed,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / factor, signal),
  };
}
