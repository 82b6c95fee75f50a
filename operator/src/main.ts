#!/usr/bin/env node
/**
 * The operator: `node operator/src/main.ts [options]`. Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failed or no longer
 * the leader, 2 wrong options.
 */
import { OPERATOR_NAME } from '@wsi/api';
import { ApiClient, EventRecorder, LeaderElector } from '@wsi/controller';
import { createLogger, systemClock, WsiError } from '@wsi/foundation';
import { CommanderError } from 'commander';
import { OperatorMetrics } from './service/metrics.ts';
import { COMPONENT, Operator, type OperatorEnd } from './service/operator.ts';
import { readOptions, type OperatorOptions } from './service/options.ts';

/** Of the requests that are allowed, so many for events besides. */
const EVENTS_SHARE = 0.2;

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
  const metrics = new OperatorMetrics();
  const connect = (share: number): Promise<ApiClient> =>
    ApiClient.fromDefault({
      userAgent: COMPONENT,
      clock: systemClock,
      queriesPerSecond: Math.max(1, options.queriesPerSecond * share),
      burst: Math.max(1, Math.floor(options.burst * share)),
      onRequest: (info) => metrics.onRequest(info),
    });
  const client = await connect(1);
  logger.info({ server: client.server.href, node: process.version }, 'starting');
  const { identity, leaseNamespace: namespace, leaseName: name } = options;
  const common = { clock: systemClock, logger };
  const events = new EventRecorder({
    ...common,
    // Of its own: events must not wait in front of what matters more.
    client: await connect(EVENTS_SHARE),
    component: OPERATOR_NAME,
    instance: identity,
  });
  const parts = { options, client, metrics, events, ...common };
  const operator = new Operator(
    options.leaderElect
      ? { ...parts, election: new LeaderElector({ client, namespace, name, identity, ...common }) }
      : parts,
  );
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
