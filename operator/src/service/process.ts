/** The operator's process from its start to its end. */
import { OPERATOR_NAME } from '@wsi-operator/api';
import { ApiClient, EventRecorder, LeaderElector } from '@wsi-operator/controller';
import { createLogger, systemClock, WsiError, type Logger } from '@wsi-operator/foundation';
import { CommanderError } from 'commander';
import { OperatorMetrics } from './metrics.ts';
import { COMPONENT, Operator, type OperatorEnd } from './operator.ts';
import { readOptions, type OperatorOptions } from './options.ts';
import { podIdentity } from './pod-identity.ts';

/** Of the requests that are allowed, so many for events besides. */
const EVENTS_SHARE = 0.2;
/** And so many for reviews of the tokens of those who want the metrics. */
const REVIEWS_SHARE = 0.1;

/** @returns the exit code: 0 stopped, 1 failed or no longer the leader, 2 wrong options */
export async function runOperator(
  onSignal: (heard: (signal: NodeJS.Signals) => void) => void,
): Promise<number> {
  const options = optionsOrCode();
  if (typeof options === 'number') return options;
  const { trainerImage } = options.settings;
  if (isPlaceholder(trainerImage)) {
    process.stderr.write(`error: --trainer-image ${trainerImage} is a placeholder. ${IMAGE_REMEDY}\n`);
    return 2;
  }
  // Its log names jobs, objects and what the API server says, or nobody could act on it; of tables and slides it knows nothing.
  const logger = createLogger({ role: 'operator' }, { details: 'shown' });
  logger.level = options.logLevel;
  const stop = new AbortController();
  onSignal((signal) => {
    // A second one: somebody is in a hurry.
    if (stop.signal.aborted) process.exit(1);
    logger.info({ signal }, 'stopping');
    stop.abort();
  });
  try {
    const end = await run(options, logger, stop.signal);
    if (end === 'lost') logger.error('the lead is lost: ending, so that no two operators act');
    return end === 'stopped' ? 0 : 1;
  } catch (error) {
    logger.fatal({ error: WsiError.from(error) }, 'operator failed');
    return 1;
  }
}

async function run(options: OperatorOptions, logger: Logger, signal: AbortSignal): Promise<OperatorEnd> {
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
  const settings = { ...options.settings };
  const prepare = async (): Promise<void> => {
    settings.podIdentity = await podIdentity(options, { client, logger, signal });
  };
  const reviews = options.metricsSecurity === undefined ? {} : { reviews: await connect(REVIEWS_SHARE) };
  const parts = {
    options: { ...options, settings },
    client,
    metrics,
    events,
    prepare,
    ...reviews,
    ...common,
  };
  const operator = new Operator(
    options.leaderElect
      ? { ...parts, election: new LeaderElector({ client, namespace, name, identity, ...common }) }
      : parts,
  );
  return operator.run(signal);
}

const IMAGE_REMEDY =
  'No public registry has the image: make it with `npm run image -- --target trainer`, copy it to your registry and name it; see docs/install.md#images.';

/** Names of images have no capitals: REGISTRY in the manifests stands for a registry of the administrator's. */
function isPlaceholder(image: string): boolean {
  return /^REGISTRY\b/.test(image);
}

/** An exit code when they are wrong, or only help was asked for: the parser has said so. */
function optionsOrCode(): OperatorOptions | number {
  try {
    return readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}
