/** Sample jobs are valid, are about what their names say, and fit what else is in the repository. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import {
  DEFAULT_ISOLATION,
  isolationProblems,
  jobFromText,
  slideDirectory,
  validate,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import { ROOT } from './permissions.ts';

const SAMPLES = `${ROOT}manifests/samples/`;
const names = readdirSync(SAMPLES).filter((name) => name.endsWith('.yaml'));
const text = (name: string): string => readFileSync(`${SAMPLES}${name}`, 'utf8');
const job = (name: string): WsiTrainingJob => jobFromText(text(name), name);

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}
const documents = (name: string): Document[] => loadAll(text(name)) as Document[];

const ON_THIS_MACHINE = ['autoscaling.yaml', 'cooccurrence.yaml', 'mnist-bags.yaml', 'survival.yaml'];
const onCluster = names.filter((name) => !ON_THIS_MACHINE.includes(name));

test('the samples cover everything', () => {
  const wanted = [
    'minimal',
    'head-and-neck-survival',
    'ovarian-radiotherapy',
    'claims-and-storage',
    's3',
    'features',
  ];
  const devices = ['gpu', 'gpu-mig', 'kueue', 'volcano'];
  expect(onCluster).toEqual([...wanted, ...devices].map((name) => `${name}.yaml`).sort());
});

describe.each(names)('%s', (name) => {
  test('is a valid job, as it is and with its defaults', () => {
    const whole = job(name);
    expect(validate(whole).problems ?? []).toEqual([]);
  });

  test('asks for nothing that the default isolation does not allow', () => {
    expect(isolationProblems(job(name), DEFAULT_ISOLATION, { gang: 'none' })).toEqual([]);
  });

  test('begins by saying what it is', () => {
    expect(text(name)).toMatch(/^# [^\n]{20,}\n/);
  });
});

describe.each(onCluster)('%s, on a cluster', (name) => {
  test('keeps its output and finds its data', () => {
    const { storage, cohort } = job(name).spec;
    expect(storage.output).toBeDefined();
    const inStore = cohort.table.startsWith('s3://') && slideDirectory(cohort).path.startsWith('s3://');
    expect(inStore || storage.data !== undefined).toBe(true);
  });

  test('has a name of its own, for its objects have names made from it', () => {
    const others = onCluster.filter((other) => other !== name).map((other) => job(other).metadata.name);
    expect(others).not.toContain(job(name).metadata.name);
  });

  test('asks for no more than it limits', () => {
    const { coordinator, parameterServers, workers } = job(name).spec;
    for (const { template } of [coordinator, parameterServers, workers]) {
      for (const { resources } of template.spec?.containers ?? []) {
        const memory = [resources?.requests?.['memory'], resources?.limits?.['memory']];
        if (memory.includes(undefined)) continue;
        const [request = 0, limit = 0] = memory.map((quantity) => parseInt(String(quantity), 10));
        expect(String(memory[0]).replace(/\d+/, '')).toBe(String(memory[1]).replace(/\d+/, ''));
        expect(request).toBeLessThanOrEqual(limit);
      }
    }
  });
});

test('GPUs are asked for by workers only', () => {
  const devices = Object.fromEntries(
    ['gpu.yaml', 'gpu-mig.yaml'].map((name) => [
      name,
      job(name).spec.workers.template.spec?.containers?.flatMap(({ resources }) =>
        Object.keys(resources?.limits ?? {}).filter((resource) => resource.startsWith('nvidia.com/')),
      ),
    ]),
  );
  expect(devices).toEqual({ 'gpu.yaml': ['nvidia.com/gpu'], 'gpu-mig.yaml': ['nvidia.com/mig-1g.10gb'] });
});

test("the ovarian sample names the arms, and the head and neck one's spread is over its own workers", () => {
  expect(job('ovarian-radiotherapy.yaml').spec.cohort.outcome).toMatchObject({ treatment: 'radiotherapy' });
  const { metadata, spec } = job('head-and-neck-survival.yaml');
  expect(spec.workers.template.spec?.topologySpreadConstraints).toMatchObject([
    { labelSelector: { matchLabels: { 'wsi.dev/job-name': metadata.name, 'wsi.dev/role': 'worker' } } },
  ]);
});

test('the Kueue sample waits in a queue that manifests/kueue makes, in the namespace that may use it', () => {
  const objects = loadAll(readFileSync(`${ROOT}manifests/kueue/queues.yaml`, 'utf8')) as (Document & {
    spec: { clusterQueue?: string; resourceGroups?: { flavors: { name: string }[] }[] };
  })[];
  const kinds = (kind: string) => objects.filter((object) => object.kind === kind);
  const queue = kinds('LocalQueue').find(
    ({ metadata }) => metadata.name === job('kueue.yaml').spec.runPolicy.queue,
  );
  const clusterQueue = kinds('ClusterQueue').find(
    ({ metadata }) => metadata.name === queue?.spec.clusterQueue,
  );
  const flavours = clusterQueue?.spec.resourceGroups?.flatMap(({ flavors }) =>
    flavors.map(({ name }) => name),
  );
  expect(flavours).toEqual(kinds('ResourceFlavor').map(({ metadata }) => metadata.name));
});

test('claims that a sample makes are those that it uses', () => {
  const name = 'claims-and-storage.yaml';
  const claims = documents(name).filter(({ kind }) => kind === 'PersistentVolumeClaim');
  expect(claims.map(({ metadata }) => metadata.name)).toEqual([job(name).spec.storage.data?.claimName]);
});

test('images have the tag of the release', () => {
  const { appVersion } = load(readFileSync(`${ROOT}helm/wsi-operator/Chart.yaml`, 'utf8')) as {
    appVersion: string;
  };
  const images = names.flatMap((name) => text(name).match(/(?<=image: )\S+/g) ?? []);
  expect(images.filter((image) => !image.startsWith(`REGISTRY/wsi-operator/trainer:${appVersion}`))).toEqual(
    [],
  );
});
