// @ts-check
/**
 * Takes chosen files out of a zip archive (a Python wheel is one) without unpacking the rest. Python does it, which the
 * set-up needs anyway to fetch wheels; see zip-archive.py.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.mjs';
import { programOf } from './required-tools.mjs';

const PROGRAM = fileURLToPath(new URL('zip-archive.py', import.meta.url));

/**
 * @param {Pick<import('./setup-step.mjs').Context, 'env' | 'onStart'>} context
 * @param {string} archive
 * @param {string} destination
 * @param {(name: string) => string | undefined} place where in the destination a file goes; undefined: nowhere
 * @returns {Promise<string[]>} the files written, relative to the destination
 */
export async function extract({ env, onStart }, archive, destination, place) {
  const python = (/** @type {string[]} */ ...args) =>
    run({
      file: programOf('python3', env),
      args: ['-I', PROGRAM, ...args],
      what: `Unpacking ${archive}`,
      remedy: 'Run the same command again; if that does not help, delete the archive first.',
      env,
      onStart,
    });
  // Files and not pipes: the names of a large wheel are more text than is kept of a program's output.
  const scratch = mkdtempSync(join(dirname(archive), 'names-'));
  try {
    const [list, chosen] = [join(scratch, 'names.json'), join(scratch, 'targets.json')];
    await python('names', archive, list);
    const names = /** @type {string[]} */ (JSON.parse(readFileSync(list, 'utf8')));
    /** @type {Map<string, string>} */
    const targets = new Map();
    for (const name of names) {
      const target = place(name);
      if (target !== undefined) targets.set(name, target);
    }
    writeFileSync(chosen, JSON.stringify(Object.fromEntries(targets)));
    await python('take', archive, chosen, destination);
    return [...targets.values()];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
