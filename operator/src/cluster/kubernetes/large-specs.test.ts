import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '@wsi-operator/controller';
import { WorkQueue } from '@wsi-operator/controller/queue';
import { systemClock } from '@wsi-operator/foundation';
import { KubernetesBed, manifest, NAMESPACE } from '../../testing/kubernetes-bed.ts';
import { LARGE_SPECS, LargeSpecs, SMALL_SPEC } from './large-specs.ts';
import { JOBS } from './resources.ts';
import type { StoredJob } from './stored-job.ts';

const metadataOf = (uid: string, namespace = 'a'): { namespace: string; uid: string } => ({ namespace, uid });

/** The jobs that are to be reconciled, as the loop hears of them. */
class Keys {
  readonly #stop = new AbortController();
  readonly #queue = new WorkQueue({ clock: systemClock });

  constructor(bed: KubernetesBed) {
    bed.cluster.watch(this.#stop.signal, (key) => this.#queue.add(key));
  }

  async next(count: number): Promise<string[]> {
    const keys: string[] = [];
    while (keys.length < count) {
      const key = (await this.#queue.take())!;
      this.#queue.done(key);
      keys.push(key);
    }
    return keys;
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

describe('the specs of a namespace', () => {
  it('have a sum that is bounded, but for small ones; another namespace has its own', () => {
    const specs = new LargeSpecs();
    const half = LARGE_SPECS / 2;
    expect(specs.take(metadataOf('1'), half)).toBe(true);
    expect(specs.take(metadataOf('2'), half)).toBe(true);
    expect(specs.take(metadataOf('3'), SMALL_SPEC + 1)).toBe(false);
    expect(specs.take(metadataOf('4'), SMALL_SPEC)).toBe(true);
    expect(specs.take(metadataOf('5', 'b'), half)).toBe(true);
    // One that is kept stays, and its place is free when it goes or gets smaller.
    expect(specs.take(metadataOf('1'), half)).toBe(true);
    specs.release(metadataOf('1'));
    expect(specs.take(metadataOf('3'), half)).toBe(true);
    expect(specs.take(metadataOf('2'), SMALL_SPEC)).toBe(true);
    expect(specs.take(metadataOf('6'), half)).toBe(true);
  });

  it('that have no room are reported, and taken when there is some', async () => {
    await using bed = await KubernetesBed.start();
    const env = Array.from({ length: 16 }, (_, index) => ({ name: `A${index}`, value: 'x'.repeat(15_000) }));
    const template = { spec: { containers: [{ name: 'trainer', env }] } };
    const spec = { suspend: true, workers: { replicas: 1, template } };
    const count = Math.floor(LARGE_SPECS / JSON.stringify(manifest('lung', spec)['spec']).length) + 1;
    const names = Array.from({ length: count }, (_, index) => `job-${index}`);
    for (const name of names) await bed.submit(manifest(name, spec));
    const refused = async (): Promise<string[]> => {
      for (const name of names) await bed.passes(name);
      return names.filter((name) =>
        bed.status(name).conditions?.some(({ reason }) => reason === 'InvalidSpec'),
      );
    };
    const [over] = await refused();
    expect(over).toBe(names.at(-1));
    expect(bed.status(over).conditions?.find(({ type }) => type === 'Running')?.message).toMatch(
      /more than 16 KiB may have 8 MiB together/,
    );
    using changes = new Keys(bed);
    await changes.next(names.length);
    const gone = names.shift()!;
    const [last] = bed.server.objects(JOBS).filter(({ metadata }) => metadata.name === gone);
    bed.server.remove(JOBS, gone, NAMESPACE);
    await bed.settle();
    expect(await changes.next(2)).toEqual([`${NAMESPACE}/${gone}`, `${NAMESPACE}/${over}`]);
    // As by the answer to a write that comes after the news: it takes no room for ever.
    bed.cluster.caches.jobWritten(last as StoredJob);
    expect(await refused()).toEqual([]);
  });

  it('are first those of jobs that were reconciled before, when an operator begins', async () => {
    await using bed = await KubernetesBed.start();
    const value = 'x'.repeat(SMALL_SPEC);
    const large = (name: string): KubernetesObject => manifest(name, { note: value.repeat(8) });
    const size = JSON.stringify(large('job')['spec']).length;
    const names = Array.from({ length: Math.floor(LARGE_SPECS / size) }, (_, index) => `a-${index}`);
    for (const name of names) bed.server.put(JOBS, large(name));
    const condition = (reason: string): object => ({ conditions: [{ type: 'Running', reason }] });
    bed.server.put(JOBS, { ...large('b'), status: condition('InvalidSpec') });
    bed.server.put(JOBS, { ...large('z'), status: condition('Training') });
    const { caches } = bed.newCluster();
    const stop = new AbortController();
    const running = caches.run(stop.signal);
    try {
      await caches.synced;
      const kept = ['z', ...names, 'b'].filter(
        (name) => caches.job(`${NAMESPACE}/${name}`)?.oversized === undefined,
      );
      expect(kept).toEqual(['z']);
      // The others when they are reconciled, as there is room.
      expect(caches.hasRoom(caches.job(`${NAMESPACE}/a-0`)!)).toBe(true);
    } finally {
      stop.abort();
      await running;
    }
  });
});
