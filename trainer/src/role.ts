/** A role from its start to its end. */
import { createLogger, detailsOf, keepFilesPrivate, knownWord } from '@wsi-operator/foundation';
import { requireLittleEndian } from '@wsi-operator/protocol';
import { ROLES, type Role } from '@wsi-operator/api';
import { readRoleConfig } from './config.ts';
import { DETAILS_FILE, exitCodes, outputFile, reportFailure } from './exit.ts';
import { exitWithParent } from './parent-pipe.ts';

/** @returns the exit code */
export async function runRole(
  role: string | undefined,
  onSignal: (heard: (signal: NodeJS.Signals) => void) => void,
): Promise<number> {
  if (!isRole(role)) {
    process.stderr.write(`usage: trainer ${ROLES.join('|')}\n`);
    return exitCodes.input;
  }
  const logger = createLogger(
    {
      job: process.env['WSI_JOB_NAME'] ?? '',
      role,
      replica: Number(process.env['WSI_REPLICA'] ?? 0),
    },
    { details: detailsOf(process.env), detailsFile: outputFile(DETAILS_FILE) },
  );
  // Node would print the message of what nobody caught, and the line of the program.
  process.on('uncaughtException', (error) => {
    void reportFailure(error, logger).finally(() => process.exit(exitCodes.failed));
  });
  const stop = new AbortController();
  const hurry = new AbortController();
  onSignal((signal) => {
    logger.info({ signal: knownWord(signal) }, 'stopping');
    // Whoever asks twice does not want to wait. (A coordinator writes its checkpoint all the same.)
    if (stop.signal.aborted) hurry.abort();
    stop.abort();
  });
  exitWithParent(logger, () => process.exit(exitCodes.failed));
  try {
    keepFilesPrivate();
    requireLittleEndian();
    const config = readRoleConfig(role, process.env);
    // Loaded on demand: only a worker loads TensorFlow.
    switch (role) {
      case 'coordinator':
        return await (
          await import('./coordinator/run/coordinator.ts')
        ).runCoordinator(config, logger, stop.signal);
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
  return ROLES.some((known) => known === text);
}
