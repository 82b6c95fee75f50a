/** A role from its start to its end. */
import { createLogger } from '@wsi/foundation';
import { requireLittleEndian } from '@wsi/protocol';
import { readRoleConfig, roles, type Role } from './config.ts';
import { exitCodes, reportFailure } from './exit.ts';
import { exitWithParent } from './parent-pipe.ts';

/** @returns the exit code */
export async function runRole(
  role: string | undefined,
  onSignal: (heard: (signal: NodeJS.Signals) => void) => void,
): Promise<number> {
  if (!isRole(role)) {
    process.stderr.write(`usage: trainer ${roles.join('|')}\n`);
    return exitCodes.input;
  }
  const logger = createLogger({
    job: process.env['WSI_JOB_NAME'] ?? '',
    role,
    replica: Number(process.env['WSI_REPLICA'] ?? 0),
  });
  const stop = new AbortController();
  const hurry = new AbortController();
  onSignal((signal) => {
    logger.info({ signal }, 'stopping');
    // Whoever asks twice does not want to wait. (A coordinator writes its checkpoint all the same.)
    if (stop.signal.aborted) hurry.abort();
    stop.abort();
  });
  exitWithParent(logger, () => process.exit(exitCodes.failed));
  try {
    requireLittleEndian();
    const config = readRoleConfig(role, process.env);
    // Loaded on demand: only a worker loads TensorFlow.
    switch (role) {
      case 'coordinator':
        return await (await import('./coordinator/run.ts')).runCoordinator(config, logger, stop.signal);
      case 'server':
        return await (await import('./server/run.ts')).runServer(config, logger, stop.signal, hurry.signal);
      case 'worker':
        return await (await import('./worker/run.ts')).runWorker(config, logger, stop.signal, hurry.signal);
    }
  } catch (error) {
    return reportFailure(error, logger);
  }
}

function isRole(text: string | undefined): text is Role {
  return roles.some((known) => known === text);
}
