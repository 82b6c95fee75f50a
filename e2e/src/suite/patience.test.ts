import { describe, expect, it } from '@jest/globals';
import { Patience } from './patience.ts';

function patience(): { wait: Patience; pass: (milliseconds: number) => void } {
  let now = 0;
  const limits = { quietMilliseconds: 100, quietLooks: 3, longestMilliseconds: 1000 };
  const wait = new Patience({ ...limits, now: () => now });
  return { wait, pass: (milliseconds) => (now += milliseconds) };
}

/** @returns the result of the last observation */
function observe(times: number, every: number, seen: (time: number) => string): string | undefined {
  const { wait, pass } = patience();
  let result: string | undefined;
  for (let time = 0; time < times && result === undefined; time += 1) {
    result = wait.after(seen(time));
    pass(every);
  }
  return result;
}

describe('the patience of a suite', () => {
  it('lasts while something changes', () => {
    expect(observe(9, 99, String)).toBeUndefined();
  });

  it('ends when nothing has changed for a long time', () => {
    expect(observe(20, 30, () => 'same')).toMatch(/^nothing has changed for/);
    expect(observe(4, 30, () => 'same')).toBeUndefined();
  });

  it('is longer on a machine where every observation takes long', () => {
    expect(observe(4, 200, () => 'same')).toBeUndefined();
    expect(observe(5, 200, () => 'same')).toMatch(/^nothing has changed/);
  });

  it('ends at a limit even if something keeps changing', () => {
    expect(observe(30, 99, String)).toMatch(/^gave up after 1 s, though something was still changing/);
  });
});
