import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { readBoundedFile } from './bounded-file.ts';

it('a file is read up to a bound, and an endless one is refused', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bounded-'));
  try {
    const path = join(directory, 'file');
    const bytes = Buffer.alloc(700_000, 'ab');
    await writeFile(path, bytes);
    expect((await readBoundedFile(path, bytes.length)).equals(bytes)).toBe(true);
    await expect(readBoundedFile(path, bytes.length - 1)).rejects.toThrow(
      /file: it is longer than 699999 bytes/u,
    );
    await expect(readBoundedFile('/dev/zero', 2 ** 20)).rejects.toThrow(/longer than 1048576/u);
    await expect(readBoundedFile(join(directory, 'none'), 1)).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await rm(directory, { recursive: true });
  }
});
