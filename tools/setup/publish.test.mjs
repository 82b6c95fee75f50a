// @ts-check
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  linkTarget,
  publishDirectory,
  publishFile,
  publishLink,
  readIfThere,
  removeUnfinished,
  requireSpace,
} from './publish.mjs';

/** @type {string} */
let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsi-publish-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('publishing', () => {
  it('makes a folder visible only once it is complete', async () => {
    const target = join(folder, 'section', 'entry');
    await publishDirectory(target, async (directory) => {
      writeFileSync(join(directory, 'file'), 'content');
      expect(readIfThere(join(target, 'file'))).toBeUndefined();
    });
    expect(readFileSync(join(target, 'file'), 'utf8')).toBe('content');
    expect(readdirSync(join(folder, 'section'))).toEqual(['entry']);
  });

  it('leaves nothing behind when filling fails', async () => {
    const filling = publishDirectory(join(folder, 'section', 'entry'), async (directory) => {
      writeFileSync(join(directory, 'half'), '');
      throw new Error('no space');
    });
    await expect(filling).rejects.toThrow('no space');
    expect(readdirSync(join(folder, 'section'))).toEqual([]);
  });

  it('keeps what another process has published meanwhile', async () => {
    const target = join(folder, 'entry');
    await publishDirectory(target, async () => {
      mkdirSync(target);
      writeFileSync(join(target, 'theirs'), '');
    });
    expect(readdirSync(target)).toEqual(['theirs']);
    await publishDirectory(target, () => Promise.reject(new Error('is not called')));
  });

  it('replaces files, and links at their place', () => {
    publishFile(join(folder, 'deep', 'file'), 'one');
    publishFile(join(folder, 'deep', 'file'), 'two');
    expect(readIfThere(join(folder, 'deep', 'file'))).toBe('two');
    publishLink(join(folder, 'deep'), '/somewhere');
    publishLink(join(folder, 'deep'), '/elsewhere');
    expect(linkTarget(join(folder, 'deep'))).toBe('/elsewhere');
    expect(linkTarget(folder)).toBeUndefined();
    expect(linkTarget(join(folder, 'nothing'))).toBeUndefined();
  });

  it('removes the remains of an interrupted set-up, and nothing else', () => {
    for (const path of ['node/24', 'node/24.partial-1-ab/bin', 'downloads/x.partial-2-cd']) {
      mkdirSync(join(folder, path), { recursive: true });
    }
    writeFileSync(join(folder, 'facts.json'), '');
    expect(removeUnfinished(folder)).toBe(2);
    expect(readdirSync(join(folder, 'node'))).toEqual(['24']);
    expect(removeUnfinished(join(folder, 'not-there'))).toBe(0);
  });

  it('reports a full disk before the work', () => {
    const disk = () => ({ bavail: 1000, bsize: 1_000_000 });
    expect(() => requireSpace(folder, 1e9, 'The set-up', disk)).not.toThrow();
    expect(() => requireSpace(folder, 1.5e9, 'The set-up', disk)).toThrow(
      /needs 1\.5 GB of disk at .*, and 1\.0 GB are free/,
    );
  });
});
