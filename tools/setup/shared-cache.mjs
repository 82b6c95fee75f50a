// @ts-check
/** The set-up's cache for other programs: keyed entries that are whole or not there, filled by one process at a time. */
export { cacheDirectory, digest } from './cache.mjs';
export { acquireLock } from './lock.mjs';
export { publishDirectory, removeUnfinished } from './publish.mjs';
