/** What the caches keep of objects that anyone may put into them. */
import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '@wsi-operator/controller';
import { KubernetesBed, manifest, NAMESPACE } from '../../testing/kubernetes-bed.ts';
import { OWNED, PODS } from './resources.ts';
import { trimJob, trimObject, trimPod } from './trim.ts';

const CONFIG_MAPS = OWNED.find(({ plural }) => plural === 'configmaps')!;
const long = 'x'.repeat(200_000);
const size = (value: unknown): number => JSON.stringify(value).length;
const labels = {
  'app.kubernetes.io/managed-by': 'wsi-operator',
  'wsi.dev/job-name': 'lung',
  'wsi.dev/role': 'worker',
  'wsi.dev/replica': '0',
};
const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`example.org/${index}`, 'x']));
const ours = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`wsi.dev/${index}`, 'x']));
const owner = {
  apiVersion: 'wsi.dev/v1alpha1',
  kind: 'WsiTrainingJob',
  name: 'lung',
  uid: 'u',
  controller: true,
};
const metadata = {
  name: 'lung-worker-0',
  namespace: NAMESPACE,
  uid: 'p',
  resourceVersion: '7',
  labels: { ...labels, ...many, ...ours },
  annotations: {
    'wsi.dev/revision': 'r',
    'kubectl.kubernetes.io/last-applied-configuration': long,
    big: long,
  },
  ownerReferences: [owner, ...Array.from({ length: 2_000 }, () => ({ ...owner, controller: false }))],
  finalizers: Array.from({ length: 2_000 }, (_, index) => `example.org/${index}`),
};
const container = { name: 'trainer', image: 'i', env: [{ name: 'A', value: long }] };

describe('what the caches keep', () => {
  it('of a pod that was made for a job is what the plan reads of it', () => {
    const spec = { containers: [container], nodeName: 'n' };
    const kept = trimPod({ apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { phase: 'Running' } });
    expect(kept.spec).toEqual({ nodeName: 'n', containers: [{ name: 'trainer' }] });
    expect(kept.metadata.labels).toMatchObject(labels);
    expect(kept.metadata.annotations).toEqual({ 'wsi.dev/revision': 'r' });
    expect(kept.metadata.ownerReferences).toEqual([owner]);
    expect(size(kept)).toBeLessThan(4_000);
  });

  it.each([
    ['the labels of its node', { nodeSelector: many, containers: [container] }],
    ['what it asks for', { containers: [{ ...container, resources: { requests: many } }] }],
    ['containers', { containers: Array.from({ length: 2_000 }, (_, index) => ({ name: `c${index}` })) }],
    ['init containers', { initContainers: [{ name: long }], containers: [container] }],
    ['gates', { schedulingGates: [{ name: long }], containers: [container] }],
  ])('of a pod that passes for one of a job is little, however long the list of %s is', (_what, spec) => {
    const full = { ...spec, nodeName: 'n' };
    const running = { name: 'trainer', state: { running: {} }, restartCount: 0, ready: true } as never;
    const status = { phase: 'Running', message: long, containerStatuses: [running] };
    const kept = trimPod({ apiVersion: 'v1', kind: 'Pod', metadata, spec: full, status });
    expect(size(kept)).toBeLessThan(6_000);
    expect(kept.spec).toEqual({ nodeName: 'n', containers: [{ name: 'trainer' }] });
    expect(kept.status).toEqual({ phase: 'Running', containerStatuses: [running] });
    const conditions = Array.from({ length: 2_000 }, () => ({ type: 'Ready', status: 'True' }));
    const crowded = { phase: 'Running', conditions, containerStatuses: [running] };
    expect(trimPod({ apiVersion: 'v1', kind: 'Pod', metadata, spec: full, status: crowded }).status).toEqual({
      phase: 'Running',
      containerStatuses: [running],
    });
  });

  it.each([
    ['no owner', { ownerReferences: [] }],
    ['a name of its own', { name: 'stranger' }],
  ])('of a pod with our labels and %s is its metadata', (_what, change) => {
    const spec = { containers: Array.from({ length: 100 }, () => container) };
    const kept = trimPod({ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, ...change }, spec });
    expect(Object.keys(kept).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
    expect(size(kept)).toBeLessThan(4_000);
  });

  it("of any other object is its metadata when it is not a job's, and digests of a ConfigMap", () => {
    const data = { 'job.yaml': long, other: long };
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data, binaryData: { b: long } };
    expect(size(trimObject(map))).toBeLessThan(4_000);
    expect(trimObject(map)).toMatchObject({
      digests: { 'job.yaml': expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const strange = { ...map, metadata: { ...metadata, ownerReferences: [] } };
    expect(Object.keys(trimObject(strange)).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
    const service: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: ours },
    };
    expect(size(trimObject(service))).toBeLessThan(64 * 1024 + 4_000);
  });

  it('of a job whose spec is too large is still whose it is, and when it goes', () => {
    const kept = { managedBy: 'example.org/other', runPolicy: { ttlSecondsAfterFinished: 60 } };
    const job = manifest('lung', { ...kept, cohort: long.repeat(2) });
    expect(trimJob({ ...job, metadata: { ...metadata, name: 'lung' } })).toMatchObject({
      spec: kept,
      oversized: size(job['spec']),
    });
    const nonsense = manifest('lung', { managedBy: long.repeat(2), runPolicy: long });
    expect(trimJob({ ...nonsense, metadata: { ...metadata, name: 'lung' } }).spec).toEqual({ runPolicy: {} });
  });

  it("of a job is no copy of its manifest, and no spec that is larger than any job's", async () => {
    const job = { ...manifest(), metadata: { ...metadata, name: 'lung', annotations: metadata.annotations } };
    expect(size(trimJob(job))).toBeLessThan(5_000);
    await using bed = await KubernetesBed.start();
    const template = {
      spec: {
        containers: [
          {
            name: 'trainer',
            env: [
              { name: 'A', value: long },
              { name: 'B', value: long },
            ],
          },
        ],
      },
    };
    await bed.submit(manifest('lung', { workers: { replicas: 1, template } }));
    await bed.passes();
    expect(bed.status().conditions?.find(({ type }) => type === 'Running')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('at most 256'),
    });
    expect(bed.server.objects(PODS)).toEqual([]);
    await bed.submit();
    await bed.passes();
    expect(bed.server.objects(PODS).length).toBe(2);
  });

  it('still notices that the job file has been changed, and that it is as it was', async () => {
    await using bed = await KubernetesBed.start();
    await bed.submit();
    await bed.passes();
    const [map] = bed.server.objects<KubernetesObject & { data: Record<string, string> }>(CONFIG_MAPS);
    const { data } = structuredClone(map!);
    bed.takeRequests();
    bed.server.put(CONFIG_MAPS, { ...map, data: { ...data, 'of-another': 'x' } });
    await bed.settle();
    await bed.passes();
    expect(bed.takeRequests().filter((request) => request.includes('configmaps'))).toEqual([]);
    bed.server.put(CONFIG_MAPS, { ...map, data: { 'job.yaml': 'kind: Mischief' } });
    await bed.settle();
    await bed.passes();
    expect(bed.server.objects(CONFIG_MAPS)[0]).toMatchObject({ data });
  });
});
