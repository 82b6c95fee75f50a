/** Who is taken for a pod of a job, and who is not, whatever is written on it. */
import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '@wsi-operator/controller';
import { KubernetesBed, manifest, NAMESPACE } from '../../testing/kubernetes-bed.ts';
import { JOBS, PODS } from './resources.ts';

async function running(bed: KubernetesBed): Promise<KubernetesObject> {
  const job = await bed.submit(manifest('lung', { runPolicy: { backoffLimit: 0 } }));
  await bed.passes();
  for (let round = 0; round < 2; round += 1) {
    bed.startPods();
    await bed.settle();
    await bed.passes();
  }
  expect(bed.status().phase).toBe('Running');
  bed.events.length = 0;
  return job;
}

const ENDED = {
  phase: 'Failed',
  containerStatuses: [{ name: 'trainer', state: { terminated: { exitCode: 2, message: 'forged' } } }],
};
const FINISHED = {
  phase: 'Succeeded',
  containerStatuses: [
    {
      name: 'trainer',
      state: { terminated: { exitCode: 0, message: `{"parametersSha256":"${'0'.repeat(64)}","steps":1}` } },
    },
  ],
};

/** The very text of one of the job's own pods, under another name or elsewhere. */
function forged(
  bed: KubernetesBed,
  like: string,
  metadata: object,
  status: object = ENDED,
): KubernetesObject {
  const own = bed.pod(like)!;
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...given } = own.metadata;
  return { ...own, metadata: { ...given, ...metadata }, status };
}

describe('a pod that was not made for a job', () => {
  it.each([
    ['a coordinator that has failed', 'lung-coordinator-0', ENDED],
    ['a coordinator that has finished', 'lung-coordinator-0', FINISHED],
    ['a worker in a place of its own', 'lung-worker-0', ENDED],
  ])('says nothing of it from another namespace, down to the owner: %s', async (_what, like, status) => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    const before = bed.status();
    const pod = forged(bed, like, { namespace: 'other', name: like }, status);
    bed.server.put(PODS, pod);
    await bed.settle();
    await bed.passes();
    expect(bed.status()).toEqual(before);
    bed.server.remove(PODS, like, 'other');
    await bed.settle();
    await bed.passes();
    expect(bed.status()).toEqual(before);
    // Where it is, once, and not at the job of another tenant.
    const reported = bed.events.map(({ regarding, reason }) => [regarding.kind, regarding.namespace, reason]);
    expect(reported).toEqual([['Pod', 'other', 'OwnerNotFound']]);
  });

  it.each([
    ['our labels and no owner', { ownerReferences: [] }],
    ['an owner of another kind', { ownerReferences: [owner({ kind: 'Job', apiVersion: 'batch/v1' })] }],
    [
      'an owner of our kind in another group',
      { ownerReferences: [owner({ apiVersion: 'wsi.dev.evil/v1' })] },
    ],
    ['our owner, adopted: a name of its own', {}],
    ['our owner, and not a revision of the job', { annotations: {}, name: 'lung-worker-7' }],
    [
      'our owner, and the label of another job',
      { labels: { 'wsi.dev/job-name': 'liver' }, name: 'lung-worker-7' },
    ],
  ])('never counts, is left alone, and is reported once: %s', async (_what, change) => {
    await using bed = await KubernetesBed.start();
    const { uid } = (await running(bed)).metadata;
    const before = bed.status();
    const pod = forged(bed, 'lung-worker-0', { name: 'stranger', ...change });
    for (const reference of pod.metadata.ownerReferences ?? []) reference.uid = uid ?? '';
    pod.metadata.labels = { 'app.kubernetes.io/managed-by': 'wsi-operator', ...pod.metadata.labels };
    bed.server.put(PODS, pod);
    await bed.settle();
    for (let round = 0; round < 3; round += 1) await bed.passes();
    const { warnings = [], ...after } = bed.status();
    const { warnings: _earlier, ...unchanged } = before;
    expect({ ...after, updateTime: '' }).toEqual({ ...unchanged, updateTime: '' });
    expect(warnings.find(({ reason }) => reason === 'ForeignPods')?.message).toContain(pod.metadata.name);
    expect(bed.events.map(({ reason, regarding }) => [reason, regarding.name])).toEqual([
      ['ForeignPods', 'lung'],
    ]);
    bed.server.remove(PODS, pod.metadata.name ?? '', NAMESPACE);
    await bed.settle();
    await bed.passes();
    expect(bed.status().warnings?.map(({ reason }) => reason)).not.toContain('ForeignPods');
    expect(bed.status().phase).toBe('Running');
    expect(bed.status().failures).toEqual([]);
  });

  it('holds no memory when it is gone, whoever it said it was of', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    for (let index = 0; index < 50; index += 1) {
      const references = [owner({ uid: `made-up-${index}` })];
      const pod = forged(bed, 'lung-worker-0', { name: 'stranger', ownerReferences: references });
      bed.server.put(PODS, pod);
      bed.server.remove(PODS, 'stranger', NAMESPACE);
    }
    await bed.settle();
    expect(bed.cluster.caches.gonePods.size).toBe(1);
  });
});

describe("a job's predecessor", () => {
  it('has pods that are no strangers to it: they go with it', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    bed.server.remove(JOBS, 'lung', NAMESPACE);
    for (const { metadata } of bed.server.objects(PODS)) {
      const pod = bed.pod(metadata.name ?? '');
      if (pod !== undefined) bed.server.put(PODS, pod);
    }
    await bed.submit();
    await bed.pass();
    expect(bed.status().warnings?.map(({ reason }) => reason) ?? []).not.toContain('ForeignPods');
  });
});

function owner(change: object): object {
  return {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: 'WsiTrainingJob',
    name: 'lung',
    uid: '',
    controller: true,
    ...change,
  };
}
