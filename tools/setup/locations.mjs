// @ts-check
/** Where the set-up has put what programs need. `readSetup()` works from any folder: it goes by its own place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./locations.d.mts').Setup} Setup */

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** @param {string} [root] the repository */
export function setupFile(root = ROOT) {
  return join(root, 'node_modules', '.wsi-setup.json');
}

/**
 * What is not set up is null. The environment has the last word: WSI_OPENSLIDE_LIBRARY names another libopenslide.
 * @param {{ root?: string, env?: NodeJS.ProcessEnv }} [where]
 * @returns {Setup}
 */
export function readSetup({ root = ROOT, env = process.env } = {}) {
  const setup = { ...NOT_SET_UP, ...readFacts(setupFile(root)) };
  return { ...setup, openslideLibrary: env['WSI_OPENSLIDE_LIBRARY'] || setup.openslideLibrary };
}

/** @type {Setup} */
const NOT_SET_UP = {
  node: null,
  nodeVersion: null,
  tensorflowVariant: null,
  tensorflowVersion: null,
  openslideLibrary: null,
  pythonReference: null,
  pythonBench: null,
};

/** @param {string} file @returns {Partial<Setup>} */
function readFacts(file) {
  try {
    return /** @type {Partial<Setup>} */ (JSON.parse(readFileSync(file, 'utf8')));
  } catch (fault) {
    if (/** @type {NodeJS.ErrnoException} */ (fault).code === 'ENOENT') return {};
    throw new Error(`${file} is broken: delete it and run node tools/setup/setup.mjs`, { cause: fault });
  }
}
