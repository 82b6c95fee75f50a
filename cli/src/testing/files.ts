import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The files of a directory and below, as paths. */
export function listBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
