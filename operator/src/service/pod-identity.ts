/** Which user the pods of jobs run as, where it is left to the operator to find out. */
import { ASSIGNING_API, assignsUsers, type ApiClient } from '@wsi-operator/controller';
import { systemClock, WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import type { PodIdentity } from '../job/settings.ts';
import type { OperatorOptions } from './options.ts';

const PAUSE_MILLISECONDS = 2_000;

interface Surroundings {
  readonly client: Pick<ApiClient, 'raw'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Asks until the API server answers: pods of the wrong user would all be refused. */
export async function podIdentity(
  { podIdentity: chosen }: Pick<OperatorOptions, 'podIdentity'>,
  { client, logger, signal, clock = systemClock }: Surroundings,
): Promise<PodIdentity> {
  if (chosen !== 'auto') return chosen;
  while (!signal.aborted) {
    try {
      if (!(await assignsUsers(client, { signal }))) return 'fixed';
      logger.info({ api: ASSIGNING_API }, "users of jobs' pods are assigned by the platform");
      return 'platform';
    } catch (error) {
      logger.warn({ api: ASSIGNING_API, error: WsiError.from(error) }, 'API not looked up');
      await clock.sleep(PAUSE_MILLISECONDS, signal).catch(() => undefined);
    }
  }
  return 'fixed';
}
