/** `kubectl wsi`: the commands for jobs of a cluster, for kubectl, which runs `kubectl-wsi` for them. */
import { Command } from 'commander';
import { registerClusterCommands } from './commands/cluster.ts';
import { registerValidate } from './commands/validate.ts';
import { execute, withHabits } from './execute.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';

const EXAMPLES = `
Examples:
  kubectl wsi submit job.yaml --follow
  kubectl wsi status
  kubectl wsi logs demo -f`;

const program = withHabits(new Command('kubectl wsi'))
  .description('Jobs that train whole-slide-image models, in a Kubernetes cluster.')
  .addHelpText('after', `${EXAMPLES}\n\n${EXIT_CODES_HELP}`);
registerClusterCommands(program);
registerValidate(program);
await execute(program);
