import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@wsi-operator/controller';
import { createLogger, type Clock } from '@wsi-operator/foundation';
import type { PodIdentity } from '../job/settings.ts';
import { podIdentity } from './pod-identity.ts';

const logger = createLogger({ role: 'operator' });
logger.level = 'silent';
const { signal } = new AbortController();

/** @param statuses of the answers to one question after the other */
async function found(chosen: 'auto' | PodIdentity, ...statuses: number[]): Promise<[PodIdentity, number]> {
  let pauses = 0;
  const clock = { sleep: () => Promise.resolve(void (pauses += 1)) } as unknown as Clock;
  const raw = (): Promise<never> => {
    const status = statuses.shift();
    if (status === undefined) throw new Error('asked once too often');
    if (status === 200) return Promise.resolve({} as never);
    return Promise.reject(ApiError.fromAnswer(status, '', 'GET /apis/security.openshift.io'));
  };
  const identity = await podIdentity({ podIdentity: chosen }, { client: { raw }, logger, signal, clock });
  expect(statuses).toEqual([]);
  return [identity, pauses];
}

describe('the user that the pods of jobs run as', () => {
  it.each([
    ['platform', [], 'platform', 0],
    ['fixed', [], 'fixed', 0],
    ['auto', [200], 'platform', 0],
    ['auto', [404], 'fixed', 0],
    // Who may not even ask what there is, is on no OpenShift: every account may there.
    ['auto', [403], 'fixed', 0],
    ['auto', [503, 500, 200], 'platform', 2],
  ] as const)(
    'is, where %s is chosen and the API server answers %j, that of %s',
    async (chosen, statuses, identity, pauses) => {
      expect(await found(chosen, ...statuses)).toEqual([identity, pauses]);
    },
  );
});
