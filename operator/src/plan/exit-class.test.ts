import { describe, expect, it } from '@jest/globals';
import { buildJob, pod, type PodChoices } from '../testing/builders.ts';
import type { V1Pod } from '../kubernetes-types.ts';
import { endOf, endOfGone } from './exit-class.ts';

type Status = NonNullable<V1Pod['status']>;
const end = (choices: PodChoices) => endOf(pod(buildJob(), { role: 'worker', index: 0 }, choices));

describe('endOf', () => {
  it.each([
    [{ exitCode: 0, phase: 'Succeeded' as const }, 'completed'],
    [{ exitCode: 64 }, 'input'],
    [{ exitCode: 74 }, 'storage'],
    [{ exitCode: 143 }, 'stopped'],
    [{ exitCode: 137 }, 'killed'],
    [{ exitCode: 137, reason: 'OOMKilled' }, 'outOfMemory'],
    [{ exitCode: 134 }, 'crashed'],
    [{ exitCode: 1 }, 'crashed'],
  ])('calls the end of %j %s', (choices, expected) => expect(end(choices).exitClass).toBe(expected));

  it('knows an eviction, whatever the exit code', () => {
    const evicted = pod(buildJob(), { role: 'worker', index: 0 }, { exitCode: 137 });
    expect(endOf({ ...evicted, status: { ...evicted.status, reason: 'Evicted' } }).exitClass).toBe(
      'disrupted',
    );
    const conditions = [{ type: 'DisruptionTarget', status: 'True' }];
    expect(endOf({ ...evicted, status: { ...evicted.status, conditions } }).exitClass).toBe('disrupted');
    // Lost with its node: no container ever said how it ended.
    expect(endOf({ ...evicted, status: { phase: 'Failed', message: 'node lost' } }).message).toBe(
      'failed before its container ended: node lost',
    );
  });
});

/** A pod of which other containers than the role's own have ended, or whose end nobody knows. */
const podWith = (status: Status, metadata: V1Pod['metadata'] = {}): V1Pod => {
  const worker = pod(buildJob(), { role: 'worker', index: 0 });
  return { ...worker, metadata: { ...worker.metadata, ...metadata }, status };
};
const container = (name: string, state: object) => ({
  ...{ name, image: '', imageID: '', ready: false, restartCount: 0 },
  state,
});
const time = (seconds: number): string => new Date(1e12 + seconds * 1000).toISOString();
const ended = (exitCode: number, more = {}) => ({
  terminated: { exitCode, startedAt: time(0), finishedAt: time(100), ...more },
});

describe('an end that is not of the role itself', () => {
  it.each<[string, Status, string]>([
    ...[
      ...['Evicted', 'NodeLost', 'NodeShutdown', 'Terminated', 'Preempting', 'DeadlineExceeded'],
      ...['UnexpectedAdmissionError', 'OutOfcpu', 'OutOfnvidia.com/gpu', 'SMTAlignmentError'],
      ...['TopologyAffinityError', 'VolumeAttachmentLimitExceeded', 'NodeAffinity'],
    ].map((reason): [string, Status, string] => [
      `the reason ${reason}`,
      { phase: 'Failed', reason },
      'disrupted',
    ]),
    ['the reason SysctlForbidden', { phase: 'Failed', reason: 'SysctlForbidden' }, 'crashed'],
    ['no reason', { phase: 'Failed' }, 'crashed'],
    ['the phase Succeeded', { phase: 'Succeeded' }, 'completed'],
    [
      'a restarted node',
      {
        phase: 'Failed',
        containerStatuses: [container('trainer', ended(137, { reason: 'ContainerStatusUnknown' }))],
      },
      'disrupted',
    ],
    [
      'a restarted runtime',
      { phase: 'Failed', containerStatuses: [container('trainer', ended(255, { reason: 'Unknown' }))] },
      'disrupted',
    ],
    [
      'an init container that was lost with the node',
      {
        phase: 'Failed',
        initContainerStatuses: [container('fetch', ended(137, { reason: 'ContainerStatusUnknown' }))],
      },
      'disrupted',
    ],
    [
      'a sidecar that was killed for memory',
      { phase: 'Failed', containerStatuses: [container('proxy', ended(137, { reason: 'OOMKilled' }))] },
      'crashed',
    ],
    [
      'a sidecar that refuses its input',
      { phase: 'Failed', containerStatuses: [container('proxy', ended(64))] },
      'crashed',
    ],
    [
      'an own end beside the end of a sidecar',
      { phase: 'Failed', containerStatuses: [container('proxy', ended(0)), container('trainer', ended(74))] },
      'storage',
    ],
  ])('is told apart for a pod with %s', (_, status, expected) =>
    expect(endOf(podWith(status)).exitClass).toBe(expected),
  );

  it('is not that of a sidecar among the init containers', () => {
    const proxied = podWith({ phase: 'Failed', initContainerStatuses: [container('proxy', ended(143))] });
    const spec = { ...proxied.spec!, initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] };
    expect(endOf({ ...proxied, spec }).message).toBe('failed before its container ended');
  });
});

describe('endOfGone', () => {
  const deletion = { deletionTimestamp: time(130), deletionGracePeriodSeconds: 30 };
  const failed = (state: object) => ({ phase: 'Failed', containerStatuses: [container('trainer', state)] });
  it.each<[string, Status, V1Pod['metadata'], string]>([
    ['it waited', { phase: 'Pending' }, {}, 'deleted'],
    ['it ran', { phase: 'Running' }, deletion, 'deleted'],
    ['it had crashed, and a cleaner was faster', failed(ended(1)), {}, 'crashed'],
    ['it crashed when it was to stop', failed(ended(1)), deletion, 'crashed'],
    ['it stopped because it was deleted', failed(ended(143)), deletion, 'deleted'],
    ['it was killed because it was deleted', failed(ended(137)), deletion, 'deleted'],
    ['it was killed before', failed(ended(137, { finishedAt: time(50) })), deletion, 'killed'],
    ['it had been evicted', { phase: 'Failed', reason: 'Evicted' }, {}, 'disrupted'],
    [
      'its node was removed',
      { phase: 'Running', conditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      deletion,
      'disrupted',
    ],
  ])('knows the end of a pod of which is known that %s', (_, status, metadata, expected) => {
    expect(endOfGone(podWith(status, metadata)).exitClass).toBe(expected);
  });
});
