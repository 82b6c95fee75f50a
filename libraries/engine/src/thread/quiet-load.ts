/**
 * Loads TensorFlow's library without the lines that it prints while it is loaded. `TF_CPP_MIN_LOG_LEVEL` comes too late
 * for them: the library reads it after its own initialisation has logged. So standard error leads to a file for the
 * moment, and what is no chatter is written out afterwards.
 */
import koffi from 'koffi';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const STANDARD_ERROR = 2;

/** Information and warnings of absl's log: severity, month and day, time, thread, file and line; and its own preface. */
const CHATTER =
  /^(?:[IW]\d{4} \d\d:\d\d:\S+ +\d+ \S+:\d+\]|WARNING: All log messages before absl::InitializeLog)/;

/** Lines of TensorFlow's errors, and of anything else, stay as they are. */
export function withoutChatter(text: string): string {
  return text
    .split('\n')
    .filter((line) => !CHATTER.test(line))
    .join('\n');
}

/**
 * @param library TensorFlow's framework library, the one that logs while it is loaded
 * @param keepMapped dlopen's flag for a library that is never unloaded
 */
export function loadQuietly(library: string, keepMapped: number): void {
  if (!existsSync(library) || !abortsNowhere()) return;
  const system = koffi.load(null);
  const dup = system.func('int dup(int descriptor)') as (descriptor: number) => number;
  const dup2 = system.func('int dup2(int from, int to)') as (from: number, to: number) => number;
  const close = system.func('int close(int descriptor)') as (descriptor: number) => number;
  const dlopen = system.func('void *dlopen(const char *path, int flags)') as (
    path: string,
    flags: number,
  ) => unknown;
  const directory = mkdtempSync(join(tmpdir(), 'wsi-load-'));
  const file = openSync(join(directory, 'stderr'), 'a+');
  const kept = dup(STANDARD_ERROR);
  try {
    if (kept >= 0) dup2(file, STANDARD_ERROR);
    // A library that does not load is reported where it is used.
    dlopen(library, constants.dlopen.RTLD_LAZY | keepMapped);
  } finally {
    if (kept >= 0) {
      dup2(kept, STANDARD_ERROR);
      close(kept);
    }
    const rest = withoutChatter(readFileSync(join(directory, 'stderr'), 'utf8'));
    closeSync(file);
    rmSync(directory, { recursive: true, force: true });
    if (rest !== '') writeSync(STANDARD_ERROR, rest);
  }
}

/** TensorFlow ends a process on a processor without AVX with a message that must be seen. */
function abortsNowhere(): boolean {
  if (process.arch !== 'x64' || process.platform !== 'linux') return true;
  try {
    return /^flags\s*:.*\bavx\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
