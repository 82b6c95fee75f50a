// @ts-check
/** Runs a program of the set-up: its output is kept for the report of a fault instead of flooding the terminal. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';
import { SetupError, remedyFor } from './setup-error.mjs';

/** Lines of a failed program's output that are shown: npm says at its first lines what went wrong, a compiler at its last. */
const FIRST_LINES = 8;
const LAST_LINES = 12;
/** Bytes of output that are kept; a compiler can write a lot. */
const OUTPUT_LIMIT = 1 << 20;

/**
 * Settings of npm that a script run by npm inherits, and that would bend the npm or node-gyp that the set-up runs.
 * The registry, the proxy and the user's own settings are left as they are.
 */
const BENDING_NPM_SETTING =
  /^npm_config_(local_prefix|prefix|global|global_prefix|workspaces?|include_workspace_root|dry_run|omit|include|only|production|package_lock|package_lock_only|json|nodedir|ignore_scripts)$/i;

/** npm's own patience with a missing network is over a minute, in silence. */
export const NPM_PATIENCE = [
  '--fetch-retries=3',
  '--fetch-retry-mintimeout=2000',
  '--fetch-retry-maxtimeout=10000',
];

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * @typedef {object} Command
 * @property {string} file
 * @property {readonly string[]} args
 * @property {string} what for the message when it fails: "npm install"
 * @property {string} remedy for the message when nothing better is known
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(pid: number) => void} [onStart]
 */

/**
 * @param {Command} command
 * @returns {Promise<string>} what the program wrote
 */
export async function run({ file, args, what, remedy, cwd, env = process.env, onStart }) {
  const { output, ending } = await new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: withoutBendingSettings(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let kept = '';
    const keep = (/** @type {Buffer} */ chunk) => (kept = (kept + chunk.toString()).slice(-OUTPUT_LIMIT));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (fault) => {
      running.delete(child);
      reject(fault);
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ output: kept, ending: signal ?? code ?? 'unknown' });
    });
    if (child.pid !== undefined) onStart?.(child.pid);
  }).catch((/** @type {NodeJS.ErrnoException} */ fault) => {
    throw new SetupError(
      `${what} could not be started: ${fault.message}`,
      remedyFor(String(fault)) ?? remedy,
      {
        cause: fault,
      },
    );
  });
  if (ending === 0) return output;
  const cause = typeof ending === 'number' ? `exit code ${ending}` : `signal ${ending}`;
  throw new SetupError(`${what} failed (${cause}).`, remedyFor(output) ?? remedy, {
    evidence: evidenceOf(output),
  });
}

/**
 * Ends what runs, and this program after it, when the user or the system asks for it. The lock is left as it is: the
 * next set-up takes it over as soon as the ended programs are really gone, and removes what they left half-made.
 * @returns {() => void} stops doing so
 */
export function endOnSignals() {
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  const end = (/** @type {NodeJS.Signals} */ signal) => {
    for (const child of running) child.kill(signal);
    process.stderr.write('set-up: interrupted; the same command goes on from here\n');
    process.exit(exitCodeOf(null, signal));
  };
  for (const signal of signals) process.once(signal, end);
  return () => signals.forEach((signal) => process.removeListener(signal, end));
}

/**
 * The exit code that a shell gives for how a program ended.
 * @param {number | null} code @param {NodeJS.Signals | null} signal
 */
export function exitCodeOf(code, signal) {
  return signal === null ? (code ?? 1) : 128 + (osConstants.signals[signal] ?? 0);
}

/** @param {NodeJS.ProcessEnv} env @returns {NodeJS.ProcessEnv} */
export function withoutBendingSettings(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !BENDING_NPM_SETTING.test(name)));
}

/** @param {string} output */
export function evidenceOf(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/^npm warn/i.test(line));
  if (lines.length <= FIRST_LINES + LAST_LINES) return lines.join('\n');
  return [...lines.slice(0, FIRST_LINES), '...', ...lines.slice(-LAST_LINES)].join('\n');
}

/**
 * The PATH under which everything of the project runs: the pinned Node, then the project's own programs.
 * @param {NodeJS.ProcessEnv} env
 * @param {readonly string[]} first
 * @returns {NodeJS.ProcessEnv}
 */
export function withPath(env, first) {
  return { ...env, PATH: [...first, env['PATH'] ?? ''].join(delimiter) };
}

/**
 * @param {string} name a program's name, or a path to it
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findProgram(name, env) {
  if (name.includes('/')) return isProgram(name) ? name : undefined;
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isProgram);
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
