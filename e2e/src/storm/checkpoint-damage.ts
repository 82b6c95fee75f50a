/** Damages a checkpoint as a failing disk does: one bit is another one, or the end of a file is missing. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signal, type ProcessMark } from './processes.ts';
import type { FaultAction } from './schedule.ts';

/**
 * Damages the newest checkpoint below an output directory. Nobody writes to it meanwhile: its writer is stopped, and then
 * killed.
 * @returns what was done, in a few words; undefined when the writer had ended before
 */
export function damageStopped(
  writer: ProcessMark,
  output: string,
  action: FaultAction & { readonly kind: 'corruption' },
): string | undefined {
  if (!signal(writer, 'SIGSTOP')) return undefined;
  const damaged = damageNewest(join(output, 'checkpoints'), action);
  signal(writer, 'SIGKILL');
  return damaged?.slice(output.length + 1) ?? 'there was no checkpoint yet';
}

/** @returns the file that was damaged, or undefined when there is no checkpoint yet */
function damageNewest(
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
