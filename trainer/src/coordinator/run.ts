/** The coordinator's process: reads the job, serves workers and the operator, and leads the run to its result. */
import type grpc from '@grpc/grpc-js';
import { systemClock, type Logger } from '@wsi/foundation';
import { coordinatorService, listen, type StatusReply } from '@wsi/protocol';
import { readJobFile, type RoleConfig } from '../config.ts';
import { exitCodes } from '../exit.ts';
import { TrainingRun } from './training-run.ts';

export async function runCoordinator(
  config: RoleConfig,
  logger: Logger,
  signal: AbortSignal,
): Promise<number> {
  const job = await readJobFile(config.jobFile);
  const run = new TrainingRun(job, { config, logger, clock: systemClock });
  const listening = await listen(config.listen, [
    {
      definition: coordinatorService,
      implementation: {
        Work: (stream: Parameters<typeof run.pool.accept>[0]) => run.pool.accept(stream),
        Status: (_call: unknown, callback: grpc.sendUnaryData<StatusReply>) => callback(null, run.status()),
      },
    },
  ]);
  logger.info({ address: listening.address }, 'coordinator listens');
  try {
    return (await run.lead(signal)) ? exitCodes.done : exitCodes.stopped;
  } finally {
    run.close();
    await listening.close();
  }
}
