#!/usr/bin/env node
/**
 * The operator: `node operator/src/main.ts [options]`. Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failed or no longer
 * the leader, 2 wrong options.
 */
import { ApiClient } from '@wsi/controller';
import { createLogger, systemClock, WsiError } from '@wsi/foundation';
import { CommanderError } from 'commander';
import { OperatorMetrics } from './service/metrics.ts';
import { COMPONENT, Operator, type OperatorEnd, type OperatorParts } from './service/operator.ts';
import { readOptions, type OperatorOptions } from './service/options.ts';

const options = optionsOrExit();
const logger = createLogger({ role: 'operator' });
logger.level = options.logLevel;
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // A second one: somebody is in a hurry.
    if (stop.signal.aborted) process.exit(1);
    logger.info({ signal }, 'stopping');
    stop.abort();
  });
}

try {
  const end = await run();
  if (end === 'lost') logger.error('the lead is lost: ending, so that no two operators act');
  process.exitCode = end === 'stopped' ? 0 : 1;
} catch (error) {
  logger.fatal({ error: WsiError.from(error) }, 'operator failed');
  process.exitCode = 1;
}
// Connections that are still open must not keep a process alive that no longer acts.
process.exit();

async function run(): Promise<OperatorEnd> {
  const logged: OperatorParts['events'] = {
    record: (regarding, event) => logger.info({ job: regarding.name, ...event }, 'event'),
    flush: () => Promise.resolve(),
  };
  const metrics = new OperatorMetrics();
  const client = await ApiClient.fromDefault({
    userAgent: COMPONENT,
    clock: systemClock,
    queriesPerSecond: options.queriesPerSecond,
    burst: options.burst,
    onRequest: (info) => metrics.onRequest(info),
  });
  logger.info({ server: client.server.href, node: process.version }, 'starting');
  if (options.leaderElect) {
    throw new WsiError('InvalidArgument', 'leader election is not there yet', {
      remedy: 'Run one replica with --leader-elect=false.',
    });
  }
  const operator = new Operator({ options, client, metrics, clock: systemClock, logger, events: logged });
  return operator.run(stop.signal);
}

function optionsOrExit(): OperatorOptions {
  try {
    return readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    // The parser has already said what is wrong (or has printed the help that was asked for).
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
    throw error;
  }
}
