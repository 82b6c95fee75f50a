/** Sizes that the autoscaler has chosen, where a queue can never admit them: to wait for that would be to wait for ever. */
import { describe, expect, it } from '@jest/globals';
import type { AutoscalingStatus, WsiTrainingJob } from '@wsi-operator/api';
import type { Plan } from '../plan/pass.ts';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import type { Observed } from '../plan/observed.ts';
import type { KubernetesObject } from '../kubernetes-types.ts';
import { buildJob, ready, seen } from '../testing/builders.ts';
import { isNever } from '../gangs/never.ts';
import { admitted, at, condition, FULL, NOW, running, workload } from '../gangs/testing/kueue.ts';
import type { Workload } from '../gangs/kueue-workload.ts';
import { plan } from '../plan/plan.ts';
import { learnRoom } from './room.ts';
import { takeSnapshot } from '../job/snapshot.ts';

const memory = (amount: string) => ({
  spec: { containers: [{ name: 'trainer', resources: { requests: { memory: amount } } }] },
});
const GIB = 2 ** 30;

function grown(gang: 'kueue' | 'volcano', autoscaling: AutoscalingStatus): WsiTrainingJob {
  return buildJob({
    workers: 1,
    autoscaling: { maximumWorkers: 8, minimumServers: 1, maximumServers: 4 },
    runPolicy: { gang, queue: 'gpu' },
    templates: { coordinator: memory('1Gi'), server: memory('1Gi'), worker: memory('1Gi') },
    status: { autoscaling: { workers: 1, replicas: 1, servers: 1, ...autoscaling } },
  });
}

function planFor(
  given: WsiTrainingJob,
  objects: readonly KubernetesObject[],
  pods: Observed['pods'] = [],
): Plan {
  const gangs = ['kueue', 'volcano'] as const;
  const observed = { ...seen(pods), gangs, objects };
  return plan(given, ready(given, observed, LOCAL_SETTINGS), NOW, LOCAL_SETTINGS);
}

const queue = (name: string, capability: object | undefined, parent?: string): KubernetesObject => ({
  apiVersion: 'scheduling.volcano.sh/v1beta1',
  kind: 'Queue',
  metadata: { name },
  spec: { weight: 1, ...(capability && { capability }), ...(parent !== undefined && { parent }) },
});
const waitingGroup = (given: WsiTrainingJob): KubernetesObject => ({
  apiVersion: 'scheduling.volcano.sh/v1beta1',
  kind: 'PodGroup',
  metadata: { name: given.metadata.name },
  status: {
    phase: 'Pending',
    conditions: [{ type: 'Unschedulable', message: 'queue resource quota insufficient' }],
  },
});

describe('a job in a Volcano queue', () => {
  const raise = { servers: 4, memory: { workers: { requestBytes: 4 * GIB } } };

  it.each<[string, readonly KubernetesObject[], number]>([
    ['a capability that is too small', [queue('gpu', { memory: '8Gi', cpu: '64' })], 1],
    [
      'a queue around it that is too small',
      [queue('gpu', undefined, 'lab'), queue('lab', { memory: '8Gi' })],
      1,
    ],
    ['a capability of another resource', [queue('gpu', { 'nvidia.com/gpu': '1' })], 4],
    ['a capability that suffices', [queue('gpu', { memory: '9Gi' })], 4],
    ['another queue', [queue('default', { memory: '1Gi' })], 4],
    ['queues that nobody may read', [], 4],
    ['a capability that cannot be read', [queue('gpu', { memory: 'much' })], 4],
    ['queues in a ring', [queue('gpu', {}, 'lab'), queue('lab', {}, 'gpu')], 4],
  ])('has the size that can be admitted with %s', (_, queues, servers) => {
    const given = grown('volcano', raise);
    const result = planFor(given, [...queues, waitingGroup(given)]);
    expect(result.status.autoscaling?.servers).toBe(servers);
    const reported = result.events.filter(
      ({ type, reason }) => type === 'Warning' && /Refused$/.test(reason),
    );
    if (servers === 4) expect(reported).toEqual([]);
    else {
      expect(result.status.autoscaling?.memory).toEqual({});
      expect(reported.map(({ reason, message }) => `${reason} ${message}`).join('\n')).toMatch(
        /MemoryRefused .*memory 9663676416, and the capability of queue (gpu|lab) is 8Gi.*\n.*ServersRefused back from 4 to 1 servers/,
      );
      const settled = planFor({ ...given, status: result.status }, [...queues, waitingGroup(given)]);
      expect(settled.status.autoscaling?.servers).toBe(1);
      expect(settled.status.message).not.toMatch(/never/);
    }
  });
});

describe('a job in a Kueue queue', () => {
  const never =
    "couldn't assign flavors to pod set worker: insufficient quota for cpu in flavor default, request (9) > maximum capacity (8)";

  it('that waits with more workers than there can be goes back to those of its spec', () => {
    const given = grown('kueue', { workers: 8 });
    const base = workload(grown('kueue', { workers: 8 }), {
      conditions: [condition('QuotaReserved', 'False', 'Pending', never)],
    });
    const result = planFor(given, [base]);
    expect(result.status.autoscaling).toMatchObject({ workers: 1, quota: { workers: 1, tries: 1 } });
    expect(result.events).toContainEqual(
      expect.objectContaining({
        reason: 'WorkersRefused',
        message: expect.stringMatching(/^back from 8 to 1 workers: .*maximum capacity \(8\)/),
      }),
    );
    const waits = {
      conditions: [condition('QuotaReserved', 'False', 'Pending', 'insufficient unused quota')],
    };
    expect(planFor(given, [at(base, waits)]).status.autoscaling?.workers).toBe(8);
  });

  it('that runs takes more workers that can never be admitted for no room', () => {
    const small = buildJob({ runPolicy: { gang: 'kueue', queue: 'gpu' } });
    const base = at(workload(small), admitted(FULL));
    const more = buildJob({ workers: 5, runPolicy: { gang: 'kueue', queue: 'gpu' } });
    const [growth] = planFor(more, [base], running(small)).actions.flatMap((action) =>
      action.kind === 'apply' &&
      action.object.kind === 'Workload' &&
      action.object.metadata.name !== base.metadata.name
        ? [action.object as unknown as Workload]
        : [],
    );
    expect(growth).toBeDefined();
    const slots = takeSnapshot(small, seen(running(small))).slots.filter(({ role }) => role === 'worker');
    const input = { standing: { workers: 5 }, slots, desired: 5, refusals: [], now: NOW };
    expect(learnRoom(input).quota).toBeUndefined();
    const learned = learnRoom({ ...input, never });
    expect(learned.quota).toMatchObject({ workers: 2, tries: 1 });
    expect(learned.events).toMatchObject([
      { reason: 'NoRoom', message: expect.stringMatching(/^room for 2 of 5 workers: .*maximum capacity/) },
    ]);
  });

  it.each([
    [never, true],
    ["resources didn't satisfy LimitRange constraints: [limits must be at most 4Gi]", true],
    ['insufficient unused quota for cpu in flavor default, 2 more needed', false],
    ['ClusterQueue is stopped', false],
  ])('reads from the words of the queue whether it waits for ever: %s', (words, expected) => {
    expect(isNever(words)).toBe(expected);
  });
});
