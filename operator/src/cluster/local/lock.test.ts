import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { lockOutput } from './lock.ts';
import { identify } from './process-identity.ts';

it('removes what a process left that was killed while it took the lock, and nothing of one that lives', () => {
  const output = mkdtempSync(join(tmpdir(), 'wsi-lock-'));
  const state = join(output, '.wsi');
  mkdirSync(state);
  const alive = identify(process.pid)!;
  const draft = (name: string, owner: object): void =>
    writeFileSync(join(state, name), JSON.stringify({ token: name, owner, privateDirectory: '/none' }));
  draft('lock.json.dead', { ...alive, started: 'earlier' });
  draft('lock.json.alive', alive);
  const empty = (owner: object): string => {
    const name = `lock.json.${Buffer.from(JSON.stringify(owner)).toString('base64url')}.token`;
    writeFileSync(join(state, name), '');
    return name;
  };
  empty({ ...alive, started: 'earlier' });
  const mayBeWritten = empty(alive);
  const lock = lockOutput(output, join(output, 'private'));
  expect(readdirSync(state).sort()).toEqual(['lock.json', 'lock.json.alive', mayBeWritten, 'pods'].sort());
  lock.release();
  rmSync(output, { recursive: true });
});
