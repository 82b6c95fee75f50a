/** A directory that lives as long as a test file, and the real slide that some tests need. */
import { afterAll, beforeAll } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the path of a file in the directory; call inside tests only. */
export function scratchDirectory(): (name: string) => string {
  let directory: string | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-slides-'));
  });
  afterAll(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });
  return (name) => join(directory!, name);
}

/** Writes files of such a directory; each resolves to the file's path. */
export function scratchFiles(
  scratch: (name: string) => string,
): (name: string, content: Uint8Array | string) => Promise<string> {
  return async (name, content) => {
    const path = scratch(name);
    await writeFile(path, content);
    return path;
  };
}

/** The shared test slide (Aperio, 2220 x 2967), or undefined; `WSI_SHARED` names the directory that has `slides/`. */
export function realSlide(): string | undefined {
  const shared = process.env['WSI_SHARED'] ?? join(import.meta.dirname, '../../../../../shared');
  const path = join(shared, 'slides', 'CMU-1-Small-Region.svs');
  return existsSync(path) ? path : undefined;
}
