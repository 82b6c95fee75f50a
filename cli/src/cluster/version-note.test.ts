import { expect, it } from '@jest/globals';
import { TestCluster } from '../testing/cluster.ts';
import { versionNote } from './version-note.ts';

const CRDS = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

async function noteFor(labels: Readonly<Record<string, string>> | undefined): Promise<string | undefined> {
  await using cluster = await TestCluster.start({ resources: [CRDS] });
  if (labels !== undefined) {
    cluster.put(CRDS, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'wsitrainingjobs.wsi.dev', labels },
    });
  }
  return await versionNote(cluster.session.client, '0.2.0');
}

it('a note names an operator and a program of different versions', async () => {
  const note = await noteFor({ 'app.kubernetes.io/version': '0.1.0' });
  expect(note).toMatch(/installed in version 0\.1\.0, this program is version 0\.2\.0/);
});

it.each([[{ 'app.kubernetes.io/version': '0.2.0' }], [{}], [undefined]])(
  'there is no note with the labels %j',
  async (labels) => {
    expect(await noteFor(labels)).toBeUndefined();
  },
);
