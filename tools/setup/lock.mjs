// @ts-check
/**
 * One set-up at a time works on a cache. The lock is a file that names its holder and the program that the holder
 * runs at the moment. It is stale, and taken over, when neither lives any more: a killed set-up may leave an npm
 * behind that still writes. Holders in another container or on another machine that share the folder can not be
 * checked; for those the lock counts as stale when it has not been touched for a minute.
 *
 * Not the lock of an output directory (operator/src/cluster/local/lock.ts): that one refuses instead of waiting, ends
 * what a dead owner has left running, and never goes by time; and this file runs before any package is installed.
 */
import { randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { readIfThere } from './publish.mjs';

const TOUCH_EVERY_MS = 5_000;
const UNTOUCHED_IS_STALE_MS = 60_000;
const POLL_MS = 200;

/**
 * @typedef {{ pid: number, born: string }} LiveProcess `born` distinguishes a process from a later one with the same number
 * @typedef {{ token: string, place: string, holder: LiveProcess, child: LiveProcess | null }} LockRecord
 * @typedef {{ recordChild(pid: number): void, release(): void }} Lock
 */

/**
 * @param {string} path
 * @param {{ onWait?: (holder: string) => void }} [options]
 * @returns {Promise<Lock>}
 */
export async function acquireLock(path, { onWait } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  /** @type {LockRecord} */
  const record = {
    token: randomBytes(8).toString('hex'),
    place: placeName(),
    holder: { pid: process.pid, born: birthOf(process.pid) },
    child: null,
  };
  let reported = false;
  while (!create(path, record)) {
    if (breakStale(path)) continue;
    if (!reported) onWait?.(describeHolder(path));
    reported = true;
    await delay(POLL_MS);
  }
  return hold(path, record);
}

/** @param {string} path @param {LockRecord} record @returns {Lock} */
function hold(path, record) {
  const timer = setInterval(() => {
    if (isMine(path, record)) utimesSync(path, new Date(), new Date());
  }, TOUCH_EVERY_MS);
  timer.unref();
  return {
    recordChild(pid) {
      record.child = { pid, born: birthOf(pid) };
      replace(path, record);
    },
    release() {
      clearInterval(timer);
      if (isMine(path, record)) rmSync(path, { force: true });
    },
  };
}

/**
 * @param {LockRecord} record
 * @param {{ now: number, touchedAt: number, place: string, isAlive: (process: LiveProcess) => boolean }} observed
 * @returns {boolean}
 */
export function isStale(record, { now, touchedAt, place, isAlive }) {
  if (record.place !== place) return now - touchedAt > UNTOUCHED_IS_STALE_MS;
  return !isAlive(record.holder) && !(record.child !== null && isAlive(record.child));
}

/**
 * Creates the file with its content in one act: a link to a file that is already written.
 * @param {string} path @param {LockRecord} record
 */
function create(path, record) {
  const written = `${path}.${record.token}`;
  writeFileSync(written, JSON.stringify(record));
  try {
    linkSync(written, path);
    return true;
  } catch (fault) {
    if (/** @type {NodeJS.ErrnoException} */ (fault).code === 'EEXIST') return false;
    throw fault;
  } finally {
    rmSync(written, { force: true });
  }
}

/** @param {string} path @param {LockRecord} record */
function replace(path, record) {
  if (!isMine(path, record)) return;
  const written = `${path}.${record.token}`;
  writeFileSync(written, JSON.stringify(record));
  renameSync(written, path);
}

/**
 * Takes a stale lock away. Two that find it stale at once both move "the lock" aside; one of them may then hold the
 * other's new lock in its hands, sees so by the token, and puts it back.
 * @param {string} path
 * @returns {boolean} whether it is worth trying to create the lock again at once
 */
function breakStale(path) {
  const found = readRecord(path);
  if (found === undefined) return true;
  const touchedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (found !== null && !isStale(found, { now: Date.now(), touchedAt, place: placeName(), isAlive }))
    return false;
  const aside = `${path}.stale-${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
    const taken = readRecord(aside);
    if (taken && taken.token !== found?.token) linkSync(aside, path);
  } catch {
    // Somebody else was faster; the next round sees what is there.
  } finally {
    rmSync(aside, { force: true });
  }
  return true;
}

/**
 * @param {string} path
 * @returns {LockRecord | null | undefined} undefined: no lock; null: a file that is no lock
 */
function readRecord(path) {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return /** @type {LockRecord} */ (JSON.parse(text));
  } catch {
    return null;
  }
}

/** @param {string} path @param {LockRecord} record */
function isMine(path, record) {
  return readRecord(path)?.token === record.token;
}

/** @param {string} path */
function describeHolder(path) {
  const record = readRecord(path);
  return record ? `process ${record.holder.pid}` : 'another process';
}

/** Machine and process number space: in a container the same number is another process. */
function placeName() {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** @param {LiveProcess} process */
function isAlive({ pid, born }) {
  try {
    process.kill(pid, 0);
  } catch (fault) {
    if (/** @type {NodeJS.ErrnoException} */ (fault).code !== 'EPERM') return false;
  }
  return birthOf(pid) === born;
}

/**
 * The start time of a process in clock ticks since boot, "" where the system does not provide it (macOS), "dead" of a
 * process that has ended and waits for its parent.
 * @param {number} pid
 */
function birthOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'dead' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
