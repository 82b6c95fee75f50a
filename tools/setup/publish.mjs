// @ts-check
/**
 * Nothing half-made is ever seen under its final name: a folder or file is made under a temporary name beside it and
 * renamed. What an interrupted set-up leaves behind is removed by the next one, which holds the lock.
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './setup-error.mjs';

const PARTIAL = '.partial-';

/** @param {string} target */
function temporaryName(target) {
  return `${target}${PARTIAL}${process.pid}-${randomBytes(4).toString('hex')}`;
}

/**
 * @param {string} target
 * @param {(directory: string) => Promise<void>} fill
 */
export async function publishDirectory(target, fill) {
  if (existsSync(target)) return;
  const temporary = temporaryName(target);
  mkdirSync(temporary, { recursive: true });
  try {
    await fill(temporary);
    if (!existsSync(target)) renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param {string} target @param {string | Buffer} content */
export function publishFile(target, content) {
  mkdirSync(dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * A symbolic link, in place of whatever has that name.
 * @param {string} target @param {string} pointsTo
 */
export function publishLink(target, pointsTo) {
  mkdirSync(dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  symlinkSync(pointsTo, temporary);
  const old = lstatSync(target, { throwIfNoEntry: false });
  if (old?.isDirectory()) rmSync(target, { recursive: true, force: true });
  renameSync(temporary, target);
}

/** @param {string} path @returns {string | undefined} what a symbolic link points to; undefined for anything else */
export function linkTarget(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
}

/** @param {string} path @returns {string | undefined} */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    if (/** @type {NodeJS.ErrnoException} */ (fault).code === 'ENOENT') return undefined;
    throw fault;
  }
}

/**
 * Removes the unfinished entries of the cache's sections. Only for the holder of the lock.
 * @param {string} cache
 * @returns {number} how many there were
 */
export function removeUnfinished(cache) {
  let removed = 0;
  for (const section of entries(cache)) {
    if (!section.isDirectory()) continue;
    for (const entry of entries(join(cache, section.name))) {
      if (!entry.name.includes(PARTIAL)) continue;
      rmSync(join(cache, section.name, entry.name), { recursive: true, force: true });
      removed += 1;
    }
  }
  return removed;
}

/** @param {string} directory */
function entries(directory) {
  return existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
}

/**
 * A full disk is reported before a download rather than in the middle of one.
 * @param {string} directory @param {number} bytes @param {string} what
 * @param {(path: string) => { bavail: number, bsize: number }} [statfs]
 */
export function requireSpace(directory, bytes, what, statfs = statfsSync) {
  mkdirSync(directory, { recursive: true });
  const { bavail, bsize } = statfs(directory);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const inGigabytes = (/** @type {number} */ size) => (size / 1e9).toFixed(1);
  throw new SetupError(
    `${what} needs ${inGigabytes(bytes)} GB of disk at ${directory}, and ${inGigabytes(free)} GB are free.`,
    'Free some space, or put the cache elsewhere with WSI_CACHE=/path.',
  );
}
