// @ts-check
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDescribes, treeMatchesLock } from './installed-tree.mjs';

/** @type {string} */
let root;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wsi-tree-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const manifest = { dependencies: { one: '^1.0.0' } };
const packages = () => ({
  '': manifest,
  engine: {},
  'node_modules/engine': { resolved: 'engine', link: true },
  'node_modules/one': { version: '1.0.1', integrity: 'sha512-a' },
  'node_modules/one/node_modules/two': { version: '2.0.0', integrity: 'sha512-b' },
  'node_modules/three': { version: '3.0.0', integrity: 'sha512-c', optional: true },
});

/** @param {string} folder of a package, relative to the root */
function put(folder) {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, 'package.json'), '{}');
}

/**
 * @param {(lock: Record<string, any>, installed: Record<string, any>) => void} change
 * @returns {boolean}
 */
function matches(change) {
  /** @type {[Record<string, any>, Record<string, any>]} */
  const [lock, installed] = [packages(), packages()];
  delete installed['node_modules/three'];
  change(lock, installed);
  for (const path of ['engine', 'one', 'one/node_modules/two']) put(join('node_modules', path));
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: lock }));
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  return treeMatchesLock(root) && lockDescribes(root, { '': manifest, engine: {} });
}

describe('the installed packages', () => {
  it('match the lock file without an optional package of another platform', () => {
    expect(matches(() => {})).toBe(true);
  });

  it.each([
    ['another version', (/** @type {any} */ lock) => (lock['node_modules/one'].version = '1.0.2')],
    ['another content', (/** @type {any} */ lock) => (lock['node_modules/one'].integrity = 'sha512-x')],
    [
      'one is missing',
      (/** @type {any} */ _, /** @type {any} */ there) => delete there['node_modules/one/node_modules/two'],
    ],
    ['one is too many', (/** @type {any} */ lock) => delete lock['node_modules/one/node_modules/two']],
    ['a workspace elsewhere', (/** @type {any} */ lock) => (lock['node_modules/engine'].resolved = 'motor')],
    [
      'package.json asks for more than the lock file has',
      (/** @type {any} */ lock) => (lock[''] = { dependencies: {} }),
    ],
    ['a workspace that the lock file does not know', (/** @type {any} */ lock) => delete lock['engine']],
  ])('do not match the lock file: %s', (_, change) => expect(matches(change)).toBe(false));

  it('do not match the lock file if a folder or all of them are missing', () => {
    matches(() => {});
    rmSync(join(root, 'node_modules', 'one', 'node_modules'), { recursive: true });
    expect(treeMatchesLock(root)).toBe(false);
    rmSync(join(root, 'node_modules'), { recursive: true });
    expect(treeMatchesLock(root)).toBe(false);
  });
});

describe('the packages of one workspace alone', () => {
  const four = 'engine/node_modules/four';
  const inBoth = (/** @type {Record<string, any>} */ lock, /** @type {Record<string, any>} */ installed) => {
    lock[four] = installed[four] = { version: '4.0.0' };
  };

  it('are missed when somebody has deleted their folder', () => {
    expect(matches(inBoth)).toBe(false);
    mkdirSync(join(root, four), { recursive: true });
    expect(matches(inBoth)).toBe(false);
    put(four);
    expect(matches(inBoth)).toBe(true);
  });

  it('may be missing when they are of another platform', () => {
    expect(matches((lock) => (lock[four] = { version: '4.0.0', optional: true }))).toBe(true);
  });
});
