/** Damages a checkpoint as a failing disk does: one bit is another one, or the end of a file is missing. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultAction } from './schedule.ts';

/** @returns the file that was damaged, or undefined when there is no checkpoint yet */
export function damageNewest(
  directory: string,
  { how, file, place }: FaultAction & { readonly kind: 'corruption' },
): string | undefined {
  const newest = list(directory)
    .filter((name) => name.startsWith('step-'))
    .at(-1);
  if (newest === undefined) return undefined;
  const files = list(join(directory, newest));
  const path = join(directory, newest, files[Math.floor(file * files.length)] ?? '');
  const bytes = readFileSync(path);
  const at = Math.floor(place * bytes.length);
  if (how === 'truncate') truncateSync(path, at);
  else {
    const bit = Math.floor(place * bytes.length * 8) % 8;
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
    writeFileSync(path, bytes);
  }
  return path;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
