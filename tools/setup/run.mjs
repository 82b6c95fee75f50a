// @ts-check
/**
 * `node tools/setup/run.mjs [--with python-reference] [--with python-bench] -- PROGRAM [ARGUMENT...]`: the way every npm
 * script starts. Sets up what is missing, silently when nothing is, then runs the program with the pinned Node and the
 * project's own programs first on PATH, hands signals on, and ends as the program ends. When what has started it is gone,
 * it asks the program to stop (see launchers.mjs).
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { endOnSignals, exitCodeOf, findProgram, withPath } from './command.mjs';
import { isKeptRunning, launchersOf, watchLaunchers } from './launchers.mjs';
import { performSetup } from './perform-setup.mjs';
import { pythonLevels } from './python-environment.mjs';
import { parseRunArguments } from './run-arguments.mjs';
import { SetupError, asSetupError } from './setup-error.mjs';

const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']);
const keptRunning = isKeptRunning();
if (keptRunning) process.on('SIGHUP', () => undefined);
// From before the set-up on, which may take minutes.
const stopWatching = keptRunning
  ? () => undefined
  : watchLaunchers(launchersOf(), () => process.kill(process.pid, 'SIGTERM'));
const print = (/** @type {string} */ line) => process.stderr.write(`set-up: ${line}\n`);

try {
  const { levels, command } = parseRunArguments(process.argv.slice(2), pythonLevels());
  const stop = endOnSignals();
  const { context, facts } = await performSetup({ levels, say: print });
  stop();
  const first = [dirname(/** @type {string} */ (facts.node)), join(context.root, 'node_modules', '.bin')];
  // Half of the start of a program of ours is compiling what the one before it has compiled, and a run has many.
  const compiled = { NODE_COMPILE_CACHE: join(context.cache, 'compiled'), ...process.env };
  const started = { WSI_STARTED_BY: String(process.pid), ...(keptRunning ? { WSI_NOHUP: '1' } : {}) };
  process.exitCode = await execute(command, withPath({ ...compiled, ...started }, first));
} catch (fault) {
  print(asSetupError(fault).report());
  process.exitCode = 1;
}

/**
 * @param {readonly string[]} command @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} the exit code
 */
async function execute([name = '', ...args], env) {
  const file = findProgram(name, env);
  if (file === undefined)
    throw new SetupError(`There is no program ${name}.`, 'Neither on PATH nor in node_modules/.bin.');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: 'inherit' });
    for (const signal of FORWARDED) {
      if (signal === 'SIGHUP' && keptRunning) continue;
      process.on(signal, () => {
        // Who started us may go now: the program has the signal already, and twice would mean "at once" to many programs.
        stopWatching();
        // Ctrl-C in a terminal reaches the program without help.
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}
