import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@wsi-operator/foundation';
import { watchInterrupts } from './interrupts.ts';

describe('watchInterrupts', () => {
  it('takes the first signal and its echo as a request to stop, and a later one as an order to end at once', () => {
    let now = 1000;
    const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
    const said: string[] = [];
    const interrupts = watchInterrupts(clock, (signal) => said.push(signal));
    try {
      process.emit('SIGTERM', 'SIGTERM');
      now += 100;
      process.emit('SIGTERM', 'SIGTERM');
      expect([interrupts.stop.aborted, interrupts.kill.aborted]).toEqual([true, false]);
      now += 1000;
      process.emit('SIGINT', 'SIGINT');
      expect(interrupts.kill.aborted).toBe(true);
      expect(interrupts.exitCode).toBe(143);
      expect(said).toEqual(['SIGTERM']);
    } finally {
      interrupts.close();
    }
  });
});
