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

it('gives null for what is not set up', () => {
  expect(new Set(Object.values(readSetup({ root, env: {} })))).toEqual(new Set([null]));
});

it('gives what the set-up has written, and lets the environment name another OpenSlide', () => {
  writeFileSync(setupFile(root), JSON.stringify({ node: '/n', openslideLibrary: '/o' }));
  expect(readSetup({ root, env: {} })).toMatchObject({
    node: '/n',
    openslideLibrary: '/o',
    pythonBench: null,
  });
  expect(readSetup({ root, env: { WSI_OPENSLIDE_LIBRARY: '/other' } }).openslideLibrary).toBe('/other');
});

it('finds the repository by its own place', () => {
  expect(setupFile()).toMatch(/node_modules\/\.wsi-setup\.json$/);
  expect(readSetup().node).toMatch(/bin\/node$/);
});

it('says which file is broken', () => {
  writeFileSync(setupFile(root), '{');
  expect(() => readSetup({ root })).toThrow(`${setupFile(root)} is broken`);
});
