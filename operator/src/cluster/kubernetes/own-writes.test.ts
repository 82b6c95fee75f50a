import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '@wsi-operator/controller';
import { ManualClock } from '@wsi-operator/controller/testing';
import fc from 'fast-check';
import { isNewer, objectId, OwnWrites } from './own-writes.ts';

const OWNER = 'job-uid';

function pod(version: number | string, more: Partial<KubernetesObject['metadata']> = {}): KubernetesObject {
  const metadata = {
    name: 'lung-worker-0',
    namespace: 'default',
    uid: 'a',
    resourceVersion: String(version),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, ...more } };
}

const all = (): boolean => true;
const ID = objectId(pod(1));

describe('OwnWrites', () => {
  it('shows what was written until the cache is as new', () => {
    const writes = new OwnWrites(new ManualClock());
    writes.written(OWNER, pod(7));
    expect(writes.overlay(OWNER, [], all)).toEqual([pod(7)]);
    expect(writes.latest(OWNER, ID, pod(6))).toEqual(pod(7));
    expect(writes.latest(OWNER, ID, pod(8))).toEqual(pod(8));
    expect(writes.size).toBe(0);
    expect(writes.latest(OWNER, ID, pod(6))).toEqual(pod(6));
  });

  it('keeps objects of one kind and name of two APIs apart', () => {
    const writes = new OwnWrites(new ManualClock());
    const groups = ['scheduling.volcano.sh/v1beta1', 'scheduling.x-k8s.io/v1alpha1'].map((apiVersion) => ({
      ...pod(7),
      apiVersion,
      kind: 'PodGroup',
    }));
    for (const group of groups) writes.written(OWNER, group);
    expect(writes.overlay(OWNER, [], all)).toEqual(groups);
    expect(writes.overlay(OWNER, groups, all)).toEqual(groups);
  });

  it('shows what is being deleted as leaving until the cache says so, or that it is gone', () => {
    const writes = new OwnWrites(new ManualClock());
    const leaving = (): string | undefined =>
      writes.overlay(OWNER, [pod(5)], all)[0]?.metadata.deletionTimestamp;
    writes.deleting(OWNER, pod(5), 'then');
    expect(leaving()).toBe('then');
    // The status of a pod may change between the deletion and the news of it.
    expect(writes.latest(OWNER, ID, pod(6))?.metadata.deletionTimestamp).toBe('then');
    writes.seen(OWNER, pod(7, { deletionTimestamp: 'now' }), false);
    expect(leaving()).toBeUndefined();
    writes.deleting(OWNER, pod(5), 'then');
    writes.seen(OWNER, pod(9, { uid: 'former' }), true);
    expect(leaving()).toBe('then');
    writes.seen(OWNER, pod(9), true);
    expect(writes.overlay(OWNER, [], all)).toEqual([]);
  });

  it('takes a deletion back that was refused, and shows what it showed before', () => {
    const writes = new OwnWrites(new ManualClock());
    writes.deleting(OWNER, pod(5), 'then')();
    expect(writes.size).toBe(0);
    writes.written(OWNER, pod(7));
    const takeBack = writes.deleting(OWNER, pod(7), 'then');
    expect(writes.latest(OWNER, ID, pod(6))?.metadata.deletionTimestamp).toBe('then');
    takeBack();
    expect(writes.latest(OWNER, ID, pod(6))).toEqual(pod(7));
    const late = writes.deleting(OWNER, pod(7), 'then');
    writes.seen(OWNER, pod(7), true);
    late();
    expect(writes.size).toBe(0);
  });

  it('believes a cache that has got past a write and does not show it: the object is gone again', () => {
    let version = 6;
    const isPast = (object: KubernetesObject): boolean => version >= Number(object.metadata.resourceVersion);
    const writes = new OwnWrites(new ManualClock(), isPast);
    writes.written(OWNER, pod(7));
    expect(writes.overlay(OWNER, [], all)).toEqual([pod(7)]);
    version = 8;
    expect(writes.overlay(OWNER, [], all)).toEqual([]);
    expect(writes.size).toBe(0);
  });

  it('lets no ghost stay when the watch has merged a creation and a deletion away', async () => {
    const clock = new ManualClock();
    const writes = new OwnWrites(clock);
    writes.written(OWNER, pod(7));
    await clock.advance(29_000);
    expect(writes.overlay(OWNER, [], all).length).toBe(1);
    await clock.advance(2_000);
    expect(writes.overlay(OWNER, [], all)).toEqual([]);
    writes.written('gone', pod(7));
    await clock.advance(31_000);
    writes.sweep();
    expect(writes.size).toBe(0);
  });

  it('takes a successor of the same name for what it is', () => {
    const writes = new OwnWrites(new ManualClock());
    writes.written(OWNER, pod(7, { uid: 'b' }));
    writes.seen(OWNER, pod(6, { uid: 'a' }), true);
    expect(writes.overlay(OWNER, [pod(5)], all)[0]?.metadata.uid).toBe('b');
    writes.seen(OWNER, pod(7, { uid: 'b' }), false);
    expect(writes.size).toBe(0);
  });

  it('keeps the newest of answers that overtake each other', () => {
    const writes = new OwnWrites(new ManualClock());
    writes.written(OWNER, pod(9));
    writes.written(OWNER, pod(8));
    expect(writes.latest(OWNER, ID, pod(5))).toEqual(pod(9));
  });

  it('never shows an older version than one shown before, whatever the order of writes and news', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const) }),
      fc.record({ kind: fc.constant('hear' as const), behind: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const writes = new OwnWrites(new ManualClock());
        let server = 1;
        let cached = pod(1);
        let shown = 0;
        for (const next of steps) {
          if (next.kind === 'write') {
            server += 1;
            writes.written(OWNER, pod(server));
          } else {
            // News come in order, but late.
            const version = Math.max(Number(cached.metadata.resourceVersion), server - next.behind);
            cached = pod(version);
            writes.seen(OWNER, cached, false);
          }
          const now = Number(writes.latest(OWNER, ID, cached)?.metadata.resourceVersion);
          expect(now).toBeGreaterThanOrEqual(shown);
          shown = now;
        }
        expect(shown).toBeLessThanOrEqual(server);
      }),
    );
  });
});

describe('isNewer', () => {
  it('compares versions as numbers, however long', () => {
    expect(isNewer(pod('10'), pod('9'))).toBe(true);
    expect(isNewer(pod('9'), pod('10'))).toBe(false);
    expect(isNewer(pod('9007199254740993'), pod('9007199254740992'))).toBe(true);
    expect(isNewer(pod('5'), pod('5'))).toBe(false);
    expect(isNewer(pod('opaque-a'), pod('opaque-b'))).toBe(true);
  });
});
