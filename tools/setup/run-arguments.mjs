// @ts-check
import { SetupError } from './setup-error.mjs';

const USAGE =
  'node tools/setup/run.mjs [--with python-reference] [--with python-bench] -- PROGRAM [ARGUMENT...]';

/**
 * @template {string} Level
 * @param {readonly string[]} args
 * @param {readonly Level[]} known
 * @returns {{ levels: Level[], command: string[] }}
 */
export function parseRunArguments(args, known) {
  const separator = args.indexOf('--');
  const options = separator < 0 ? args : args.slice(0, separator);
  const command = separator < 0 ? [] : args.slice(separator + 1);
  if (command.length === 0) throw new SetupError('There is no program to run.', USAGE);
  /** @type {Level[]} */
  const levels = [];
  for (let at = 0; at < options.length; at += 2) {
    const level = known.find((name) => name === options[at + 1]);
    if (options[at] !== '--with' || level === undefined) {
      throw new SetupError(`Not understood: ${options.slice(at, at + 2).join(' ')}`, USAGE);
    }
    levels.push(level);
  }
  return { levels, command };
}
