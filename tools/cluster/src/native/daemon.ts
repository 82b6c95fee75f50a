/** Long-running processes that outlive the program that starts them. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';
import { lastLines } from '../command.ts';
import { entrances } from './process-group.ts';

/** `born` distinguishes a process from a later one with the same number. */
export interface LiveProcess {
  readonly pid: number;
  readonly born: string;
}

export interface Daemon extends LiveProcess {
  readonly name: string;
  readonly command: readonly string[];
  readonly log: string;
}

const POLL_MILLISECONDS = 50;
/** Enters the groups (the arguments up to "--"), then becomes the program (those after it). */
const ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"';

/**
 * Starts a program in the background, in the given control group, with its output appended to a file.
 * @throws WsiError `Unavailable` when it cannot be started
 */
export async function startDaemon(
  name: string,
  command: readonly string[],
  where: { readonly group: string; readonly log: string; readonly path?: string },
): Promise<Daemon> {
  const output = openSync(where.log, 'a');
  try {
    const child = spawn('/bin/sh', ['-ec', ENTER, name, ...entrances(where.group), '--', ...command], {
      detached: true,
      stdio: ['ignore', output, output],
      env: { PATH: where.path ?? process.env['PATH'], HOME: '/root', LANG: 'C.UTF-8' },
    });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    child.once('spawn', () => {
      resolve(undefined);
    });
    child.once('error', reject);
    await promise;
    child.unref();
    const pid = child.pid ?? 0;
    return { name, pid, born: birthOf(pid), command, log: where.log };
  } catch (error) {
    throw WsiError.from(error, 'Unavailable', { where: name });
  } finally {
    closeSync(output);
  }
}

/** Whether the process lives; one that has ended and waits for its parent does not. */
export function isAlive({ pid, born }: LiveProcess): boolean {
  return born !== '' && birthOf(pid) === born;
}

/** This process, for a record that others read. */
export function thisProcess(): LiveProcess {
  return { pid: process.pid, born: birthOf(process.pid) };
}

/** Start time in clock ticks since boot; '' of a process that is not there or has ended. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** Ends a process and waits until it has. */
export async function endProcess(target: LiveProcess, signal: NodeJS.Signals, seconds = 20): Promise<void> {
  for (let waited = 0; isAlive(target); waited += POLL_MILLISECONDS) {
    try {
      if (waited === 0) process.kill(target.pid, signal);
      else if (waited >= seconds * 1000) process.kill(target.pid, 'SIGKILL');
    } catch {
      return; // It has ended between the check and the signal.
    }
    await delay(POLL_MILLISECONDS);
  }
}

/**
 * Waits for a daemon to answer. One that has ended is reported at once, with the last lines of its log.
 * @throws WsiError `Unavailable`
 */
export async function untilReady(
  daemon: Daemon,
  seconds: number,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await ready())) {
    const problem = !isAlive(daemon)
      ? `${daemon.name} has ended`
      : Date.now() > deadline
        ? `${daemon.name} is not ready after ${seconds} s`
        : undefined;
    if (problem !== undefined) {
      throw new WsiError('Unavailable', problem, { remedy: endOf(daemon.log), where: daemon.log });
    }
    await delay(POLL_MILLISECONDS * 2);
  }
}

function endOf(log: string): string {
  try {
    return lastLines(readFileSync(log, 'utf8'));
  } catch {
    return '';
  }
}
