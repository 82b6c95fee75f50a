import { describe, expect, it } from '@jest/globals';
import { findCondition } from '@wsi-operator/api';
import { WorkQueue } from '@wsi-operator/controller/queue';
import { systemClock } from '@wsi-operator/foundation';
import pino from 'pino';
import { Refusal, scaledClock, type FakeApiServerOptions } from '@wsi-operator/controller/testing';
import { KubernetesBed, manifest, NAMESPACE, until } from '../../testing/kubernetes-bed.ts';
import { GANG_RESOURCES } from '../../gangs/index.ts';
import { GangApis } from './gang-apis.ts';

const [WORKLOADS, FLAVORS] = GANG_RESOURCES.kueue as [
  (typeof GANG_RESOURCES.kueue)[number],
  (typeof GANG_RESOURCES.kueue)[number],
];
const logger = pino({ level: 'silent' });

/** A server with Kueue whose API is hidden until a test shows it. */
async function start(authorize?: FakeApiServerOptions['authorize']): Promise<KubernetesBed> {
  const resources = GANG_RESOURCES.kueue.map((resource) => ({ ...resource, status: true }));
  // The bed's own search for gangs is over before the test begins; it searches again after a minute.
  return KubernetesBed.start({ server: { resources, ...(authorize === undefined ? {} : { authorize }) } });
}

function apisOf(
  bed: KubernetesBed,
  stop: AbortSignal,
): { apis: GangApis; changes: () => number; running: Promise<void> } {
  let changes = 0;
  const apis = new GangApis({
    client: bed.server.newClient(),
    clock: scaledClock(1000),
    logger,
    caches: bed.cluster.caches,
    namespaces: [],
    onChange: () => (changes += 1),
  });
  return { apis, changes: () => changes, running: apis.run(stop) };
}

describe('GangApis', () => {
  it('finds a queueing system that is installed later, and notices that it is gone', async () => {
    await using bed = await start();
    const stop = new AbortController();
    const isKueue = ({ path }: { path: string }): boolean => path.startsWith('/apis/kueue.x-k8s.io');
    bed.server.answer(404, { times: 1e9, match: isKueue });
    const { apis, changes, running } = apisOf(bed, stop.signal);
    try {
      await until('it has asked twice', () => bed.server.requests.filter(isKueue).length > 4);
      expect(apis.served).toEqual([]);
      bed.server.put(FLAVORS, { metadata: { name: 'gpu' }, spec: { nodeLabels: { gpu: 'yes' } } });
      bed.server.clearFaults();
      await until('it is found', () => apis.served.includes('kueue'));
      expect(changes()).toBeGreaterThan(0);
      await until('flavours are read', () => apis.shared('kueue').length === 1);
      expect(apis.resources.map(({ plural }) => plural)).toEqual(expect.arrayContaining(['workloads']));
      bed.server.answer(404, { times: 1e9, match: isKueue });
      await until('it is gone', () => !apis.served.includes('kueue'));
    } finally {
      stop.abort();
      await running;
    }
  });

  it('does not use what it may not read, and asks nobody to wait for it', async () => {
    await using bed = await start(({ resource }) =>
      resource?.plural === 'workloads' ? new Refusal(403, 'Forbidden', 'not yours') : undefined,
    );
    const stop = new AbortController();
    const { apis, running } = apisOf(bed, stop.signal);
    try {
      const asked = (plural: string): number =>
        bed.server.requests.filter(({ resource }) => resource?.plural === plural).length;
      await until('it has asked', () => asked('workloads') > 2);
      expect(apis.served).toEqual([]);
      // What only helps with workloads is left alone without them.
      expect(asked('resourceflavors')).toBe(0);
    } finally {
      stop.abort();
      await running;
    }
  });

  it('makes a Workload for a job that asks for Kueue, and no pods before it is admitted', async () => {
    await using bed = await start();
    await until('Kueue is found', () => bed.cluster.gangs.includes('kueue'));
    await bed.submit(manifest('lung', { runPolicy: { gang: 'kueue', queue: 'team' } }));
    await bed.passes();
    const [workload] = bed.server.objects(WORKLOADS);
    expect(workload?.metadata.ownerReferences?.[0]?.name).toBe('lung');
    expect(bed.names({ ...WORKLOADS, plural: 'pods', group: '', version: 'v1', kind: 'Pod' })).toEqual([]);
    expect(findCondition(bed.status().conditions, 'Running')?.reason).toBe('QueuePending');
    // What becomes of the Workload brings the job to the loop's attention.
    const stop = new AbortController();
    const queue = new WorkQueue({ clock: systemClock });
    bed.cluster.watch(stop.signal, (key) => queue.add(key));
    queue.done((await queue.take())!);
    bed.server.put(WORKLOADS, { ...workload, status: { conditions: [] } });
    expect(await queue.take()).toBe(`${NAMESPACE}/lung`);
    stop.abort();
  });
});
