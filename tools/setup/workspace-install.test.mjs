// @ts-check
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installKey, isStamped, workspaceFolders } from './workspace-install.mjs';

/** @type {string} */
let root;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wsi-workspaces-'));
  for (const folder of ['engine', 'plugins/two', 'plugins/one', 'plugins/none'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ['engine', 'plugins/two', 'plugins/one'])
    writeFileSync(join(root, folder, 'package.json'), '{}');
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ workspaces: ['engine', 'plugins/*', 'planned', 'absent/*'] }),
  );
  writeFileSync(join(root, 'package-lock.json'), '{}');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('the stamp of the installed packages', () => {
  it('covers the root and every existing workspace', () => {
    expect(workspaceFolders(root)).toEqual(['', 'engine', 'plugins/one', 'plugins/two']);
  });

  it.each(['package-lock.json', '.npmrc', 'package.json', 'engine/package.json', 'plugins/one/package.json'])(
    'is invalid when %s changes',
    (file) => {
      const before = installKey(root);
      expect(installKey(root)).toBe(before);
      writeFileSync(join(root, file), '{ "changed": true }');
      expect(installKey(root)).not.toBe(before);
    },
  );

  it('is valid for its key only', () => {
    expect(isStamped('{"key":"k"}', 'k')).toBe(true);
    expect(isStamped('{"key":"k"}', 'other')).toBe(false);
    expect(isStamped('{"ke', 'k')).toBe(false);
    expect(isStamped(undefined, 'k')).toBe(false);
  });

  it('needs a lock file', () => {
    rmSync(join(root, 'package-lock.json'));
    expect(() => installKey(root)).toThrow('There is no package-lock.json');
  });
});
