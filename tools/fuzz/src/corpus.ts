/** `tools/fuzz/corpus/TARGET/`: inputs that once were findings, and that now must be values or refusals. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../corpus');

export async function readCorpus(target: string): Promise<Buffer[]> {
  const folder = join(ROOT, target);
  const names = (await readdir(folder).catch(() => [])).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

/** @returns the file's path */
export async function addToCorpus(target: string, input: Uint8Array): Promise<string> {
  const path = join(ROOT, target, createHash('sha256').update(input).digest('hex').slice(0, 16));
  await mkdir(join(ROOT, target), { recursive: true });
  await writeFile(path, input);
  return path;
}
