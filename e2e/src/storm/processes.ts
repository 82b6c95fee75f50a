/** Processes of this machine by what `/proc` says of them: Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessMark {
  readonly pid: number;
  /** Clock ticks between the machine's start and its own: with the pid, it names a process for ever. */
  readonly started: string;
}

/** Undefined when there is none, or when it has ended and only its parent has not asked yet. */
export function markOf(pid: number): ProcessMark | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything; start time is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return { pid, started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** Sends a signal to that very process. @returns false when it has ended */
export function signal(mark: ProcessMark, name: NodeJS.Signals): boolean {
  if (markOf(mark.pid)?.started !== mark.started) return false;
  try {
    process.kill(mark.pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Live processes with this text among their environment (`NAME=value`). */
export function processesWith(variable: string): ProcessMark[] {
  return pids().flatMap((pid) => {
    try {
      const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      return entries.includes(variable) ? (markOf(pid) ?? []) : [];
    } catch {
      // It has ended, or is another user's.
      return [];
    }
  });
}

export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Addresses of Unix sockets below a directory that some process has open. */
export function socketsBelow(directory: string): string[] {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return lines
    .map((line) => line.slice(line.indexOf('/')))
    .filter((path) => path.startsWith(`${directory}/`));
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
