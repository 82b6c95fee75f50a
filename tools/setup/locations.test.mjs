// @ts-check
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSetup, setupFile } from './locations.mjs';

/** @type {string} */
let root;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wsi-locations-'));
  mkdirSync(join(root, 'node_modules'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('the locations are null for what is not set up', () => {
  expect(new Set(Object.values(readSetup({ root, env: {} })))).toEqual(new Set([null]));
});

it('the locations are those written by the set-up, but the environment may name another OpenSlide', () => {
  writeFileSync(setupFile(root), JSON.stringify({ node: '/n', openslideLibrary: '/o' }));
  expect(readSetup({ root, env: {} })).toMatchObject({
    node: '/n',
    openslideLibrary: '/o',
    pythonBench: null,
  });
  expect(readSetup({ root, env: { WSI_OPENSLIDE_LIBRARY: '/other' } }).openslideLibrary).toBe('/other');
});

it('the repository is found relative to the module', () => {
  expect(setupFile()).toMatch(/node_modules\/\.wsi-setup\.json$/);
  expect(readSetup().node).toMatch(/bin\/node$/);
});

it('an error names the broken file', () => {
  writeFileSync(setupFile(root), '{');
  expect(() => readSetup({ root })).toThrow(`${setupFile(root)} is broken`);
});
