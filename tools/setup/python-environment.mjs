// @ts-check
/**
 * Python environments for the tests' reference implementations and for the benchmarks' competitors; the product itself
 * never runs Python. An environment is made under a temporary name and renamed, so only its `bin/python` is used:
 * scripts that pip writes name the old path.
 */
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonDirectory } from './cache.mjs';
import { run } from './command.mjs';
import { publishDirectory, readIfThere } from './publish.mjs';
import { programOf } from './required-tools.mjs';
import { SetupError } from './setup-error.mjs';
import { OLDEST_REFERENCE_PYTHON } from './versions.mjs';

/**
 * @typedef {import('./setup-step.mjs').Context} Context
 * @typedef {'python-reference' | 'python-bench'} PythonLevel
 */

const HERE = dirname(fileURLToPath(import.meta.url));
/** The pip that can install into an environment that has no pip of its own. */
const OLDEST_OUTSIDE_PIP = /** @type {const} */ ([22, 3]);

/** @type {Record<PythonLevel, { files: readonly string[], diskBytes: number, name: string }>} */
const LEVELS = {
  'python-reference': {
    // The store and h5py are only for tests: the benchmarks' environment, which is far larger, does without.
    files: ['python-requirements.txt', 'python-store-requirements.txt', 'python-features-requirements.txt'],
    diskBytes: 0.7e9,
    name: 'Python reference environment',
  },
  'python-bench': {
    files: ['python-requirements.txt', 'python-bench-requirements.txt'],
    diskBytes: 12e9,
    name: 'Python benchmark environment (several gigabytes)',
  },
};

/** @returns {readonly PythonLevel[]} */
export function pythonLevels() {
  return /** @type {PythonLevel[]} */ (Object.keys(LEVELS));
}

/** @param {Context} context @param {PythonLevel} level */
function environmentDirectory({ cache, platform }, level) {
  const contents = LEVELS[level].files.map((file) => readFileSync(join(HERE, file), 'utf8'));
  return pythonDirectory(cache, platform, level, contents);
}

/**
 * @param {Context} context @param {PythonLevel} level
 * @returns {string | undefined} the environment's Python, when the environment is there and its interpreter unchanged
 */
export function environmentPython(context, level) {
  const directory = environmentDirectory(context, level);
  const python = join(directory, 'bin', 'python');
  const interpreter = readIfThere(join(directory, 'interpreter'));
  return interpreter !== undefined && existsSync(python) && realpathSync(python) === interpreter
    ? python
    : undefined;
}

/**
 * @param {Context} context @param {PythonLevel} level
 * @returns {import('./setup-step.mjs').Step}
 */
export function pythonStep(context, level) {
  const { files, diskBytes, name } = LEVELS[level];
  return {
    name,
    isDone: () => environmentPython(context, level) !== undefined,
    tools: () => ['python3'],
    diskBytes,
    async perform() {
      const directory = environmentDirectory(context, level);
      rmSync(directory, { recursive: true, force: true });
      await publishDirectory(directory, (temporary) => createEnvironment(context, temporary, files));
    },
  };
}

/** @param {Context} context @param {string} directory @param {readonly string[]} files */
async function createEnvironment(context, directory, files) {
  const host = programOf('python3', context.env);
  const [python, pip] = await versionsOf(context, host);
  if (isOlder(python, OLDEST_REFERENCE_PYTHON)) {
    throw new SetupError(
      `Python is ${python.join('.')}; the reference packages need ${OLDEST_REFERENCE_PYTHON.join('.')} or newer.`,
      'Install a newer Python and name it: WSI_PYTHON=/path/to/python3.12',
    );
  }
  const withoutOwnPip = pip !== undefined && !isOlder(pip, OLDEST_OUTSIDE_PIP);
  await runPython(context, host, {
    args: ['-m', 'venv', ...(withoutOwnPip ? ['--without-pip'] : []), directory],
    what: 'python3 -m venv',
    remedy: 'Python lacks the parts that make environments: apt-get install python3-venv python3-pip',
  });
  const environment = join(directory, 'bin', 'python');
  const target = withoutOwnPip ? ['-m', 'pip', '--python', environment] : ['-m', 'pip'];
  await runPython(context, withoutOwnPip ? host : environment, {
    args: [...target, ...installArguments(files)],
    what: 'pip install of the reference packages',
    remedy: `See what pip says; Python ${python.join('.')} may be too new for the versions in setup/${files[0]}.`,
  });
  writeFileSync(join(directory, 'interpreter'), realpathSync(environment));
}

/** @param {readonly string[]} files */
export function installArguments(files) {
  return [
    ...[
      'install',
      '--no-deps',
      '--require-hashes',
      '--only-binary',
      ':all:',
      '--disable-pip-version-check',
      '--no-cache-dir',
      '--progress-bar',
      'off',
    ],
    ...files.flatMap((file) => ['--requirement', join(HERE, file)]),
  ];
}

/**
 * @param {Context} context @param {string} host
 * @returns {Promise<[number[], number[] | undefined]>} Python's version and pip's, undefined where there is no pip
 */
async function versionsOf(context, host) {
  const script = `
import sys
print('python', *sys.version_info[:2])
try:
    import pip
    print('pip', *pip.__version__.split('.')[:2])
except ImportError:
    pass
`;
  const answer = await runPython(context, host, {
    args: ['-c', script],
    what: host,
    remedy: 'Python 3 does not run: apt-get install python3 python3-venv python3-pip',
  });
  const numbers = (/** @type {string} */ name) =>
    new RegExp(`^${name} (\\d+) (\\d+)`, 'm').exec(answer)?.slice(1).map(Number);
  return [numbers('python') ?? [0, 0], numbers('pip')];
}

/** @param {readonly number[]} version @param {readonly [number, number]} oldest */
export function isOlder([major = 0, minor = 0], [oldestMajor, oldestMinor]) {
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/**
 * Without PYTHONPATH and PYTHONHOME, which would let packages of another environment in.
 * @param {Context} context @param {string} file
 * @param {{ args: readonly string[], what: string, remedy: string }} command
 */
function runPython(context, file, command) {
  const env = { ...context.env, PYTHONPATH: undefined, PYTHONHOME: undefined };
  return run({ ...command, file, env, onStart: context.onStart });
}
