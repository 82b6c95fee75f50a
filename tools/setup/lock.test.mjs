// @ts-check
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acquireLock, isStale } from './lock.mjs';

/** @type {string} */
let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsi-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a lock', () => {
  const holder = { pid: 10, born: '1' };
  const child = { pid: 11, born: '2' };
  const minute = 60_000;

  it.each([
    ['is held while its holder lives', { child: null }, 'here', ['10'], 0, false],
    ['is stale once its holder is dead', { child: null }, 'here', [], 0, true],
    ['is held while the program of a dead holder lives', { child }, 'here', ['11'], 0, false],
    ['is stale once both holder and program are dead', { child }, 'here', [], 0, true],
    ['is held while another machine touches it', { child: null }, 'there', [], minute, false],
    [
      'is stale once another machine no longer touches it',
      { child: null },
      'there',
      ['10'],
      minute + 1,
      true,
    ],
  ])('%s', (_, more, place, alive, age, stale) => {
    const record = { token: 't', place: 'here', holder, ...more };
    const world = {
      now: 1e9,
      touchedAt: 1e9 - age,
      place,
      isAlive: (/** @type {{ pid: number }} */ { pid }) => alive.includes(String(pid)),
    };
    expect(isStale(record, world)).toBe(stale);
  });

  it('is held by one process at a time, and then passed on', async () => {
    const path = join(folder, 'lock');
    let inside = 0;
    const work = async () => {
      const lock = await acquireLock(path);
      inside += 1;
      expect(inside).toBe(1);
      await delay(30);
      inside -= 1;
      lock.release();
    };
    await Promise.all([work(), work(), work()]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('survives recording a program, and is not taken from a new holder', async () => {
    const path = join(folder, 'lock');
    const lock = await acquireLock(path);
    lock.recordChild(process.pid);
    expect(readdirSync(folder)).toEqual(['lock']);
    const foreign = JSON.stringify({ token: 'other', place: 'x', holder, child: null });
    writeFileSync(path, foreign);
    lock.recordChild(process.pid);
    lock.release();
    expect(existsSync(path)).toBe(true);
    utimesSync(path, new Date(0), new Date(0));
    (await acquireLock(path)).release();
    expect(existsSync(path)).toBe(false);
  });
});
