/* eslint-disable max-lines -- all verbs against one fake API server */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from './api-error.ts';
import { ApiClient } from './api-client.ts';
import type { KubernetesObject, Resource } from './objects.ts';
import type { RequestInfo } from './http-client.ts';
import {
  ManualClock,
  Refusal,
  scaledClock,
  startFakeApiServer,
  type FakeApiServer,
} from './testing/index.ts';
import { builtInResources } from './testing/fake-resources.ts';

const resource = (plural: string): Resource => builtInResources.find((each) => each.plural === plural)!;
const pods = resource('pods');
const configMaps = resource('configmaps');
const leases = resource('leases');
const jobs = {
  group: 'x.dev',
  version: 'v1',
  plural: 'things',
  kind: 'Thing',
  namespaced: true,
  status: true,
};

const configMap = (name: string, data: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n' },
  data,
});
const thing = (name: string, more: object = {}): KubernetesObject => ({
  apiVersion: 'x.dev/v1',
  kind: 'Thing',
  metadata: { name, namespace: 'n' },
  ...more,
});

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe('ApiClient', () => {
  let server: FakeApiServer;
  let client: ApiClient;
  const clock = scaledClock(100);
  let infos: RequestInfo[];

  beforeEach(async () => {
    server = await startFakeApiServer({ resources: [jobs] });
    infos = [];
    client = server.newClient({ clock, onRequest: (info) => infos.push(info) });
  });
  afterEach(async () => server.close());

  it('creates, reads, lists, patches, replaces and deletes', async () => {
    const made = await client.create<KubernetesObject>(configMaps, configMap('a', { x: '1' }));
    expect(made.metadata.uid).toBeDefined();
    expect(await client.get(configMaps, 'none', 'n')).toBeUndefined();
    const patched = await client.patch<KubernetesObject>(configMaps, 'a', 'n', { data: { y: '2' } });
    expect(patched['data']).toEqual({ x: '1', y: '2' });
    expect((await failure(client.replace(configMaps, { ...made, data: {} }))).isConflict).toBe(true);
    await client.replace(configMaps, { ...patched, data: { z: '3' } });
    expect((await client.list<KubernetesObject>(configMaps, { namespace: 'n' })).items).toMatchObject([
      { apiVersion: 'v1', kind: 'ConfigMap', data: { z: '3' } },
    ]);
    expect(await client.delete(configMaps, 'a', 'n', { uid: 'another' })).toBe(false);
    expect(await client.delete(configMaps, 'a', 'n', { uid: made.metadata.uid })).toBe(true);
    expect(await client.delete(configMaps, 'a', 'n')).toBe(false);
    expect(infos.map(({ verb, status }) => `${verb} ${status}`)).toEqual([
      'create 201',
      'get 404',
      'patch 200',
      'update 409',
      'update 200',
      'list 200',
      'delete 409',
      'delete 200',
      'delete 404',
    ]);
  });

  it('lists in pages, with selectors, at one version', async () => {
    for (let index = 0; index < 7; index += 1) {
      server.put(configMaps, {
        ...configMap(`c${index}`),
        metadata: { name: `c${index}`, namespace: 'n', labels: { odd: String(index % 2 === 1) } },
      });
    }
    const all = await client.list<KubernetesObject>(configMaps, { pageSize: 3 });
    expect(all.items.map((item) => item.metadata.name)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
    expect(all.resourceVersion).toBe(server.resourceVersion);
    expect(server.requests).toHaveLength(3);
    const odd = await client.list<KubernetesObject>(configMaps, { labelSelector: 'odd in (true,maybe)' });
    expect(odd.items).toHaveLength(3);
    const one = await client.list<KubernetesObject>(configMaps, { fieldSelector: 'metadata.name=c4' });
    expect(one.items).toHaveLength(1);
  });

  it('lists large objects in pages that are small enough, and small ones in large pages again', async () => {
    const put = (name: string, length: number): void => {
      server.put(configMaps, { ...configMap(name), data: { text: 'x'.repeat(length) } });
    };
    for (let index = 0; index < 20; index += 1) put(`large-${index}`, 900_000);
    // One that is larger than a page, which no real server stores, is taken all the same.
    put('largest', 17_000_000);
    for (let index = 0; index < 300; index += 1) put(`small-${index}`, 10);
    const sizes: number[] = [];
    let found = 0;
    for await (const { items } of server.newClient().pages<KubernetesObject>(configMaps)) {
      found += items.length;
      sizes.push(JSON.stringify(items).length);
    }
    expect(found).toBe(321);
    expect(sizes.filter((size) => size > 16 * 2 ** 20).length).toBe(1);
    expect(sizes.length).toBeLessThan(30);
  });

  it('reports what the server refuses, where and why', async () => {
    await client.create(configMaps, configMap('a'));
    const twice = await failure(client.create(configMaps, configMap('a')));
    expect(twice).toMatchObject({
      status: 409,
      reason: 'AlreadyExists',
      isAlreadyExists: true,
      isConflict: false,
    });
    expect(twice.message).toContain('/api/v1/namespaces/n/configmaps');
    server.answer(403, { message: 'configmaps is forbidden: User "x" cannot list resource "configmaps"' });
    const forbidden = await failure(client.list(configMaps));
    expect(forbidden.message).toMatch(/cannot list resource.*Grant this right/);
    await expect(client.get(configMaps, 'a')).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('waits as long as 429 asks, also before a create', async () => {
    server.answer(429, { retryAfterSeconds: 3, times: 2 });
    const start = clock.monotonic();
    await client.create(configMaps, configMap('a'));
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(6000);
    expect(infos.map((info) => info.status)).toEqual([429, 429, 201]);
  });

  it('repeats what may be repeated, and nothing else', async () => {
    server.answer(503, { times: 2 });
    server.closeConnections({ times: 1 });
    expect(await client.get(configMaps, 'a', 'n')).toBeUndefined();
    expect(infos.map((info) => info.status)).toEqual([503, 503, 0, 404]);
    server.closeConnections({ after: true });
    expect(await failure(client.create(configMaps, configMap('a')))).toMatchObject({
      reason: 'ConnectionFailed',
      retryable: true,
    });
    expect(server.objects(configMaps)).toHaveLength(1);
    server.closeConnections({ after: true });
    await client.apply(configMaps, configMap('a', { x: '1' }), { fieldManager: 'm' });
    server.answer(500);
    expect(await failure(client.delete(configMaps, 'a', 'n'))).toMatchObject({ status: 500 });
    const before = server.requests.length;
    server.answer(500, { times: 100 });
    expect(await failure(client.list(configMaps))).toMatchObject({ status: 500 });
    expect(server.requests.length - before).toBe(6);
  });

  it('survives a server that is down for a while, and gives up at the deadline', async () => {
    await server.stop();
    const waiting = client.create(configMaps, configMap('a'));
    await clock.sleep(300);
    await server.start();
    await waiting;
    server.hang({ times: 10 });
    const start = clock.monotonic();
    expect(await failure(client.get(configMaps, 'a', 'n', { deadlineSeconds: 20 }))).toMatchObject({
      reason: 'Timeout',
    });
    expect(clock.monotonic() - start).toBeLessThan(60_000);
  });

  it('is aborted by its caller at any time', async () => {
    server.hang();
    const abort = new AbortController();
    const hanging = client.get(configMaps, 'a', 'n', { signal: abort.signal });
    setImmediate(() => abort.abort());
    await expect(hanging).rejects.toMatchObject({ code: 'Cancelled' });
    await expect(client.get(configMaps, 'a', 'n', { signal: abort.signal })).rejects.toMatchObject({
      code: 'Cancelled',
    });
  });

  it('keeps to its rate, except for urgent calls', async () => {
    const still = new ManualClock();
    const slow = server.newClient({ clock: still, queriesPerSecond: 10, burst: 5 });
    let done = 0;
    const calls = Array.from({ length: 25 }, async () =>
      slow.get(configMaps, 'a', 'n').then(() => (done += 1)),
    );
    await slow.get(configMaps, 'a', 'n', { urgent: true });
    expect(done).toBeLessThanOrEqual(5);
    await Promise.all(calls.slice(0, 5));
    expect(done).toBe(5);
    expect(server.requests).toHaveLength(6);
    await still.advance(1999);
    await Promise.all(calls.slice(0, 24));
    expect(server.requests).toHaveLength(25);
    await still.advance(1);
    await Promise.all(calls);
  });

  it('keeps connections alive', async () => {
    const remote: unknown[] = [];
    for (let call = 0; call < 5; call += 1) {
      await client.get(configMaps, 'a', 'n');
      remote.push(await server.connectionCount());
    }
    expect(new Set(remote)).toEqual(new Set([1]));
  });

  describe('server-side apply', () => {
    const manager = { fieldManager: 'one' };

    it('creates, changes, removes what its manager leaves out, and keeps what others own', async () => {
      await client.apply(configMaps, configMap('a', { x: '1', y: '1' }), manager);
      await client.apply(configMaps, configMap('a', { z: '9' }), { fieldManager: 'two' });
      const next = await client.apply<KubernetesObject>(configMaps, configMap('a', { x: '2' }), manager);
      expect(next['data']).toEqual({ x: '2', z: '9' });
      const same = await client.apply<KubernetesObject>(configMaps, configMap('a', { x: '2' }), manager);
      expect(same.metadata.resourceVersion).toBe(next.metadata.resourceVersion);
      const other = configMap('a', { x: '3' });
      const refused = await failure(client.apply(configMaps, other, { fieldManager: 'two', force: false }));
      expect(refused).toMatchObject({ isConflict: true, causes: [{ field: '.data.x' }] });
    });

    it('merges keyed lists and conditions', async () => {
      const pod = (containers: object[]): KubernetesObject => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p', namespace: 'n' },
        spec: { containers },
      });
      await client.apply(pods, pod([{ name: 'a', image: '1' }, { name: 'b' }]), manager);
      await client.apply(pods, pod([{ name: 'c', env: [{ name: 'X', value: '1' }] }]), {
        fieldManager: 'two',
      });
      const next = await client.apply<KubernetesObject>(pods, pod([{ name: 'a', image: '2' }]), manager);
      expect(next['spec']).toEqual({
        containers: [
          { name: 'a', image: '2' },
          { name: 'c', env: [{ name: 'X', value: '1' }] },
        ],
      });
    });

    it('writes the status apart from the object', async () => {
      await client.apply(jobs, thing('t', { spec: { n: 1 }, status: { ignored: true } }), manager);
      const condition = (type: string): object => ({ status: { conditions: [{ type, status: 'True' }] } });
      await client.applyStatus(jobs, thing('t', condition('A')), manager);
      const both = await client.applyStatus<KubernetesObject>(jobs, thing('t', condition('B')), {
        fieldManager: 'two',
      });
      expect(both).toMatchObject({ metadata: { generation: 1 }, spec: { n: 1 } });
      expect(both['status']).toEqual({
        conditions: [
          { type: 'A', status: 'True' },
          { type: 'B', status: 'True' },
        ],
      });
      const changed = await client.apply<KubernetesObject>(jobs, thing('t', { spec: { n: 2 } }), manager);
      expect(changed.metadata.generation).toBe(2);
      expect(changed['status']).toEqual(both['status']);
      expect((await failure(client.applyStatus(jobs, thing('none'), manager))).isNotFound).toBe(true);
    });
  });

  it('watches: events, bookmarks, the end', async () => {
    const { resourceVersion } = await client.list(configMaps);
    const events: string[] = [];
    const abort = new AbortController();
    const opened = Promise.withResolvers<undefined>();
    const watch = client.watch<KubernetesObject>(configMaps, {
      resourceVersion,
      signal: abort.signal,
      labelSelector: 'app=a',
      onOpen: () => opened.resolve(undefined),
      onEvent: (event) =>
        events.push(
          event.type === 'BOOKMARK' ? `BOOKMARK ${event.object.metadata.resourceVersion}` : event.type,
        ),
    });
    await opened.promise;
    const labelled = (app: string): KubernetesObject => ({
      ...configMap('ä'),
      metadata: { name: 'ä', namespace: 'n', labels: { app } },
    });
    server.put(configMaps, labelled('b'));
    server.put(configMaps, labelled('a'));
    server.put(configMaps, { ...labelled('a'), data: { big: 'x'.repeat(300_000) } });
    server.put(configMaps, labelled('b'));
    server.put(configMaps, labelled('a'));
    server.remove(configMaps, 'ä', 'n');
    server.sendBookmarks();
    const last = server.resourceVersion;
    server.dropWatches({ graceful: true });
    await watch;
    expect(events).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED', `BOOKMARK ${last}`]);
  });

  describe('a watch that goes wrong', () => {
    interface Started {
      readonly ended: Promise<void>;
    }
    const start = async (version: string, signal = new AbortController().signal): Promise<Started> => {
      const opened = Promise.withResolvers<undefined>();
      const ended = client.watch(configMaps, {
        resourceVersion: version,
        signal,
        onOpen: () => opened.resolve(undefined),
        onEvent: () => undefined,
      });
      await opened.promise;
      return { ended };
    };
    const failing = async (version: string, fault: () => void = () => undefined): Promise<ApiError> => {
      const { ended } = await start(version);
      fault();
      return failure(ended);
    };

    it('ends with Expired when its version is too old', async () => {
      const old = server.resourceVersion;
      server.put(configMaps, configMap('a'));
      server.compact();
      expect(await failing(old)).toMatchObject({ status: 410, isExpired: true });
    });

    it('ends when the connection breaks, goes silent or sends garbage', async () => {
      const { resourceVersion } = server;
      expect(await failing(resourceVersion, () => server.dropWatches())).toMatchObject({
        reason: 'ConnectionFailed',
      });
      expect(await failing(resourceVersion, () => server.freezeWatches())).toMatchObject({
        reason: 'WatchSilent',
      });
      const corrupt = (): void => {
        server.corruptNextEvent();
        server.put(configMaps, configMap('b', { a: '1' }));
      };
      expect(await failing(resourceVersion, corrupt)).toMatchObject({ reason: 'UnreadableEvent' });
    });

    it('ends when it is aborted', async () => {
      const abort = new AbortController();
      const { ended } = await start(server.resourceVersion, abort.signal);
      abort.abort();
      await expect(ended).rejects.toMatchObject({ code: 'Cancelled' });
    });
  });

  it('discovers, and sends anything', async () => {
    expect(await client.serves('x.dev', 'v1', 'things')).toBe(true);
    expect(await client.serves('x.dev', 'v1', 'others')).toBe(false);
    expect(await client.serves('kueue.x-k8s.io', 'v1beta1')).toBe(false);
    expect(await client.raw('GET', '/version')).toMatchObject({ major: '1' });
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { generateName: 'l-', namespace: 'n' },
    };
    const made = await client.create<KubernetesObject>(leases, lease);
    expect(made.metadata.name).toMatch(/^l-.{5}$/);
  });
});

