import { describe, expect, it } from '@jest/globals';
import { lastProgress } from './coordinator-target.ts';
import type { CachedPod } from './trim.ts';

const DIGEST = 'c0'.repeat(32);
const RESULT = JSON.stringify({ parametersSha256: DIGEST, steps: 120, tiles: 5600, metrics: { loss: 0.5 } });

function coordinator(phase: string, terminated?: { exitCode: number; message?: string }): CachedPod {
  const state = terminated === undefined ? { running: {} } : { terminated };
  const status = { phase, containerStatuses: [{ name: 'trainer', state }] };
  return { metadata: { name: 'job-coordinator-0' }, status } as unknown as CachedPod;
}

describe("a coordinator's last word", () => {
  it.each(['Succeeded', 'Running'])('counts when its container has ended, in a pod that is %s', (phase) => {
    const pod = coordinator(phase, { exitCode: 0, message: `${RESULT}\n` });
    expect(lastProgress(pod, 40)).toMatchObject({
      ...{ parametersSha256: DIGEST, step: 120, steps: 120, epoch: 40, epochs: 40 },
      metrics: { loss: 0.5 },
    });
  });

  it('is none while it runs, when it failed, and when it says something else', () => {
    expect(lastProgress(undefined, 40)).toBeUndefined();
    expect(lastProgress(coordinator('Running'), 40)).toBeUndefined();
    expect(lastProgress(coordinator('Failed', { exitCode: 1, message: RESULT }), 40)).toBeUndefined();
    expect(lastProgress(coordinator('Succeeded', { exitCode: 0, message: 'bye' }), 40)).toBeUndefined();
    expect(lastProgress(coordinator('Succeeded', { exitCode: 0, message: '{"steps"' }), 40)).toBeUndefined();
    expect(lastProgress(coordinator('Succeeded', { exitCode: 0 }), 40)).toBeUndefined();
  });
});
