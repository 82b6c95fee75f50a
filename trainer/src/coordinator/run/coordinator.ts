/** The coordinator's process: reads the job, serves workers and the operator, and leads the run to its result. */
import type grpc from '@grpc/grpc-js';
import { ownText, systemClock, WsiError, type Logger } from '@wsi-operator/foundation';
import {
  coordinatorService,
  toServiceError,
  type MethodCallers,
  type StatusReply,
} from '@wsi-operator/protocol';
import { readJobFile, type RoleConfig } from '../../config.ts';
import { openConnections } from '../../connections.ts';
import { exitCodes, reportResult, reportStop } from '../../exit.ts';
import { TrainingRun } from './training-run.ts';

const callers: MethodCallers = { Work: ['worker'], Status: ['worker', 'operator'] };

export async function runCoordinator(
  config: RoleConfig,
  logger: Logger,
  signal: AbortSignal,
): Promise<number> {
  const job = await readJobFile(config.jobFile);
  const connections = await openConnections(config.tlsDirectory, logger);
  const run = new TrainingRun(job, { config, connections, logger, clock: systemClock });
  const listening = await connections.listen(config.listen, {
    definition: coordinatorService,
    implementation: {
      Work: (stream: Parameters<typeof run.pool.accept>[0]) => run.pool.accept(stream),
      Status: (_call: unknown, callback: grpc.sendUnaryData<StatusReply>) => {
        let status: StatusReply;
        try {
          status = run.status();
        } catch (thrown) {
          // The operator publishes the status, so it gets public text only.
          const { publicMessage } = WsiError.from(thrown);
          callback(toServiceError(new WsiError('Internal', ownText(publicMessage))));
          return;
        }
        callback(null, status);
      },
    },
    callers,
  });
  logger.info({ address: ownText(listening.address) }, 'coordinator listens');
  try {
    if (!(await run.lead(signal))) {
      await reportStop(run.status());
      return exitCodes.stopped;
    }
    await reportResult(run.status());
    return exitCodes.done;
  } finally {
    run.close();
    await listening.close();
  }
}
