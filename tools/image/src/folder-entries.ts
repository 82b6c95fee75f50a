/** Files of this machine as entries of an image. */
import { lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { TarEntry } from './tar.ts';

/** Whether a file or folder is taken; an excluded folder is not entered. */
export type Chosen = (path: string, isFolder: boolean) => boolean;

/**
 * A folder and what is in it, sorted by name. Permissions become those that a program of another user needs: readable
 * by all, executable where they were executable.
 * @param at where it is in the image
 */
export function folderEntries(folder: string, at: string, chosen: Chosen = () => true): TarEntry[] {
  const entries: TarEntry[] = [{ path: at, content: { kind: 'directory' } }];
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const from = join(folder, name);
    const path = `${at}/${name}`;
    const status = lstatSync(from);
    if (!chosen(path, status.isDirectory())) continue;
    if (status.isDirectory()) entries.push(...folderEntries(from, path, chosen));
    else if (status.isSymbolicLink()) {
      entries.push({ path, content: { kind: 'link', target: readlinkSync(from) } });
    } else entries.push(fileEntry(from, path));
  }
  return entries;
}

export function fileEntry(from: string, path: string): TarEntry {
  const file = realpathSync(from);
  const executable = (lstatSync(file).mode & 0o111) !== 0;
  return { path, mode: executable ? 0o755 : 0o644, content: { kind: 'file', from: file } };
}

/** The entries with the folders that lead to them, each once, parents first. */
export function withParents(entries: readonly TarEntry[]): TarEntry[] {
  const known = new Map<string, TarEntry>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = parts.slice(0, depth).join('/');
      if (!known.has(path)) known.set(path, { path, content: { kind: 'directory' } });
    }
    known.set(entry.path, entry);
  }
  return [...known.values()];
}
