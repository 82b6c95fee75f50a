/** The parameter server's process. */
import type { Logger } from '@wsi/foundation';
import { listen, parameterServerService } from '@wsi/protocol';
import type { RoleConfig } from '../config.ts';
import { exitCodes } from '../exit.ts';
import { ParameterServerService } from './service.ts';

export async function runServer(config: RoleConfig, logger: Logger, signal: AbortSignal): Promise<number> {
  const service = new ParameterServerService(logger);
  const listening = await listen(config.listen, [
    { definition: parameterServerService, implementation: service.implementation() },
  ]);
  logger.info({ address: listening.address }, 'parameter server listens');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await listening.close();
  return exitCodes.stopped;
}
