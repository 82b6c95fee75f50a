// @ts-check
/** The programs that a machine must have, and what to say when it has not. Everything missing is reported at once. */
import { findProgram } from './command.mjs';
import { SetupError } from './setup-error.mjs';

/** @typedef {'npm' | 'python3' | 'c++' | 'make'} Tool */

/** @type {Record<Tool, { use: string, debian: string, mac: string }>} */
const TOOLS = {
  npm: { use: 'npm (comes with Node)', debian: 'npm', mac: 'brew install node' },
  python3: {
    use: 'Python 3 with pip, to fetch and unpack wheels',
    debian: 'python3 python3-pip',
    mac: 'brew install python',
  },
  'c++': {
    use: 'a C++ compiler, to build the TensorFlow binding',
    debian: 'g++',
    mac: 'xcode-select --install',
  },
  make: { use: 'make, to build the TensorFlow binding', debian: 'make', mac: 'xcode-select --install' },
};

/**
 * The program that a tool's name stands for, as the user's environment chooses it.
 * @param {Tool} tool @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function programOf(tool, env) {
  if (tool === 'c++') return (env['CXX'] ?? '').split(' ')[0] || 'g++';
  if (tool === 'python3') return env['WSI_PYTHON'] || 'python3';
  return tool;
}

/**
 * @param {Iterable<Tool>} tools @param {NodeJS.ProcessEnv} env
 * @param {string} [platform]
 */
export function requireTools(tools, env, platform = process.platform) {
  const missing = [...new Set(tools)].filter((tool) => findProgram(programOf(tool, env), env) === undefined);
  if (missing.length === 0) return;
  const list = missing.map((tool) => `${programOf(tool, env)}: ${TOOLS[tool].use}`).join('; ');
  const remedy =
    platform === 'darwin'
      ? [...new Set(missing.map((tool) => TOOLS[tool].mac))].join(' && ')
      : `apt-get install ${missing.map((tool) => TOOLS[tool].debian).join(' ')}`;
  throw new SetupError(`This machine lacks ${list}.`, `Install it, for example: ${remedy}`);
}
