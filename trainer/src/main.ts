/** Entry point of every role: `node trainer/src/main.ts coordinator|server|worker`, configured by the environment. */
import { createLogger } from '@wsi/foundation';
import { requireLittleEndian } from '@wsi/protocol';
import { readRoleConfig, roles, type Role } from './config.ts';
import { exitCodes, reportFailure } from './exit.ts';
import { exitWithParent } from './parent-pipe.ts';

const role = process.argv[2];
if (!isRole(role)) {
  process.stderr.write(`usage: trainer ${roles.join('|')}\n`);
  process.exit(exitCodes.input);
}
const logger = createLogger({
  job: process.env['WSI_JOB_NAME'] ?? '',
  role,
  replica: Number(process.env['WSI_REPLICA'] ?? 0),
});
const stop = new AbortController();
const hurry = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    logger.info({ signal }, 'stopping');
    // Whoever asks twice does not want to wait. (A coordinator writes its checkpoint all the same.)
    if (stop.signal.aborted) hurry.abort();
    stop.abort();
  });
}
exitWithParent(logger, () => process.exit(exitCodes.failed));
try {
  requireLittleEndian();
  const config = readRoleConfig(role, process.env);
  process.exitCode = await start(role)(config, logger, stop.signal, hurry.signal);
} catch (error) {
  process.exitCode = await reportFailure(error, logger);
}
// Open handles of a role that is done (sockets of peers that died, TensorFlow's threads) must not keep it alive.
process.exit();

type Start = (
  config: ReturnType<typeof readRoleConfig>,
  log: typeof logger,
  signal: AbortSignal,
  hurried: AbortSignal,
) => Promise<number>;

function start(of: Role): Start {
  return async (config, log, signal, hurried) => {
    // Loaded on demand: only a worker loads TensorFlow.
    switch (of) {
      case 'coordinator':
        return (await import('./coordinator/run.ts')).runCoordinator(config, log, signal);
      case 'server':
        return (await import('./server/run.ts')).runServer(config, log, signal, hurried);
      case 'worker':
        return (await import('./worker/run.ts')).runWorker(config, log, signal, hurried);
    }
  };
}

function isRole(text: string | undefined): text is Role {
  return roles.some((known) => known === text);
}
