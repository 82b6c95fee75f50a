/** Runs the command that was asked for, and turns what it throws into a line and an exit code. */
import type { Command } from 'commander';
import { keepFilesPrivate } from '@wsi-operator/foundation';
import { isKeptRunning, launchersOf, parentOf, watchLaunchers } from '@wsi-operator/setup/launchers';
import { exitCodeOf } from './exit-codes.ts';
import { errorText } from './print-error.ts';
import { isInterrupted } from './progress/interrupts.ts';
import { version } from './version.ts';
import { outliveReaders, standardError, standardOutput } from './terminal/streams.ts';

/** What every program of this package has: version, help, suggestions. */
export function withHabits(program: Command): Command {
  const name = program.name();
  return program
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showSuggestionAfterError()
    .showHelpAfterError(`(${name} --help lists the commands, ${name} COMMAND --help the options of one)`)
    .configureOutput({ writeOut: standardOutput.write, writeErr: standardError.write })
    .exitOverride();
}

export async function execute(program: Command): Promise<void> {
  outliveReaders();
  printUncaughtErrors();
  stopWithLauncher();
  try {
    keepFilesPrivate();
    await program.parseAsync();
  } catch (error) {
    printError(error);
    process.exitCode = exitCodeOf(error);
  }
}

function printError(error: unknown): void {
  standardError.write(errorText(error, process.env['WSI_LOG_LEVEL'] === 'debug'));
}

/** What is thrown while no command waits for it: Node itself would print it as it is, with what commands the terminal. */
function printUncaughtErrors(): void {
  process.on('uncaughtException', (error) => {
    printError(error);
    process.exit(exitCodeOf(error));
  });
}

/**
 * When what has started this program is gone, it is as if it had asked us to stop: no run goes on that nobody knows of.
 * The set-up, if it has started us, watches those before it. Under nohup nothing is watched.
 */
function stopWithLauncher(): void {
  const { WSI_STARTED_BY: starter } = process.env;
  delete process.env['WSI_STARTED_BY'];
  if (isKeptRunning()) {
    process.on('SIGHUP', () => undefined);
    return;
  }
  const launchers = starter === String(process.ppid) ? parentOf() : launchersOf();
  watchLaunchers(launchers, () => {
    // A second request would end a stop that is under way.
    if (!isInterrupted()) process.kill(process.pid, 'SIGTERM');
  });
}
