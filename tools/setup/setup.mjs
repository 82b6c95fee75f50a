// @ts-check
/**
 * `node tools/setup/setup.mjs [--python-reference] [--python-bench]`: makes a fresh machine ready, or finds that it is.
 * Settings, all from the environment: WSI_CACHE, WSI_TENSORFLOW=cpu|gpu|none, WSI_OPENSLIDE_LIBRARY, WSI_PYTHON, CXX.
 */
import { endOnSignals } from './command.mjs';
import { performSetup } from './perform-setup.mjs';
import { pythonLevels } from './python-environment.mjs';
import { SetupError, asSetupError } from './setup-error.mjs';

/** @param {readonly string[]} args */
function levelsOf(args) {
  const known = pythonLevels();
  const unknown = args.find((arg) => !known.some((level) => arg === `--${level}`));
  if (unknown !== undefined) {
    throw new SetupError(
      `The set-up does not know ${unknown}.`,
      `It knows ${known.map((level) => `--${level}`).join(' and ')}.`,
    );
  }
  return known.filter((level) => args.includes(`--${level}`));
}

const started = Date.now();
const print = (/** @type {string} */ line) => process.stderr.write(`set-up: ${line}\n`);
endOnSignals();
try {
  const { facts, performed } = await performSetup({ levels: levelsOf(process.argv.slice(2)), say: print });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  print(performed.length === 0 ? 'nothing to do' : `done in ${seconds} s`);
  process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
} catch (fault) {
  print(asSetupError(fault).report());
  process.exitCode = 1;
}
