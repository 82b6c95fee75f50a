/* eslint-disable max-lines -- all faults of a watch against one fake API server */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ApiClient } from './api-client.ts';
import { Informer, type InformerEvent, type InformerOptions } from './informer.ts';
import { keyOf, type KubernetesObject } from './objects.ts';
import { scaledClock, startFakeApiServer, type Backup, type FakeApiServer } from './testing/index.ts';

const resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
const clock = scaledClock(200);

const configMap = (name: string, more: object = {}): object => ({
  metadata: { name, namespace: 'n', ...more },
});

/** Waits, a few milliseconds at a time, for what another connection brings. */
async function until(holds: () => boolean, what = 'condition'): Promise<void> {
  for (let round = 0; round < 1000; round += 1) {
    if (holds()) return;
    await clock.sleep(400);
  }
  throw new Error(`never: ${what}`);
}

/** An informer that runs, and the state that its events replay to. */
class Follower {
  readonly informer: Informer<KubernetesObject>;
  readonly events: string[] = [];
  readonly replayed = new Map<string, KubernetesObject>();
  readonly lists: string[] = [];
  readonly warnings: unknown[] = [];
  readonly wrong: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(client: ApiClient, options: Partial<InformerOptions<KubernetesObject>> = {}) {
    const logger = { warn: (fields: unknown) => this.warnings.push(fields), error: () => undefined } as never;
    const onList = (reason: string): number => this.lists.push(reason);
    this.informer = new Informer({ client, resource, clock, logger, onList, ...options });
    this.informer.onChange((event) => this.#replay(event));
    this.#running = this.informer.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #replay({ type, object, old }: InformerEvent<KubernetesObject>): void {
    const key = keyOf(object);
    const before = this.replayed.get(key);
    if ((type === 'added') !== (before === undefined)) this.wrong.push(`${type} ${key}`);
    if (type === 'updated' && old !== before) this.wrong.push(`old ${key}`);
    if (type !== 'added' && before?.metadata.uid !== object.metadata.uid) this.wrong.push(`uid ${key}`);
    this.events.push(`${type} ${object.metadata.name ?? ''}`);
    if (type === 'deleted') this.replayed.delete(key);
    else this.replayed.set(key, object);
  }
}

const states = (objects: Iterable<KubernetesObject>): string[] =>
  [...objects]
    .map(({ metadata }) => `${keyOf({ metadata })} ${metadata.uid ?? ''} ${metadata.resourceVersion ?? ''}`)
    .sort();

describe('Informer', () => {
  let server: FakeApiServer;
  let client: ApiClient;
  const followers: Follower[] = [];
  const follow = (options: Partial<InformerOptions<KubernetesObject>> = {}): Follower => {
    const follower = new Follower(client, options);
    followers.push(follower);
    return follower;
  };
  const same = (follower: Follower): boolean => {
    const truth = states(server.objects(resource));
    return [follower.informer.list(), follower.replayed.values()].every(
      (objects) => JSON.stringify(states(objects)) === JSON.stringify(truth),
    );
  };
  const converged = async (follower: Follower): Promise<void> => {
    await until(() => same(follower), 'the cache is the state of the server');
    expect(follower.wrong).toEqual([]);
  };
  /** It watches; what was dropped before is over. */
  const watching = async (follower: Follower): Promise<void> => {
    await until(() => server.openWatches === 1, 'one watch');
    await converged(follower);
  };

  beforeEach(async () => {
    server = await startFakeApiServer();
    client = server.newClient({ clock });
  });
  afterEach(async () => {
    await Promise.all(followers.splice(0).map((follower) => follower.stop()));
    await server.close();
  });

  it('lists, then follows; indexes; drops managedFields', async () => {
    server.put(resource, configMap('a', { labels: { job: 'x' }, managedFields: [{ manager: 'big' }] }));
    const follower = follow({ indexers: { job: (object) => Object.values(object.metadata.labels ?? {}) } });
    const { informer } = follower;
    expect(informer.hasSynced).toBe(false);
    await informer.synced;
    expect(informer.get('a', 'n')).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(informer.get('a', 'n')?.metadata).not.toHaveProperty('managedFields');
    await watching(follower);
    server.put(resource, configMap('b', { labels: { job: 'x' }, managedFields: [{ manager: 'big' }] }));
    server.put(resource, { metadata: { name: 'c', namespace: 'm', labels: { job: 'y' } } });
    server.put(resource, configMap('a', { labels: { job: 'y' } }));
    server.put(resource, configMap('d'));
    server.remove(resource, 'd', 'n');
    await converged(follower);
    const names = (objects: KubernetesObject[]): unknown =>
      objects.map((object) => object.metadata.name).sort();
    expect(names(informer.byIndex('job', 'x'))).toEqual(['b']);
    expect(names(informer.byIndex('job', 'y'))).toEqual(['a', 'c']);
    expect(names(informer.list('m'))).toEqual(['c']);
    expect(informer.get('b', 'n')?.metadata).not.toHaveProperty('managedFields');
    expect(follower.events).toEqual(['added a', 'added b', 'added c', 'updated a', 'added d', 'deleted d']);
    expect(() => informer.byIndex('none', '')).toThrow(RangeError);
  });

  it('goes on from where it was when a watch is dropped', async () => {
    const follower = follow();
    await watching(follower);
    for (const graceful of [true, false]) {
      server.dropWatches({ graceful });
      server.put(resource, configMap(`after-${String(graceful)}`));
      await watching(follower);
    }
    await server.restart();
    server.put(resource, configMap('restarted'));
    await watching(follower);
    expect(follower.lists).toEqual(['start']);
  });

  it('lists again after 410 and reports the differences', async () => {
    for (const name of ['kept', 'changed', 'gone', 'replaced']) server.put(resource, configMap(name));
    const follower = follow();
    await watching(follower);
    follower.events.length = 0;
    await server.stop();
    server.put(resource, { ...configMap('changed'), data: { x: '1' } });
    server.remove(resource, 'gone', 'n');
    server.remove(resource, 'replaced', 'n');
    server.put(resource, configMap('replaced'));
    server.put(resource, configMap('new'));
    const kept = follower.informer.get('kept', 'n');
    await server.restart('lost');
    await watching(follower);
    expect(follower.lists).toEqual(['start', 'Expired']);
    expect([...follower.events].sort()).toEqual(
      ['added new', 'added replaced', 'deleted gone', 'deleted replaced', 'updated changed'].sort(),
    );
    expect(follower.informer.get('kept', 'n')).toBe(kept);
  });

  it('follows a server that was put back to an earlier state', async () => {
    server.put(resource, configMap('a'));
    const backup = server.backup();
    server.put(resource, configMap('b'));
    const follower = follow();
    await watching(follower);
    await server.restart(backup, false);
    await watching(follower);
    expect(follower.events).toContain('deleted b');
    await server.restart(backup);
    await watching(follower);
    expect(follower.lists).toEqual(['start', 'WatchSilent', 'Expired']);
  });

  it('ends a half-open watch, and one that sends garbage', async () => {
    const follower = follow();
    await watching(follower);
    server.freezeWatches();
    server.put(resource, configMap('unseen'));
    await converged(follower);
    expect(follower.lists).toEqual(['start']);
    await until(() => server.openWatches === 1);
    server.corruptNextEvent();
    server.put(resource, configMap('garbled'));
    await converged(follower);
    expect(follower.lists).toEqual(['start', 'UnreadableEvent']);
  });

  it('is kept fresh by bookmarks, so that compaction of old versions does not matter', async () => {
    const follower = follow();
    await watching(follower);
    server.put({ ...resource, plural: 'secrets', kind: 'Secret' }, configMap('other'));
    server.compact();
    server.sendBookmarks();
    await until(() => follower.informer.resourceVersion === server.resourceVersion);
    server.dropWatches();
    server.put(resource, configMap('a'));
    await converged(follower);
    expect(follower.lists).toEqual(['start']);
  });

  it('reports what right is missing, and starts when it is given', async () => {
    const message = 'configmaps is forbidden: User "x" cannot list resource "configmaps"';
    server.answer(403, { times: 3, message });
    server.put(resource, configMap('a'));
    const follower = follow();
    await converged(follower);
    await follower.informer.synced;
    expect(follower.warnings).toMatchObject(
      [1, 2, 3].map(() => ({ error: { status: 403 }, resource: 'configmaps' })),
    );
    expect((follower.warnings[0] as { error: Error }).error.message).toContain('cannot list resource');
  });

  it('does not hammer a server that refuses each watch', async () => {
    server.answer(500, { times: 1e6, match: ({ verb }) => verb === 'watch' });
    const follower = follow();
    await until(() => follower.lists.length === 3);
    const seconds = clock.monotonic() / 1000;
    // Each five watches, with 0.5, 1, 2, 4 s at most between, and half of it at least.
    // Counted by the list: on a busy machine there may have been more than three when this is asked.
    expect(server.requests.length).toBeLessThan(10 * follower.lists.length);
    expect(seconds).toBeGreaterThan(5);
    server.clearFaults();
    server.put(resource, configMap('a'));
    await converged(follower);
  });

  it('goes on when a listener throws', async () => {
    const follower = follow();
    follower.informer.onChange(() => {
      throw new Error('of the listener');
    });
    server.put(resource, configMap('a'));
    await converged(follower);
    server.put(resource, configMap('b'));
    await converged(follower);
    expect(follower.lists).toEqual(['start']);
  });

  it('says that it was stopped to those who wait for its first list', async () => {
    server.hang({ times: 100 });
    const follower = follow();
    await until(() => server.requests.length > 0);
    await follower.stop();
    await expect(follower.informer.synced).rejects.toMatchObject({ code: 'Cancelled' });
  });

  it('converges to the server, and its events replay to it, whatever happens', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const change = fc.oneof(
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('put' as const), name, value: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), name }) },
    );
    const restart = fc.record({
      kind: fc.constantFrom('restart' as const, 'restartLost' as const, 'restore' as const),
      // While it is down.
      changes: fc.array(change, { maxLength: 4 }),
    });
    const fault = fc.record({
      kind: fc.constantFrom(
        'pause' as const,
        'drop' as const,
        'end' as const,
        'freeze' as const,
        'compact' as const,
        'bookmark' as const,
        'corrupt' as const,
        'fail' as const,
        'close' as const,
        'backup' as const,
      ),
    });
    const step = fc.oneof(
      { weight: 6, arbitrary: change },
      { weight: 3, arbitrary: fault },
      { weight: 2, arbitrary: restart },
      { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
    );
    const backups: Backup[] = [];
    const faults = {
      settle: async (): Promise<void> => watching(followers.at(-1)!),
      pause: async (): Promise<void> => clock.sleep(1000),
      drop: (): void => server.dropWatches(),
      end: (): void => server.dropWatches({ graceful: true }),
      freeze: (): void => server.freezeWatches(),
      compact: (): void => server.compact(),
      bookmark: (): void => server.sendBookmarks(),
      corrupt: (): void => server.corruptNextEvent(),
      fail: (): void => server.answer(503, { times: 2 }),
      close: (): void => server.closeConnections({ times: 2 }),
      backup: (): void => void backups.push(server.backup()),
    };
    const exists = (wanted: string): boolean =>
      server.objects(resource).some(({ metadata }) => metadata.name === wanted);
    const apply = (
      next: { kind: 'put'; name: string; value: number } | { kind: 'remove'; name: string },
    ): void => {
      if (next.kind === 'put')
        server.put(resource, { ...configMap(next.name), data: { v: String(next.value) } });
      else if (exists(next.name)) server.remove(resource, next.name, 'n');
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        backups.length = 0;
        const follower = follow({ idleSeconds: 20 });
        for (const next of steps) {
          if ('changes' in next) {
            await server.stop();
            next.changes.forEach(apply);
            const history = {
              restart: 'kept',
              restartLost: 'lost',
              restore: backups.at(-1) ?? 'kept',
            } as const;
            await server.restart(history[next.kind]);
          } else if (next.kind === 'put' || next.kind === 'remove') apply(next);
          else await faults[next.kind]();
        }
        server.put(resource, configMap('last'));
        await converged(follower);
        await follower.stop();
        server.clearFaults();
        for (const { metadata } of server.objects(resource)) server.remove(resource, metadata.name!, 'n');
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });
});
