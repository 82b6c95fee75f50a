// @ts-check
/** `node tools/setup/node-path.mjs` prints the path of the pinned Node; it exits with 1 while that is not fetched yet. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from './cache.mjs';
import { nodeHome } from './node-runtime.mjs';
import { platformOf } from './platform.mjs';
import { asSetupError } from './setup-error.mjs';

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} the pinned Node, whether it is there yet or not
 */
export function pinnedNode(env = process.env) {
  return join(nodeHome(cacheDirectory(env), platformOf()), 'bin', 'node');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const path = pinnedNode();
    process.stdout.write(`${path}\n`);
    if (!existsSync(path)) {
      process.stderr.write('It is not there yet: run node tools/setup/setup.mjs\n');
      process.exitCode = 1;
    }
  } catch (fault) {
    process.stderr.write(`${asSetupError(fault).report()}\n`);
    process.exitCode = 1;
  }
}
