/** Runs the command that was asked for, and turns what it throws into a line and an exit code. */
import type { Command } from 'commander';
import { exitCodeOf } from './exit-codes.ts';
import { errorText } from './print-error.ts';
import { version } from './version.ts';

/** What every program of this package has: version, help, suggestions. */
export function withHabits(program: Command): Command {
  const name = program.name();
  return program
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showSuggestionAfterError()
    .showHelpAfterError(`(${name} --help lists the commands, ${name} COMMAND --help the options of one)`)
    .exitOverride();
}

export async function execute(program: Command): Promise<void> {
  // A reader that has seen enough (head, less) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    if (error.code !== 'EIO') throw error;
  });
  // A terminal that is gone must not keep a run from stopping in order.
  process.stderr.on('error', () => undefined);
  try {
    await program.parseAsync();
  } catch (error) {
    process.stderr.write(errorText(error, process.env['WSI_LOG_LEVEL'] === 'debug'));
    process.exitCode = exitCodeOf(error);
  }
}
