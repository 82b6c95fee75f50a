/** Pods that others remove, in any pattern: made again later and later, reported, and never as fast as they are removed. */
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@wsi-operator/controller/testing';
import fc from 'fast-check';
import pino from 'pino';
import { LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import { Reconciler } from '../loop/reconciler.ts';
import { buildJob, progressAt } from '../testing/builders.ts';
import { MemoryCluster } from '../testing/memory-cluster.ts';

const settings: ClusterSettings = { ...LOCAL_SETTINGS, resyncMilliseconds: 300_000 };

interface Scene {
  readonly cluster: MemoryCluster;
  readonly clock: ManualClock;
  readonly created: () => number;
  readonly play: (seconds: number, everyMilliseconds: number, harm: () => void) => Promise<void>;
}

async function scene(act: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new ManualClock();
  const cluster = new MemoryCluster(buildJob({ workers: 1, runPolicy: { backoffLimit: 3 } }), clock);
  const reconciler = new Reconciler({ cluster, clock, logger: pino({ level: 'silent' }), settings });
  const stop = new AbortController();
  const loop = reconciler.run(stop.signal);
  const play: Scene['play'] = async (seconds, every, harm) => {
    for (let passed = 0; passed < seconds * 1000; passed += every) {
      harm();
      cluster.notify();
      await clock.advance(every);
    }
  };
  await clock.advance(1);
  await act({
    cluster,
    clock,
    play,
    created: () => cluster.log.filter((kind) => kind === 'createPod').length,
  });
  stop.abort();
  await loop;
}

describe('pods that somebody else removes', () => {
  it('while they wait, are made again later and later, and that is reported', async () => {
    await scene(async ({ cluster, play, created }) => {
      await play(60, 100, () => cluster.pods.clear());
      expect(created()).toBeLessThanOrEqual(14);
      expect(cluster.job?.status?.phase).toBe('Starting');
      const [first] = cluster.job?.status?.failures ?? [];
      expect(first).toMatchObject({ reason: 'deleted', counted: 0, message: 'was deleted by somebody else' });
      expect(cluster.events.map(({ reason }) => reason)).toContain('PodDeleted');
      expect(cluster.events.length).toBeLessThan(40);
    });
  });

  it('although the others make progress', async () => {
    await scene(async ({ cluster, play, created }) => {
      await play(10, 500, () => cluster.start());
      const before = created();
      let step = 0;
      await play(120, 500, () => {
        cluster.progress = progressAt((step += 1) % 100);
        const { phase } = cluster.pods.get('lung-worker-0')?.status ?? {};
        if (phase !== undefined) cluster.pods.delete('lung-worker-0');
      });
      expect(created() - before).toBeLessThanOrEqual(9);
    });
  });

  it('after they have failed are counted as failed', async () => {
    await scene(async ({ cluster, play, created }) => {
      await play(60, 200, () => {
        cluster.start();
        cluster.end('lung-coordinator-0', 1);
        cluster.pods.delete('lung-coordinator-0');
      });
      expect(cluster.job?.status?.phase).toBe('Failed');
      expect(cluster.job?.status?.failures?.[0]).toMatchObject({ reason: 'crashed', counted: 4 });
      expect(created()).toBeLessThanOrEqual(6);
    });
  });

  it('at any time are made at most so often: 1, 2, 4, ... s apart', async () => {
    const pattern = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 10, max: 2000 })), {
      minLength: 5,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(pattern, fc.boolean(), async (removals, runs) => {
        await scene(async ({ cluster, clock, play, created }) => {
          const start = clock.now();
          for (const [which, pause] of removals) {
            await play(pause / 1000, pause, () => {
              if (runs) cluster.start();
              const names = cluster.names();
              if (names.length > 0) cluster.pods.delete(names[which % names.length]!);
            });
          }
          const seconds = (clock.now() - start) / 1000;
          // Three places, each first at 0 and then after 1, 3, 7, ... s.
          expect(created()).toBeLessThanOrEqual(3 * (2 + Math.log2(1 + seconds)));
        });
      }),
      { numRuns: 25 },
    );
  });

  it('by the operator itself are no news', async () => {
    await scene(async ({ cluster, play }) => {
      await play(10, 500, () => cluster.start());
      cluster.job = { ...cluster.job!, spec: { ...cluster.job!.spec, suspend: true } };
      await play(10, 500, () => {
        for (const [name, { metadata }] of cluster.pods) {
          if (metadata?.deletionTimestamp !== undefined) cluster.pods.delete(name);
        }
      });
      expect(cluster.job.status?.phase).toBe('Suspended');
      expect(cluster.job.status?.failures).toEqual([]);
    });
  });
});
