// @ts-check
import { SetupError } from './setup-error.mjs';

/** @typedef {import('./versions.mjs').Platform} Platform */

const PLATFORMS = /** @type {readonly string[]} */ ([
  'linux-x64',
  'linux-arm64',
  'darwin-arm64',
  'darwin-x64',
]);
/** The C library that the wheels are built for (their tags say manylinux_2_28 and older). */
const OLDEST_GLIBC = /** @type {const} */ ([2, 28]);

/**
 * @param {{ platform: string, arch: string }} [machine]
 * @returns {Platform}
 */
export function platformOf({ platform, arch } = process) {
  const name = `${platform}-${arch}`;
  if (PLATFORMS.includes(name)) return /** @type {Platform} */ (name);
  throw new SetupError(
    `This machine is ${name}; the set-up knows ${PLATFORMS.join(', ')}.`,
    platform === 'win32'
      ? 'Use WSL 2, or the container image.'
      : 'Use the container image on a machine of those kinds.',
  );
}

/**
 * Prebuilt libraries need the GNU C library: an Alpine machine has another one, and an old distribution an old one.
 * @param {Platform} platform
 * @param {string | null} glibc as Node reports it; null where the C library is another one
 */
export function requireGnuLibc(platform, glibc = glibcVersion()) {
  if (!platform.startsWith('linux-')) return;
  if (glibc === null) {
    throw new SetupError(
      'This Linux has no GNU C library (Alpine has musl), and TensorFlow and Node are built for the GNU one.',
      'Use a glibc distribution (Debian 12, Ubuntu 22.04 or newer), or a container image based on one.',
    );
  }
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  if (major < OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor < OLDEST_GLIBC[1])) {
    throw new SetupError(
      `The GNU C library here is ${glibc}; TensorFlow and OpenSlide need ${OLDEST_GLIBC.join('.')} or newer.`,
      'Use a newer distribution (Debian 12, Ubuntu 22.04 or newer), or a container image based on one.',
    );
  }
}

/** @returns {string | null} */
function glibcVersion() {
  if (process.platform !== 'linux') return null;
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header?.glibcVersionRuntime ?? null;
}
