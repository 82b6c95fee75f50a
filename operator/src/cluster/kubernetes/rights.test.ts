import { expect, it } from '@jest/globals';
import { API_VERSION, KIND } from '@wsi-operator/api';
import { apiVersionOf, EventRecorder, LeaderElector, type KubernetesObject } from '@wsi-operator/controller';
import type { FakeRequest } from '@wsi-operator/controller/testing';
import type { Action } from '../../job/actions.ts';
import { certificateRequest } from '../../plan/certificates.ts';
import { GANG_RESOURCES } from '../../gangs/index.ts';
import { REMOVABLE_KINDS } from '../../plan/owned-objects.ts';
import { KubernetesBed, NAMESPACE, until } from '../../testing/kubernetes-bed.ts';
import { attributesOf } from '../../testing/rights.ts';
import { TokenAccounts } from '../../testing/token-accounts.ts';
import { reviewToken } from '../../service/secure-metrics/token-review.ts';
import { JOBS, OWNED, PODS, SECRETS } from './resources.ts';
import { RIGHTS } from './rights.ts';

const KEY = `${NAMESPACE}/lung`;
const GANGS = Object.values(GANG_RESOURCES).flat();

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

/** `VERB RESOURCE.GROUP` of all requests. */
function used(requests: readonly FakeRequest[]): string[] {
  const asked = requests.map(attributesOf).filter((each) => each !== undefined);
  return sorted(asked.map(({ verb, group, resource }) => `${verb} ${resource}.${group}`));
}

class Scenario {
  readonly bed: KubernetesBed;
  readonly owner: object;

  constructor(bed: KubernetesBed, job: KubernetesObject) {
    this.bed = bed;
    const { uid } = job.metadata;
    this.owner = { apiVersion: API_VERSION, kind: KIND, name: 'lung', uid, controller: true };
  }

  own(apiVersion: string, kind: string): KubernetesObject {
    const labels = { 'app.kubernetes.io/managed-by': 'wsi-operator' };
    const metadata = { name: 'own', namespace: NAMESPACE, labels, ownerReferences: [this.owner] };
    return { apiVersion, kind, metadata } as KubernetesObject;
  }

  apply(action: unknown): Promise<void> {
    return this.bed.cluster.apply(KEY, action as Action);
  }
}

it('every right is used by some call, and no call lacks one', async () => {
  const resources = GANGS.map((resource) => ({ ...resource, status: true }));
  const accounts = new TokenAccounts();
  await using bed = await KubernetesBed.start({ server: { resources, answerTo: accounts.answerTo } });
  await until('all gangs are served', () => bed.cluster.gangs.length === Object.keys(GANG_RESOURCES).length);
  await until('all are watched', () => {
    const watched = bed.server.requests.filter(({ verb }) => verb === 'watch');
    return new Set(watched.map(({ path }) => path)).size >= GANGS.length + OWNED.length + 2;
  });
  const job = await bed.submit();
  await bed.cluster.observe(KEY);
  const scenario = new Scenario(bed, job);
  // What is there already is not in the caches.
  bed.server.freezeWatches();
  for (const resource of [...OWNED, ...GANGS.filter(({ use }) => use === 'owned')]) {
    const { kind } = resource;
    const object = scenario.own(apiVersionOf(resource), kind);
    bed.server.put(resource, object);
    await scenario.apply({ kind: 'apply', object });
    const named = { apiVersion: object.apiVersion, objectKind: kind, name: 'own' };
    if (object.apiVersion.startsWith('kueue')) {
      const stale = { ...named, kind: 'patchStatus', resourceVersion: '1', status: {} };
      await expect(scenario.apply(stale)).rejects.toMatchObject({ code: 'StaleGeneration' });
    }
    const mayGo = REMOVABLE_KINDS.includes(kind) || !OWNED.some((each) => each.kind === kind);
    if (mayGo) await scenario.apply({ ...named, kind: 'delete' });
  }
  const pod = scenario.own('v1', 'Pod');
  bed.server.put(PODS, pod);
  await scenario.apply({ kind: 'createPod', object: pod });
  await scenario.apply({ kind: 'deletePod', name: 'own' });
  const seen = await bed.cluster.observe(KEY);
  const request = certificateRequest(seen!.job);
  bed.server.put(SECRETS, {
    metadata: { name: request.secretName, namespace: NAMESPACE, ownerReferences: [scenario.owner] },
  });
  await scenario.apply({ kind: 'issueCertificates', request });
  await scenario.apply({ kind: 'delete', apiVersion: 'v1', objectKind: 'Secret', name: request.secretName });
  bed.server.put(JOBS, { ...job, metadata: { ...job.metadata, labels: { changed: 'yes' } } });
  await expect(bed.cluster.writeStatus(KEY, {})).rejects.toMatchObject({ code: 'StaleGeneration' });
  await scenario.apply({ kind: 'deleteJob' });
  await lead(bed);
  await report(bed);
  const token = accounts.add('token', { user: 'prometheus', mayGetMetrics: true });
  expect(await reviewToken(bed.server.newClient(), token, {})).toEqual({ kind: 'allowed' });
  const rights = RIGHTS.flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => `${verb} ${resource}.${group}`),
  );
  const uncalled = `update ${JOBS.plural}/finalizers.${JOBS.group}`;
  expect(used(bed.server.requests)).toEqual(sorted(rights.filter((right) => right !== uncalled)));
});

async function lead(bed: KubernetesBed): Promise<void> {
  const client = bed.server.newClient();
  const elector = new LeaderElector({ client, namespace: 'wsi-system', name: 'wsi-operator', identity: 'a' });
  expect(await elector.run(new AbortController().signal, () => Promise.resolve())).toBe('stopped');
}

async function report(bed: KubernetesBed): Promise<void> {
  const client = bed.server.newClient();
  const events = new EventRecorder({ client, component: 'wsi.dev/operator', instance: 'a' });
  for (let count = 0; count < 2; count += 1) {
    events.record(
      { namespace: NAMESPACE, name: 'lung' },
      { type: 'Normal', reason: 'Said', message: 'twice' },
    );
    await events.flush();
  }
}
