/**
 * Whether a process that was written down is still the same one. A pid is used again after a while; a pid together
 * with its start time, on one boot of one host, is not.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process. */
  readonly started: string;
  readonly host: string;
}

/** Undefined when there is no such process (any more). */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started, host: hostname() };
}

export function isSameProcess(identity: ProcessIdentity): boolean {
  return identity.host === hostname() && startOf(identity.pid) === identity.started;
}

/** True when it is certain that the process has ended: it was on this host and is not there any more. */
export function isGone(identity: Partial<ProcessIdentity>): boolean {
  const { pid, host, started } = identity;
  return pid !== undefined && started !== undefined && host === hostname() && startOf(pid) !== started;
}

function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startOnLinux(pid) : startFromPs(pid);
}

function startOnLinux(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything; start time is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended: only its parent has not asked yet.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${boot}/${fields[19] ?? ''}`;
  } catch {
    // No such process.
    return undefined;
  }
}

function startFromPs(pid: number): string | undefined {
  const listed = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const line = listed.stdout.trim();
  return listed.status === 0 && line !== '' ? line : undefined;
}

/** Signals a whole process group; one that is gone already is not an error. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
