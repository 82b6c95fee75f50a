/**
 * One `wsi run` at a time in one output directory, and no left-overs of a run that was killed.
 *
 * DIR/.wsi/lock.json names the process that owns the directory, its private directory (sockets) and DIR/.wsi/pods/
 * one file for each process that it started. A new owner first ends what a dead one has left.
 *
 * Not the set-up's lock (tools/setup/lock.mjs): that one waits for its holder and guards a cache; this one refuses at once,
 * and never takes over from another host, where a run cannot be seen to have ended.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { storageError, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { identify, isGone, isSameProcess, signalGroup, type ProcessIdentity } from './process-identity.ts';
import { isPrivateDirectory } from './private-directory.ts';

interface LockContent {
  readonly token: string;
  readonly owner: ProcessIdentity;
  readonly privateDirectory: string;
}

export interface OutputLock {
  /** Writes down a process of this run, so that it can be ended if this process is killed. */
  recordProcess(pod: string, pid: number): void;
  forgetProcess(pod: string): void;
  /** False when the directory has been removed, or given to another run, under this one's feet. */
  isHeld(): boolean;
  release(): void;
}

/**
 * @param privateDirectory removed by the next owner if this one is killed
 * @throws WsiError `Unavailable` when another run owns the directory
 */
export function lockOutput(output: string, privateDirectory: string): OutputLock {
  const state = join(output, '.wsi');
  const path = join(state, 'lock.json');
  const pods = join(state, 'pods');
  try {
    mkdirSync(pods, { recursive: true });
  } catch (error) {
    throw storageError(pods, error);
  }
  const content: LockContent = {
    token: randomUUID(),
    owner: identify(process.pid) ?? { pid: process.pid, started: '', host: hostname() },
    privateDirectory,
  };
  acquire(path, output, content);
  removeDrafts(state);
  endLeftOvers(pods);
  return {
    recordProcess(pod, pid): void {
      const identity = identify(pid);
      if (identity === undefined) return;
      try {
        writeFileSync(join(pods, `${pod}.json`), JSON.stringify(identity));
      } catch {
        // A full disk: the process still ends with its standard input if this one is killed.
      }
    },
    forgetProcess: (pod) => rmSync(join(pods, `${pod}.json`), { force: true }),
    isHeld: () => readLock(path)?.token === content.token,
    release(): void {
      if (readLock(path)?.token === content.token) rmSync(path, { force: true });
    },
  };
}

/** Whether a `wsi run` owns the directory now: `elsewhere` when it is one of another machine, of which nothing is known. */
export type OutputOwner = 'here' | 'elsewhere' | 'gone';

export function outputOwner(output: string): OutputOwner {
  const owner = readLock(join(output, '.wsi', 'lock.json'))?.owner;
  if (owner === undefined) return 'gone';
  if (owner.host !== hostname()) return 'elsewhere';
  return isSameProcess(owner) ? 'here' : 'gone';
}

function acquire(path: string, output: string, content: LockContent): void {
  const mine = draftPath(path, content);
  try {
    writeFileSync(mine, JSON.stringify(content));
  } catch (error) {
    rmSync(mine, { force: true });
    throw storageError(mine, error);
  }
  try {
    // A few rounds: each one that fails has removed a stale lock, or met another process doing so.
    for (let round = 0; round < 5; round += 1) {
      if (tryLink(mine, path)) return;
      const other = readLock(path);
      if (other !== undefined) refuseIfAlive(other, path, output);
      removeStale(path, other, content.token);
    }
    throw new WsiError('Unavailable', 'could not be locked: other runs are starting in it', {
      where: output,
      remedy: 'Try again, or choose another output directory.',
    });
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Its name says whose it is: what a process wrote of it that was killed, or found no room, may be nothing. */
function draftPath(path: string, { owner, token }: LockContent): string {
  return `${path}.${Buffer.from(JSON.stringify(owner)).toString('base64url')}.${token}`;
}

function ownerInName(draft: string): Partial<ProcessIdentity> {
  const [, , encoded = ''] = draft.split('.');
  try {
    return JSON.parse(Buffer.from(encoded, 'base64url').toString()) as Partial<ProcessIdentity>;
  } catch {
    return {};
  }
}

/** `link` fails when the target exists, so only one of several processes gets it. */
function tryLink(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw storageError(path, error);
  }
}

function refuseIfAlive(other: LockContent, path: string, output: string): void {
  if (other.owner.host !== hostname()) {
    throw new WsiError('Unavailable', `is in use by a run on the host ${other.owner.host}`, {
      where: output,
      remedy: `Wait for it; if that run is dead, remove ${path}.`,
    });
  }
  if (isSameProcess(other.owner)) {
    throw new WsiError('Unavailable', `is in use by another run (process ${other.owner.pid})`, {
      where: output,
      remedy: 'Wait for it, stop it, or choose another output directory.',
    });
  }
}

function removeStale(path: string, stale: LockContent | undefined, token: string): void {
  const aside = join(dirname(path), `${basename(path)}.stale.${token}`);
  try {
    renameSync(path, aside);
  } catch (error) {
    // Another process has removed it.
    if (systemErrorCode(error) === 'ENOENT') return;
    throw storageError(path, error);
  }
  const taken = readLock(aside);
  if (taken !== undefined && taken.token !== stale?.token) {
    // Between the check and the rename a live run had locked the directory: give it back.
    tryLink(aside, path);
  } else if (stale !== undefined && isPrivateDirectory(stale.privateDirectory)) {
    rmSync(stale.privateDirectory, { recursive: true, force: true });
  }
  rmSync(aside, { force: true });
}

/** Undefined when there is none, or one that was torn by a crash. */
function readLock(path: string): LockContent | undefined {
  return readJson(path) as LockContent | undefined;
}

/** Locks that were being taken when their process was killed; those of processes that live are not touched. */
function removeDrafts(state: string): void {
  for (const name of readdirSync(state).filter((entry) => entry.startsWith('lock.json.'))) {
    const owner = readLock(join(state, name))?.owner ?? ownerInName(name);
    if (isGone(owner)) rmSync(join(state, name), { force: true });
  }
}

/** Kills what a killed run has left, and waits for its end: it must not write beside the new run. */
function endLeftOvers(pods: string): void {
  const paths = readdirSync(pods).map((name) => join(pods, name));
  const left = paths
    .map((path) => readJson(path) as ProcessIdentity | undefined)
    .filter((identity) => identity !== undefined)
    .filter(isSameProcess);
  for (const identity of left) signalGroup(identity.pid, 'SIGKILL');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let round = 0; round < 500 && left.some(isSameProcess); round += 1) Atomics.wait(pause, 0, 0, 10);
  for (const path of paths) rmSync(path, { force: true });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    // Absent or torn: both mean that nothing useful is known.
    return undefined;
  }
}
