import { describe, expect, it } from '@jest/globals';
import { KubernetesBed, manifest, until } from '../../testing/kubernetes-bed.ts';
import { admit, find, MultiKueue, WORKLOADS } from '../../testing/multikueue.ts';
import { GANG_RESOURCES } from '../../gangs/index.ts';
import { JOBS, PODS } from './resources.ts';

const RESULT = JSON.stringify({ parametersSha256: 'a'.repeat(64), steps: 3 });

async function clusterWithKueue(): Promise<KubernetesBed> {
  const resources = GANG_RESOURCES.kueue.map((resource) => ({ ...resource, status: true }));
  const bed = await KubernetesBed.start({ settings: { certificates: false }, server: { resources } });
  await until('Kueue is found', () => bed.cluster.gangs.includes('kueue'));
  return bed;
}

/** Passes of one cluster's operator until it is so. */
async function passesUntil(bed: KubernetesBed, what: string, holds: () => boolean): Promise<void> {
  await until(what, async () => {
    bed.server.sendBookmarks();
    const outcome = await bed.pass();
    if (outcome.kind === 'failed' && !outcome.error.retryable) throw outcome.error;
    return holds();
  });
}

describe('a job that MultiKueue dispatches to the API server of another cluster', () => {
  it('runs there, and its status comes back', async () => {
    await using manager = await clusterWithKueue();
    await using worker = await clusterWithKueue();
    const kueue = new MultiKueue(manager.server, worker.server);
    await manager.submit(
      manifest('lung', {
        managedBy: 'kueue.x-k8s.io/multikueue',
        runPolicy: { gang: 'kueue', queue: 'team', cleanPodPolicy: 'All' },
      }),
    );
    await passesUntil(manager, 'it is queued', () => find(manager.server, WORKLOADS, 'lung') !== undefined);
    admit(manager.server, 'lung');
    kueue.reconcile();

    // The Workload comes first; then, when it is admitted, the job, which names it.
    expect(find(worker.server, WORKLOADS, 'lung')?.metadata.ownerReferences).toBeUndefined();
    expect(worker.server.objects(JOBS)).toEqual([]);
    admit(worker.server, 'lung');
    kueue.reconcile();
    const remote = find(worker.server, JOBS, 'lung');
    expect(remote?.['spec']).not.toHaveProperty('managedBy');

    // The least that it needs comes first, and the other workers when that runs.
    await passesUntil(worker, 'its pods are there', () => {
      worker.startPods();
      return worker.server.objects(PODS).length === 4;
    });
    const [owner] = find(worker.server, WORKLOADS, 'lung')?.metadata.ownerReferences ?? [];
    expect(owner).toMatchObject({ kind: 'WsiTrainingJob', uid: remote?.metadata.uid, controller: true });
    expect(worker.names(WORKLOADS)).toEqual(['lung']);
    worker.startPods();
    await passesUntil(worker, 'it runs', () => worker.status().phase === 'Running');
    kueue.reconcile();
    expect(manager.status()).toMatchObject({ phase: 'Running', workers: { desired: 2 } });

    // The operator where it was submitted observes all this and has no part in it.
    manager.takeRequests();
    await manager.passes();
    expect(manager.takeRequests()).toEqual([]);
    expect(manager.server.objects(PODS)).toEqual([]);

    worker.endPod('lung-coordinator-0', 0, RESULT);
    await passesUntil(worker, 'it has ended', () => {
      const { conditions = [] } = (find(worker.server, WORKLOADS, 'lung')?.['status'] ?? {}) as {
        conditions?: { type: string }[];
      };
      return conditions.some(({ type }) => type === 'Finished');
    });
    kueue.reconcile();
    expect(manager.status()).toMatchObject({ phase: 'Succeeded', parametersSha256: 'a'.repeat(64) });
    await manager.passes();
    expect(manager.names(WORKLOADS)).toEqual(['lung']);
  });

  it('waits for its Workload where the job comes first, and leaves one of another owner alone', async () => {
    await using worker = await clusterWithKueue();
    const labels = { 'kueue.x-k8s.io/prebuilt-workload-name': 'made-before' };
    const job = manifest('lung', { runPolicy: { gang: 'kueue', queue: 'team' } });
    await worker.submit({ ...job, metadata: { ...job.metadata, labels } });
    await worker.passes();
    expect(worker.names(WORKLOADS)).toEqual([]);
    expect(worker.status()).toMatchObject({ phase: 'Pending' });
    const metadata = { name: 'made-before', namespace: 'default' };
    const controller = { apiVersion: 'batch/v1', kind: 'Job', name: 'x', uid: 'y', controller: true };
    worker.server.put(WORKLOADS, {
      apiVersion: 'kueue.x-k8s.io/v1beta2',
      kind: 'Workload',
      metadata: { ...metadata, ownerReferences: [controller] },
      spec: { podSets: [] },
    });
    await worker.pass();
    expect(find(worker.server, WORKLOADS, 'made-before')?.metadata.ownerReferences).toEqual([controller]);
    expect(worker.server.objects(PODS)).toEqual([]);
  });
});
