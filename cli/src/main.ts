/** `wsi`: registers the commands, runs the one that was asked for. */
import { Command } from 'commander';
import { registerClusterCommands } from './commands/cluster.ts';
import { registerCohort } from './commands/cohort/cohort.ts';
import { registerDemo } from './commands/demo.ts';
import { registerEncoder } from './commands/encoder.ts';
import { registerFeatures } from './commands/features.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerPatches } from './commands/patches.ts';
import { registerPredict } from './commands/predict.ts';
import { registerRegion } from './commands/region.ts';
import { registerReport } from './commands/report.ts';
import { registerRun } from './commands/run.ts';
import { registerSimulate } from './commands/simulate.ts';
import { registerSynth } from './commands/synth.ts';
import { registerValidate } from './commands/validate.ts';
import { execute, withHabits } from './execute.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';

const EXAMPLES = `
Examples:
  wsi demo                                    the whole of it in a few minutes
  wsi synth --output cohort --slides 64 --width 768 --height 768 --task cooccurrence
  wsi validate job.yaml                       everything that is wrong with it, at once
  wsi run job.yaml --output run1 --workers 2  train; Ctrl-C stops, the same command goes on
  wsi predict --checkpoint run1 slide.svs     score and heatmap of a slide
  wsi features job.yaml --output features     embeddings of all tiles, as HDF5 files
  wsi inspect slide.svs                       levels, resolution, vendor
  wsi submit job.yaml --follow                train on a Kubernetes cluster`;

await execute(buildProgram());

function buildProgram(): Command {
  const program = withHabits(new Command('wsi'))
    .description('Trains whole-slide-image models with exact slide-level gradients.')
    .addHelpText('after', `${EXAMPLES}\n\n${EXIT_CODES_HELP}`);
  registerDemo(program);
  registerRun(program);
  registerValidate(program);
  registerSynth(program);
  registerCohort(program);
  registerEncoder(program);
  registerPredict(program);
  registerFeatures(program);
  registerReport(program);
  registerInspect(program);
  registerRegion(program);
  registerPatches(program);
  registerSimulate(program);
  registerClusterCommands(program);
  return program;
}
