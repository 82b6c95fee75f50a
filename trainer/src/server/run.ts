/** The parameter server's process. */
import type { Logger } from '@wsi/foundation';
import { parameterServerService, type MethodCallers } from '@wsi/protocol';
import type { RoleConfig } from '../config.ts';
import { openConnections } from '../connections.ts';
import { exitCodes } from '../exit.ts';
import { ParameterServerService } from './service.ts';

/** Workers read parameters and add gradients; all else is the coordinator's. */
const callers: MethodCallers = {
  Configure: ['coordinator'],
  Restore: ['coordinator'],
  Ping: ['coordinator', 'worker'],
  Push: ['coordinator', 'worker'],
  Pull: ['coordinator', 'worker'],
  Commit: ['coordinator'],
  Snapshot: ['coordinator'],
};

export async function runServer(
  config: RoleConfig,
  logger: Logger,
  signal: AbortSignal,
  _hurry: AbortSignal,
): Promise<number> {
  const service = new ParameterServerService(logger);
  const connections = await openConnections(config.tlsDirectory, logger);
  const listening = await connections.listen(config.listen, {
    definition: parameterServerService,
    implementation: service.implementation(),
    callers,
  });
  logger.info({ address: listening.address }, 'parameter server listens');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await listening.close();
  return exitCodes.stopped;
}
