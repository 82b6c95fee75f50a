/** `wsi`: registers the commands, runs the one that was asked for, turns what it throws into a line and a code. */
import { Command } from 'commander';
import { registerDemo } from './commands/demo.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerPatches } from './commands/patches.ts';
import { registerPredict } from './commands/predict.ts';
import { registerRegion } from './commands/region.ts';
import { registerReport } from './commands/report.ts';
import { registerRun } from './commands/run.ts';
import { registerSynth } from './commands/synth.ts';
import { registerValidate } from './commands/validate.ts';
import { EXIT_CODES_HELP, exitCodeOf } from './exit-codes.ts';
import { errorText } from './print-error.ts';
import { version } from './version.ts';

const EXAMPLES = `
Examples:
  wsi demo                                    the whole of it in a few minutes
  wsi synth --output cohort --slides 64 --width 768 --height 768 --task cooccurrence
  wsi validate job.yaml                       everything that is wrong with it, at once
  wsi run job.yaml --output run1 --workers 2  train; Ctrl-C stops, the same command goes on
  wsi predict --checkpoint run1 slide.svs     score and heatmap of a slide
  wsi inspect slide.svs                       levels, resolution, vendor`;

// A reader that has seen enough (head, less) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  if (error.code !== 'EIO') throw error;
});
// A terminal that is gone must not keep a run from stopping in order.
process.stderr.on('error', () => undefined);

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.stderr.write(errorText(error, process.env['WSI_LOG_LEVEL'] === 'debug'));
  process.exitCode = exitCodeOf(error);
}

function buildProgram(): Command {
  const program = new Command('wsi')
    .description('Trains whole-slide-image models with exact slide-level gradients.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showSuggestionAfterError()
    .showHelpAfterError('(wsi --help lists the commands, wsi COMMAND --help the options of one)')
    .exitOverride()
    .addHelpText('after', `${EXAMPLES}\n\n${EXIT_CODES_HELP}`);
  registerDemo(program);
  registerRun(program);
  registerValidate(program);
  registerSynth(program);
  registerPredict(program);
  registerReport(program);
  registerInspect(program);
  registerRegion(program);
  registerPatches(program);
  return program;
}
