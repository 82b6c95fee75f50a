import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lstat, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomically } from './atomic-file.ts';

describe('writeFileAtomically', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-atomic-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('replaces the content and leaves nothing else behind', async () => {
    const path = join(directory, 'a', 'b.json');
    await writeFileAtomically(path, 'one');
    await writeFileAtomically(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(directory, 'a'))).toEqual(['b.json']);
  });

  it('names the path when it fails, and keeps the old file', async () => {
    const file = join(directory, 'file');
    await writeFile(file, 'kept');
    const path = join(file, 'below-a-file.json');
    await expect(writeFileAtomically(path, 'x')).rejects.toThrow(path);
    expect(await readFile(file, 'utf8')).toBe('kept');
  });

  it('does not follow a link planted at its target', async () => {
    const kept = join(directory, 'kept');
    await writeFile(kept, 'kept');
    const path = join(directory, 'b.json');
    for (const name of [path, `${path}.${process.pid}.tmp`]) await symlink(kept, name);
    await writeFileAtomically(path, 'new');
    expect([await readFile(kept, 'utf8'), await readFile(path, 'utf8')]).toEqual(['kept', 'new']);
    expect((await lstat(path)).isSymbolicLink()).toBe(false);
  });
});
