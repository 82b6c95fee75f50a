/* eslint-disable max-lines -- all actions against one fake API server */
import { describe, expect, it } from '@jest/globals';
import { findCondition, isTrue } from '@wsi-operator/api';
import { Refusal } from '@wsi-operator/controller/testing';
import { KubernetesBed, manifest, NAMESPACE, until } from '../../testing/kubernetes-bed.ts';
import { JOBS, OWNED, PODS, SECRETS } from './resources.ts';

const [SERVICES, CONFIG_MAPS, CLAIMS] = OWNED as [
  (typeof OWNED)[number],
  (typeof OWNED)[number],
  (typeof OWNED)[number],
];

/** A job whose four pods run. */
async function running(bed: KubernetesBed): Promise<void> {
  await bed.submit();
  await bed.passes();
  for (let round = 0; round < 2; round += 1) {
    bed.startPods();
    await bed.settle();
    await bed.passes();
  }
  expect(bed.status().phase).toBe('Running');
  bed.takeRequests();
  bed.events.length = 0;
}

describe('KubernetesCluster', () => {
  it('turns a job into its objects, certificates and pods, runs it and cleans up', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    expect(bed.names(PODS)).toEqual([
      'lung-coordinator-0',
      'lung-server-0',
      'lung-worker-0',
      'lung-worker-1',
    ]);
    expect(bed.names(SERVICES)).toEqual(['lung']);
    expect(bed.names(CONFIG_MAPS)).toEqual(['lung-job']);
    expect(bed.names(SECRETS)).toEqual(['lung-tls']);
    const owners = bed.server.objects(JOBS).map(({ metadata }) => metadata.uid);
    for (const resource of [PODS, SERVICES, CONFIG_MAPS, SECRETS]) {
      for (const { metadata } of bed.server.objects(resource)) {
        expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(owners);
      }
    }
    const result = { parametersSha256: 'a'.repeat(64), steps: 7, tiles: 9, tilesPerSecond: 3 };
    const message = JSON.stringify({ ...result, metrics: { loss: 1 }, peakMemoryBytes: {} });
    bed.endPod('lung-coordinator-0', 0, message);
    await bed.settle();
    await bed.passes();
    expect(bed.status().phase).toBe('Succeeded');
    expect(bed.status().parametersSha256).toBe(result.parametersSha256);
    expect(findCondition(bed.status().conditions, 'Succeeded')?.reason).toBe('TrainingCompleted');
    expect(bed.events.every(({ regarding }) => regarding.uid === owners[0])).toBe(true);
  });

  it('makes few requests for a job, none for a pass over one that needs nothing, and lists nothing', async () => {
    await using bed = await KubernetesBed.start();
    bed.takeRequests();
    await bed.submit();
    await bed.passes();
    const requests = bed.takeRequests();
    const writes = requests.filter((request) => !request.startsWith('apply wsitrainingjobs/status'));
    // The objects once each, the Secret without a read before it.
    expect([...writes].sort()).toEqual([...new Set(writes), 'create pods'].sort());
    expect(requests.some((request) => request.startsWith('list') || request.startsWith('get'))).toBe(false);
    bed.startPods();
    await bed.settle();
    await bed.passes();
    bed.takeRequests();
    for (let round = 0; round < 5; round += 1) await bed.pass();
    expect(bed.takeRequests()).toEqual([]);
  });

  it('does nothing twice while the caches are behind its own writes', async () => {
    await using bed = await KubernetesBed.start();
    await bed.submit();
    bed.server.freezeWatches();
    for (let round = 0; round < 6; round += 1) await bed.pass();
    const requests = bed.takeRequests().filter((request) => request.startsWith('create'));
    expect(requests.filter((request) => request === 'create pods').length).toBe(2);
    expect(new Set(requests).size).toBe(requests.length - 1);
    const reported = bed.events.map(({ reason, message }) => `${reason} ${message}`);
    expect(new Set(reported).size).toBe(reported.length);
  });

  it('counts an end once, and reports it once, though the cached job never shows the count', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    bed.endPod('lung-worker-1', 1, 'Internal: out of luck');
    await bed.settle();
    bed.server.freezeWatches();
    for (let round = 0; round < 5; round += 1) await bed.pass();
    const [record] = bed.status().failures ?? [];
    expect([record?.pod, record?.failures]).toEqual(['lung-worker-1', 1]);
    expect(bed.events.filter(({ reason }) => reason === 'PodCrashed').length).toBe(1);
  });

  it('sees that a pod is gone though the answer to its deletion comes later than the news', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    const key = `${NAMESPACE}/lung`;
    await bed.cluster.observe(key);
    const pods = bed.server.objects(PODS);
    // The deletion is carried out by somebody else while ours hangs.
    const answer = Promise.withResolvers<undefined>();
    bed.server.delay(answer.promise, { match: ({ verb }) => verb === 'delete' });
    const deleting = bed.cluster.apply(key, { kind: 'deletePod', name: 'lung-worker-1' });
    bed.server.remove(PODS, 'lung-worker-1', NAMESPACE);
    await bed.settle();
    answer.resolve(undefined);
    await deleting;
    const seen = await bed.cluster.observe(key);
    expect(seen?.observed.pods.length).toBe(pods.length - 1);
  });

  it('reads the step of the checkpoint that a suspended job leaves from the last state of a pod that is gone', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    const coordinator = bed.pod('lung-coordinator-0')!;
    bed.server.put(PODS, { ...coordinator, spec: { ...(coordinator['spec'] as object), nodeName: 'one' } });
    const [stored] = bed.server.objects(JOBS);
    bed.server.put(JOBS, { ...stored!, spec: { ...(stored!['spec'] as object), suspend: true } });
    await bed.settle();
    await bed.pass();
    expect(bed.pod('lung-coordinator-0')?.metadata.deletionTimestamp).toBeDefined();
    // As with a kubelet that is fast: between two passes the pod has ended and is gone.
    bed.endPod('lung-coordinator-0', 143, '{"checkpointStep":41}\n');
    bed.server.remove(PODS, 'lung-coordinator-0', NAMESPACE);
    await bed.settle();
    await bed.passes();
    expect(isTrue(bed.status().conditions, 'Suspended')).toBe(true);
    expect(bed.status().checkpoint).toEqual({ step: 41 });
  });

  it('starts from what is there when somebody else has written the status meanwhile', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    bed.server.freezeWatches();
    const [job] = bed.server.objects(JOBS);
    const time = '2026-01-01T00:00:00Z';
    const ended = {
      type: 'Failed',
      status: 'True',
      reason: 'DeadlineExceeded',
      message: '',
      lastTransitionTime: time,
    };
    bed.server.put(JOBS, { ...job, status: { ...bed.status(), conditions: [ended], completionTime: time } });
    // The caches know of no end: a pass wants to write that a pod is gone.
    const pods = bed.server.objects(PODS).length;
    await bed.cluster.observe(`${NAMESPACE}/lung`);
    const written = bed.cluster.writeStatus(`${NAMESPACE}/lung`, { ...bed.status(), conditions: [] });
    await expect(written).rejects.toMatchObject({ code: 'StaleGeneration', retryable: true });
    expect(findCondition(bed.status().conditions, 'Failed')).toEqual(ended);
    // The next read is a fresh one.
    const seen = await bed.cluster.observe(`${NAMESPACE}/lung`);
    expect(isTrue(seen?.job.status?.conditions, 'Failed')).toBe(true);
    await bed.pass();
    expect(bed.server.objects(PODS).length).toBeLessThan(pods);
  });

  it('does not write to a job of the same name that was made meanwhile, nor take its predecessor’s pods', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    await bed.cluster.observe(`${NAMESPACE}/lung`);
    const old = bed.server.objects(PODS).map(({ metadata }) => metadata.uid);
    // The garbage collector is slow here: the pods stay.
    const pods = bed.server.objects(PODS);
    bed.server.remove(JOBS, 'lung', NAMESPACE);
    await bed.submit();
    for (const pod of pods) bed.server.put(PODS, pod);
    await bed.settle();
    const uid = bed.server.objects(JOBS)[0]?.metadata.uid;
    await expect(bed.passes()).rejects.toThrow(/still there from a deleted job of this name/);
    expect(bed.status().coordinator?.replicas).toBe(0);
    for (const { metadata } of pods) bed.server.remove(PODS, metadata.name ?? '', NAMESPACE);
    await bed.settle();
    await bed.passes();
    const made = bed.server.objects(PODS);
    expect(made.length).toBe(2);
    expect(made.every(({ metadata }) => metadata.ownerReferences?.[0]?.uid === uid)).toBe(true);
    expect(made.some(({ metadata }) => old.includes(metadata.uid))).toBe(false);
  });

  it('touches no object that is not the job’s, says whose name is in the way, and goes on when it is gone', async () => {
    await using bed = await KubernetesBed.start();
    const foreign = { metadata: { name: 'lung', namespace: NAMESPACE }, spec: { clusterIP: '10.0.0.1' } };
    const theirs = bed.server.put(SERVICES, foreign);
    const pod = bed.server.put(PODS, {
      metadata: { name: 'lung-server-0', namespace: NAMESPACE },
      spec: { containers: [] },
    });
    await bed.submit();
    for (let round = 0; round < 3; round += 1) await bed.pass();
    expect(bed.server.objects(SERVICES)).toEqual([theirs]);
    expect(bed.pod('lung-server-0')).toEqual(pod);
    expect(bed.names(PODS)).toEqual(['lung-server-0']);
    const said = bed.events.filter(({ reason }) => reason === 'ActionFailed').map(({ message }) => message);
    expect(said[0]).toMatch(/Service default\/lung: the name is taken by an object that is not of this job/);
    expect(findCondition(bed.status().conditions, 'Running')?.message).toMatch(/name is taken/);
    bed.server.remove(SERVICES, 'lung', NAMESPACE);
    await bed.settle();
    await until('it is asked again', async () => (await bed.pass()).kind === 'done');
    await bed.pass();
    expect(bed.pod('lung-server-0')).toEqual(pod);
    expect(bed.names(PODS)).toEqual(['lung-coordinator-0', 'lung-server-0']);
  });

  it('reports a quota in the conditions, does not ask again at once, and goes on when there is room', async () => {
    let full = true;
    const message =
      'pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1';
    await using bed = await KubernetesBed.start({
      server: {
        authorize: ({ verb, resource }) =>
          full && verb === 'create' && resource?.plural === 'pods'
            ? new Refusal(403, 'Forbidden', message)
            : undefined,
      },
    });
    await bed.submit();
    await expect(bed.passes()).rejects.toThrow(/exceeded quota/);
    for (let round = 0; round < 5; round += 1) expect((await bed.pass()).kind).toBe('failed');
    const asked = bed.takeRequests().filter((request) => request === 'create pods').length;
    expect(asked).toBe(2);
    const condition = findCondition(bed.status().conditions, 'Running');
    expect([condition?.status, condition?.reason]).toEqual(['False', 'QuotaExceeded']);
    expect(condition?.message).toBe(`cannot create Pod lung-coordinator-0: ${message}. (and 1 more like it)`);
    // One event for each pod that was refused, however often the loop has come back.
    expect(bed.events.filter(({ reason }) => reason === 'ActionFailed').length).toBe(1);
    full = false;
    await until('it is asked again', async () => (await bed.pass()).kind === 'done');
    expect(bed.names(PODS).length).toBe(2);
  });

  it('repairs what somebody has changed or deleted', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    const [configMap] = bed.server.objects(CONFIG_MAPS);
    bed.server.put(CONFIG_MAPS, { ...configMap, data: { 'job.yaml': 'rubbish' } });
    bed.server.remove(SERVICES, 'lung', NAMESPACE);
    await bed.settle();
    await bed.passes();
    expect(bed.server.objects(CONFIG_MAPS)[0]?.['data']).toEqual(configMap?.['data']);
    expect(bed.names(SERVICES)).toEqual(['lung']);
    expect(bed.takeRequests()).toEqual(expect.arrayContaining(['apply configmaps', 'create services']));
  });

  it('does not fight without end with somebody who undoes what it repairs', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    const [configMap] = bed.server.objects(CONFIG_MAPS);
    for (let round = 0; round < 30; round += 1) {
      bed.server.put(CONFIG_MAPS, { ...configMap, data: { 'job.yaml': 'rubbish' } });
      await bed.settle();
      await bed.pass();
    }
    const repairs = bed.takeRequests().filter((request) => request === 'apply configmaps');
    expect(repairs.length).toBeLessThan(20);
    expect(repairs.length).toBeGreaterThan(5);
    const said = bed.events.filter(({ reason }) => reason === 'ActionFailed').map(({ message }) => message);
    expect(said[0]).toMatch(
      /^ConfigMap default\/lung-job: somebody else changes or deletes it again and again/,
    );
    // The others are reconciled as before.
    bed.server.remove(SERVICES, 'lung', NAMESPACE);
    await bed.settle();
    await bed.pass();
    expect(bed.names(SERVICES)).toEqual(['lung']);
    expect(bed.status().phase).toBe('Running');
  });

  it('names the wrong field of a job that got past the server, leaves it alone, and runs it when it is mended', async () => {
    await using bed = await KubernetesBed.start();
    await bed.submit(manifest('lung', { workers: { replicas: 'many' } }));
    await bed.passes();
    const condition = findCondition(bed.status().conditions, 'Running');
    expect([condition?.status, condition?.reason]).toEqual(['False', 'InvalidSpec']);
    expect(condition?.message).toContain('spec.workers.replicas');
    expect(bed.names(PODS)).toEqual([]);
    bed.takeRequests();
    await bed.pass();
    expect(bed.takeRequests()).toEqual([]);
    await bed.submit({ ...manifest(), metadata: { ...manifest().metadata, generation: 2 } });
    await bed.passes();
    expect(bed.names(PODS).length).toBe(2);
  });

  it('leaves the pods of a job alone that was stored when http:// needed no word, and says what it needs now', async () => {
    await using bed = await KubernetesBed.start();
    await bed.submit(manifest());
    await bed.passes();
    expect(bed.names(PODS).length).toBe(2);
    // As an operator finds it that knows the rule, where the one before it did not.
    const { cohort } = manifest().spec as { cohort: object };
    const endpoint = 'http://minio.storage.svc:9000';
    const s3 = { endpoint, forcePathStyle: true };
    const stored = (more: object): object => ({ cohort: { ...cohort, s3: { ...s3, ...more } } });
    const again = (more: object, generation: number): ReturnType<typeof manifest> => {
      const next = manifest('lung', stored(more));
      return { ...next, metadata: { ...next.metadata, generation } };
    };
    await bed.submit(again({}, 2));
    bed.takeRequests();
    await bed.passes();
    const condition = findCondition(bed.status().conditions, 'Running');
    expect([condition?.status, condition?.reason]).toEqual(['False', 'InvalidSpec']);
    expect(condition?.message).toMatch(/spec\.cohort\.s3\.endpoint.*https:\/\/ unless insecure is true/u);
    expect(bed.names(PODS).length).toBe(2);
    expect(bed.takeRequests().filter((request) => /pods/u.test(request))).toEqual([]);
    await bed.submit(again({ insecure: true }, 3));
    await bed.passes();
    expect(findCondition(bed.status().conditions, 'Running')?.reason).not.toBe('InvalidSpec');
  });

  it.each([
    ['managedBy', { managedBy: 'example.org/queue' }],
    ['its old place', { runPolicy: { managedBy: 'example.org/queue' } }],
  ])('leaves jobs of another controller alone, by %s', async (_, spec) => {
    await using bed = await KubernetesBed.start();
    await bed.submit(manifest('lung', spec));
    bed.takeRequests();
    expect(await bed.pass()).toEqual({ kind: 'gone' });
    expect(bed.takeRequests()).toEqual([]);
    expect(bed.status()).toEqual({});
  });

  it('writes nothing once another process leads', async () => {
    let leads = true;
    await using bed = await KubernetesBed.start({ mayWrite: () => leads });
    await bed.submit();
    leads = false;
    bed.takeRequests();
    expect((await bed.pass()).kind).toBe('failed');
    expect(bed.takeRequests()).toEqual([]);
  });

  it('uses the claim that an earlier job of the name has left, and a Secret that was there already', async () => {
    await using bed = await KubernetesBed.start();
    const storage = { output: { size: '1Gi', retain: true } };
    await bed.submit(manifest('lung', { storage }));
    await bed.passes();
    const [claim] = bed.server.objects(CLAIMS);
    expect(claim?.metadata.ownerReferences).toBeUndefined();
    const [secret] = bed.server.objects(SECRETS);
    // A new process that has not seen the first one's Secret.
    await using second = await KubernetesBed.start();
    const job = await second.submit(manifest('lung', { storage }));
    second.server.put(CLAIMS, claim as object);
    const owner = { ...secret?.metadata.ownerReferences?.[0], uid: job.metadata.uid };
    second.server.put(SECRETS, { ...secret, metadata: { ...secret?.metadata, ownerReferences: [owner] } });
    await second.settle();
    await second.passes();
    expect(second.server.objects(SECRETS)[0]?.['data']).toEqual(secret?.['data']);
    expect(second.names(CLAIMS)).toEqual(['lung-output']);
    expect(second.names(PODS)).toEqual(['lung-coordinator-0', 'lung-server-0']);
  });

  it('removes a job whose time has come in the foreground, by its uid, and asks once', async () => {
    await using bed = await KubernetesBed.start();
    await bed.submit();
    const [job] = bed.server.objects(JOBS);
    bed.server.put(JOBS, { ...job, metadata: { ...job?.metadata, finalizers: ['example.com/keep'] } });
    await bed.settle();
    await bed.cluster.observe(`${NAMESPACE}/lung`);
    bed.takeRequests();
    await bed.cluster.apply(`${NAMESPACE}/lung`, { kind: 'deleteJob' });
    await bed.cluster.observe(`${NAMESPACE}/lung`);
    await bed.cluster.apply(`${NAMESPACE}/lung`, { kind: 'deleteJob' });
    expect(bed.takeRequests()).toEqual(['delete wsitrainingjobs']);
    expect(bed.server.objects(JOBS)[0]?.metadata.deletionTimestamp).toBeDefined();
  });

  it('takes over from a leader whose last word the caches have not heard', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    bed.server.freezeWatches();
    const [job] = bed.server.objects(JOBS);
    const condition = { type: 'Succeeded', status: 'True', reason: 'TrainingCompleted', message: '' };
    const conditions = [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }];
    bed.server.put(JOBS, { ...job, status: { ...bed.status(), conditions } });
    await bed.cluster.catchUp(new AbortController().signal);
    const seen = await bed.cluster.observe(`${NAMESPACE}/lung`);
    expect(isTrue(seen?.job.status?.conditions, 'Succeeded')).toBe(true);
  });

  it('forgets a job that is gone', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    bed.server.remove(JOBS, 'lung', NAMESPACE);
    await bed.settle();
    await bed.settle();
    expect(await bed.pass()).toEqual({ kind: 'gone' });
    expect(bed.cluster.caches.writes.size).toBe(0);
    expect(bed.cluster.caches.jobs()).toEqual([]);
  });

  it('forgets what it did for a job while the news came that it is gone', async () => {
    await using bed = await KubernetesBed.start();
    await running(bed);
    await bed.submit(manifest('lung', { workers: { replicas: 3 } }));
    const answer = Promise.withResolvers<undefined>();
    bed.server.delay(answer.promise, { match: ({ verb }) => verb === 'create' });
    const pass = bed.pass();
    await until('a pod is asked for', () => bed.server.requests.some(({ verb }) => verb === 'create'));
    bed.server.remove(JOBS, 'lung', NAMESPACE);
    await bed.settle();
    bed.server.freezeWatches();
    answer.resolve(undefined);
    await pass;
    expect(bed.cluster.caches.writes.size).toBeGreaterThan(0);
    expect(await bed.pass()).toEqual({ kind: 'gone' });
    expect(bed.cluster.caches.writes.size).toBe(0);
  });

  it('reconciles jobs of the chosen namespaces only', async () => {
    await using bed = await KubernetesBed.start({ namespaces: ['here', 'there'] });
    const elsewhere = manifest();
    for (const namespace of ['here', 'there', NAMESPACE]) {
      bed.server.put(JOBS, { ...elsewhere, metadata: { name: 'lung', namespace } });
    }
    await bed.settle();
    for (let round = 0; round < 2; round += 1) {
      for (const namespace of ['here', 'there', NAMESPACE])
        await bed.reconciler.reconcile(`${namespace}/lung`);
    }
    const namespaces = bed.server.objects(PODS).map(({ metadata }) => metadata.namespace);
    expect([...new Set(namespaces)].sort()).toEqual(['here', 'there']);
    const listed = bed.server.requests.filter(({ verb }) => verb === 'list');
    expect(listed.every(({ namespace }) => namespace === 'here' || namespace === 'there')).toBe(true);
  });
});
