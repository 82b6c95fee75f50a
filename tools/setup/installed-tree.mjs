// @ts-check
/**
 * Compares what npm has put under node_modules with package-lock.json. After an `npm install` of a new dependency the
 * two agree already, and nothing has to be installed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere } from './publish.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, resolved?: string, optional?: boolean,
 *   devOptional?: boolean, peer?: boolean }} LockedPackage
 * @typedef {{ packages?: Record<string, LockedPackage & { [kind: string]: unknown }> }} Lock
 * @typedef {Record<string, unknown>} Manifest
 */

const DEPENDENCY_KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/**
 * @param {string} root
 * @returns {boolean} whether what is installed is what the lock file says
 */
export function treeMatchesLock(root) {
  const lock = readLock(join(root, 'package-lock.json'));
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  const installed = readLock(installedFile);
  return (
    existsSync(installedFile) &&
    samePackages(lock, installed) &&
    inNodeModules(installed).every(([path]) => existsSync(join(root, path, 'package.json')))
  );
}

/**
 * @param {string} root
 * @param {Record<string, Manifest>} manifests by folder relative to the root, "" for the root itself
 * @returns {boolean} whether the lock file was made from these manifests
 */
export function lockDescribes(root, manifests) {
  const lock = readLock(join(root, 'package-lock.json'));
  return Object.entries(manifests).every(([folder, manifest]) => {
    const locked = lock.packages?.[folder];
    return locked !== undefined && DEPENDENCY_KINDS.every((kind) => sameRanges(manifest[kind], locked[kind]));
  });
}

/** @param {string} file @returns {Lock} */
function readLock(file) {
  return /** @type {Lock} */ (JSON.parse(readIfThere(file) ?? '{}'));
}

/** @param {unknown} one @param {unknown} other */
function sameRanges(one, other) {
  const sorted = (/** @type {unknown} */ ranges) => JSON.stringify(Object.entries(ranges ?? {}).sort());
  return sorted(one) === sorted(other);
}

/** @param {Lock} lock @param {Lock} installed */
function samePackages(lock, installed) {
  const there = new Map(inNodeModules(installed));
  const wanted = new Map(inNodeModules(lock));
  const allWanted = [...there.keys()].every((path) => wanted.has(path));
  return allWanted && [...wanted].every(([path, entry]) => samePackage(entry, there.get(path)));
}

/** @param {LockedPackage} wanted @param {LockedPackage | undefined} there */
function samePackage(wanted, there) {
  if (there === undefined) return Boolean(wanted.optional || wanted.devOptional || wanted.peer);
  return (
    wanted.version === there.version &&
    wanted.integrity === there.integrity &&
    Boolean(wanted.link) === Boolean(there.link) &&
    (!wanted.link || wanted.resolved === there.resolved)
  );
}

/** @param {Lock} lock */
function inNodeModules(lock) {
  return Object.entries(lock.packages ?? {}).filter(([path]) => /(^|\/)node_modules\//.test(path));
}
