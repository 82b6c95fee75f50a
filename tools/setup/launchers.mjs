// @ts-check
/**
 * Whoever has started this program (npx, npm, sh, timeout, a script) may be killed without a word to it. The rule:
 *
 * - It is asked to stop when a process that started it, and that is of its own process group, is gone. What is started
 *   together is of one group: npx, its shell, the set-up, the program.
 * - What was put in the background goes on: a shell with job control gives it a group of its own (so `&` and `disown`),
 *   `setsid` a session of its own, and under `nohup` nothing is watched and SIGHUP is ignored.
 *
 * Node forgets on its start that SIGHUP is ignored, so nohup is known by the shell script `cli/bin/wsi`, which looks
 * before Node starts, or by the name under which the shell has started it (`_`).
 */
import { readFileSync } from 'node:fs';
import { clearInterval, setInterval } from 'node:timers';

/** @typedef {{ pid: number, born: string }} Launcher `born` distinguishes a process from a later one with the same number */

/** Milliseconds between two checks. */
const INTERVAL = 500;
const DEPTH = 64;

/** The processes of our own group that have started this one, nearest first. Empty where there is no /proc. */
export function launchersOf(pid = process.pid) {
  /** @type {Launcher[]} */
  const found = [];
  const own = readStat(pid);
  for (let next = own?.parent ?? 0; found.length < DEPTH && next > 0;) {
    const stat = readStat(next);
    if (stat === undefined || stat.group !== own?.group) break;
    found.push({ pid: next, born: stat.born });
    next = stat.parent;
  }
  return found;
}

/** Our parent alone, whatever its group. @returns {Launcher[]} */
export function parentOf(pid = process.pid) {
  const parent = readStat(pid)?.parent ?? 0;
  const stat = readStat(parent);
  return stat === undefined ? [] : [{ pid: parent, born: stat.born }];
}

/**
 * Calls `onGone` once when one of them has ended. @param {readonly Launcher[]} launchers @param {() => void} onGone
 * @returns {() => void} ends the watch
 */
export function watchLaunchers(launchers, onGone) {
  if (launchers.length === 0) return () => undefined;
  const timer = setInterval(() => {
    if (launchers.every(({ pid, born }) => readStat(pid)?.born === born)) return;
    clearInterval(timer);
    onGone();
  }, INTERVAL);
  timer.unref();
  return () => clearInterval(timer);
}

/** Whether the user has asked, by nohup, that this goes on without a terminal and without its starter. */
export function isKeptRunning(env = process.env) {
  return env['WSI_NOHUP'] === '1' || /(^|\/)nohup$/.test(env['_'] ?? '');
}

/** @param {number} pid */
function readStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name in parentheses may hold anything.
    const [state, parent, group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended: only its parent has not asked yet.
    if (state === 'Z' || state === 'X') return undefined;
    return { parent: Number(parent), group: Number(group), born: rest[16] ?? '' };
  } catch {
    return undefined;
  }
}
