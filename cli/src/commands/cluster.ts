/** The commands for jobs of a cluster: the same in `wsi` and in `kubectl wsi`. */
import type { Command } from 'commander';
import { registerCancel } from './cancel.ts';
import { registerDescribe } from './describe.ts';
import { registerExplain } from './explain.ts';
import { registerLogs } from './logs.ts';
import { registerResults } from './results.ts';
import { registerStatus } from './status.ts';
import { registerSubmit } from './submit.ts';
import { registerSuspend } from './suspend.ts';

export function registerClusterCommands(program: Command): void {
  registerSubmit(program);
  registerStatus(program);
  registerLogs(program);
  registerDescribe(program);
  registerExplain(program);
  registerResults(program);
  registerSuspend(program);
  registerCancel(program);
}
