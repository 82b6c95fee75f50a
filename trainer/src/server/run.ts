/** The parameter server's process. */
import { ownText, systemClock, type Logger } from '@wsi-operator/foundation';
import { parameterServerService, type MethodCallers } from '@wsi-operator/protocol';
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
  Measure: ['coordinator'],
  Commit: ['coordinator'],
  Snapshot: ['coordinator'],
};

/** A coordinator that has said nothing for so long (it pings once a second) is taken to be gone. */
const silenceMilliseconds = 3_000;
const lookMilliseconds = 20;

/** @param hurry aborted when there is no time left for the state to be saved */
export async function runServer(
  config: RoleConfig,
  logger: Logger,
  signal: AbortSignal,
  hurry: AbortSignal,
): Promise<number> {
  const service = new ParameterServerService(logger);
  const connections = await openConnections(config.tlsDirectory, logger);
  const listening = await connections.listen(config.listen, {
    definition: parameterServerService,
    implementation: service.implementation(),
    callers,
  });
  logger.info({ address: ownText(listening.address) }, 'parameter server listens');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await drain(service, config.drainMilliseconds, hurry);
  await listening.close();
  return exitCodes.stopped;
}

/**
 * Stays until the coordinator has what only this server holds, which it says by a farewell; while it writes its own last
 * checkpoint, for example. When the whole job stops, the coordinator is gone already.
 */
async function drain(
  service: ParameterServerService,
  milliseconds: number,
  hurry: AbortSignal,
): Promise<void> {
  service.leaving = true;
  const until = performance.now() + milliseconds;
  while (service.isNeeded(silenceMilliseconds) && performance.now() < until && !hurry.aborted) {
    await systemClock.sleep(lookMilliseconds);
  }
}