describe('the fake API server', () => {
  it('keeps objects with finalizers and pods on nodes, and collects dependents', async () => {
    await using server = await startFakeApiServer({ resources: [jobs] });
    const client = server.newClient();
    const owner = server.put(jobs, {
      ...thing('t'),
      metadata: { name: 't', namespace: 'n', finalizers: ['a/b'] },
    });
    const ownerReferences = [{ apiVersion: 'x.dev/v1', kind: 'Thing', name: 't', uid: owner.metadata.uid! }];
    const metadata = { name: 'p', namespace: 'n', ownerReferences };
    server.put(pods, { metadata, spec: { nodeName: 'x' }, status: { phase: 'Running' } });
    await client.delete(jobs, 't', 'n');
    expect(server.objects(jobs)).toMatchObject([{ metadata: { deletionTimestamp: expect.any(String) } }]);
    await client.patch(jobs, 't', 'n', { metadata: { finalizers: null } });
    expect(server.objects(jobs)).toEqual([]);
    expect(server.objects(pods)).toMatchObject([
      { metadata: { deletionGracePeriodSeconds: 30 }, status: { phase: 'Running' } },
    ]);
    await client.delete(pods, 'p', 'n', { gracePeriodSeconds: 0 });
    expect(server.objects(pods)).toEqual([]);
  });

  it('asks for permission', async () => {
    await using server = await startFakeApiServer({
      authorize: ({ verb }) => (verb === 'create' ? new Refusal(403, 'Forbidden', 'no') : undefined),
    });
    const client = server.newClient();
    expect(await failure(client.create(configMaps, configMap('a')))).toMatchObject({ status: 403 });
  });
});
