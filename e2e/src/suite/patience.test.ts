import { describe, expect, it } from '@jest/globals';
import { Patience } from './patience.ts';

function patience(): { wait: Patience; pass: (milliseconds: number) => void } {
  let now = 0;
  const limits = { quietMilliseconds: 100, quietLooks: 3, longestMilliseconds: 1000 };
  const wait = new Patience({ ...limits, now: () => now });
  return { wait, pass: (milliseconds) => (now += milliseconds) };
}

/** @returns what the last look was told */
function look(times: number, every: number, seen: (time: number) => string): string | undefined {
  const { wait, pass } = patience();
  let told: string | undefined;
  for (let time = 0; time < times && told === undefined; time += 1) {
    told = wait.after(seen(time));
    pass(every);
  }
  return told;
}

describe('the patience of a suite', () => {
  it('lasts while something changes', () => {
    expect(look(9, 99, String)).toBeUndefined();
  });

  it('ends when nothing has changed for long', () => {
    expect(look(20, 30, () => 'same')).toMatch(/^nothing has changed for/);
    expect(look(4, 30, () => 'same')).toBeUndefined();
  });

  it('is longer on a machine where every look takes long', () => {
    expect(look(4, 200, () => 'same')).toBeUndefined();
    expect(look(5, 200, () => 'same')).toMatch(/^nothing has changed/);
  });

  it('ends when what changes leads nowhere', () => {
    expect(look(30, 99, String)).toMatch(/^gave up after 1 s, though something was still changing/);
  });
});
