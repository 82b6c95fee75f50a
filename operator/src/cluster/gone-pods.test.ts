import { describe, expect, it } from '@jest/globals';
import type { V1Pod } from '../kubernetes-types.ts';
import { LABELS, type Role } from '../job/names.ts';
import { GonePods } from './gone-pods.ts';

const MINUTE = 60_000;

function podOf(role: Role, index: number): V1Pod {
  const name = `lung-${role}-${index}`;
  const labels = { [LABELS.role]: role, [LABELS.replica]: String(index) };
  return { metadata: { name, uid: `uid of ${name}`, labels } };
}

function memory(): { pods: GonePods; pass: (milliseconds: number) => void; remove: (pod: V1Pod) => void } {
  let now = 0;
  const sleep = (): Promise<void> => Promise.resolve();
  const pods = new GonePods({ now: () => now, monotonic: () => now, sleep });
  const remove = (pod: V1Pod): void => {
    pods.asked('job', pod.metadata?.uid ?? '');
    pods.deleted('job', pod);
  };
  return { pods, pass: (milliseconds) => (now += milliseconds), remove };
}

describe('pods that this process has removed', () => {
  it('are remembered for the last words of the coordinator only: of workers there are thousands', () => {
    const { pods, remove } = memory();
    const coordinator = podOf('coordinator', 0);
    for (const pod of [coordinator, podOf('server', 0), podOf('worker', 0), podOf('worker', 1)]) remove(pod);
    expect(pods.removed('job')).toEqual([coordinator]);
  });

  it('are forgotten after a while, also those of a job that nobody observes any more', () => {
    const { pods, pass, remove } = memory();
    remove(podOf('coordinator', 0));
    pods.deleted('job', podOf('worker', 3));
    pass(9 * MINUTE);
    pods.sweep();
    expect(pods.removed('job').length).toBe(1);
    expect(pods.list('job', [], () => true).length).toBe(1);
    pass(2 * MINUTE);
    pods.sweep();
    expect(pods.size).toBe(0);
  });
});
