// @ts-check
import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { clearInterval, setInterval } from 'node:timers';
import { isKeptRunning, launchersOf, parentOf, watchLaunchers } from './launchers.mjs';

const linux = process.platform === 'linux' ? describe : describe.skip;

/**
 * A shell that starts a shell that starts a program that waits, all in a group of its own; gives the pids from the
 * outermost on. @param {string} [middle] what the second shell does before
 */
async function nested(middle = '') {
  const inner = `echo $$; ${middle} sh -c 'echo $$; read line'; :`;
  const child = spawn('sh', ['-c', `echo $$; sh -c "$INNER"; :`], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, INNER: inner },
  });
  let text = '';
  while (text.split('\n').length < 4) text += String((await once(child.stdout, 'data'))[0]);
  const [outer = 0, second = 0, last = 0] = text.trim().split('\n').map(Number);
  return { outer, second, last, end: () => child.stdin.end() };
}

linux('launchers', () => {
  it('are the processes of the same group that have started it, nearest first', async () => {
    const { outer, second, last, end } = await nested();
    expect(launchersOf(last).map(({ pid }) => pid)).toEqual([second, outer]);
    expect(parentOf(last).map(({ pid }) => pid)).toEqual([second]);
    // The test itself has started them, but in a group of their own.
    expect(launchersOf(outer)).toEqual([]);
    end();
  });

  it('do not include those beyond setsid', async () => {
    const { last, end } = await nested('setsid --wait');
    expect(launchersOf(last).map(({ pid }) => pid)).not.toContain(process.pid);
    expect(launchersOf(last)).toEqual([]);
    end();
  });

  it('are reported as gone when one of them is killed, even if it is not the parent', async () => {
    const { outer, last, end } = await nested();
    const gone = new Promise((resolve) => watchLaunchers(launchersOf(last), () => resolve('gone')));
    process.kill(outer, 'SIGKILL');
    // The watch does not keep a program alive: this does.
    const alive = setInterval(() => undefined, 1000);
    expect(await gone).toBe('gone');
    clearInterval(alive);
    end();
  });

  it('are gone if their pid now belongs to another process', async () => {
    const gone = new Promise((resolve) =>
      watchLaunchers([{ pid: process.pid, born: '1' }], () => resolve('gone')),
    );
    const alive = setInterval(() => undefined, 1000);
    expect(await gone).toBe('gone');
    clearInterval(alive);
  });
});

it.each([
  [{ WSI_NOHUP: '1' }, true],
  [{ _: '/usr/bin/nohup' }, true],
  [{ _: 'nohup' }, true],
  [{ _: '/usr/bin/npx' }, false],
  [{ _: '/opt/not-nohup' }, false],
  [{}, false],
])('with the signals of %p, a program is kept running: %p', (env, kept) => {
  expect(isKeptRunning(env)).toBe(kept);
});
