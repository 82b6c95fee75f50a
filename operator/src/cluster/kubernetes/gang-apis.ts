/**
 * The APIs of gangs and queues that the server has now. They are asked for again and again, so that a queueing system
 * may be installed, upgraded or removed without a restart of the operator.
 */
import { ApiError, type ApiClient, type KubernetesObject } from '@wsi-operator/controller';
import { WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import type { GangName } from '@wsi-operator/api';
import { GANG_RESOURCES, type GangResource } from '../../gangs/index.ts';
import type { ObjectCaches } from './object-caches.ts';
import { ResourceCache } from './resource-cache.ts';

const LOOK_AGAIN_MILLISECONDS = 60_000;
/** Jobs without a gang do not wait for longer than this. */
const LATE_MILLISECONDS = 10_000;
const GANGS = Object.keys(GANG_RESOURCES) as GangName[];

export interface GangApisOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly caches: ObjectCaches;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** What can be served has changed: every job may be concerned. */
  readonly onChange: () => void;
}

interface Discovery {
  readonly resources?: readonly { readonly name: string }[];
}

interface Watched {
  readonly resource: GangResource;
  readonly cache: ResourceCache<KubernetesObject>;
  readonly stop: AbortController;
}

export class GangApis {
  readonly #options: GangApisOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #ready = Promise.withResolvers<undefined>();
  #served: readonly GangName[] = [];

  constructor(options: GangApisOptions) {
    this.#options = options;
  }

  /** Gangs whose own resources the server has and whose objects are in the caches. */
  get served(): readonly GangName[] {
    return this.#served;
  }

  /** Resources that may be written now. */
  get resources(): readonly GangResource[] {
    return [...this.#watched.values()].map(({ resource }) => resource);
  }

  /** An administrator's objects for this gang, of all namespaces. */
  shared(gang: GangName): KubernetesObject[] {
    return GANG_RESOURCES[gang]
      .filter(({ use }) => use === 'read')
      .flatMap((resource) => this.#watched.get(nameOf(resource))?.cache.list() ?? []);
  }

  /** Resolves when what the server has at first is watched, or cannot be found out soon. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const known = this.#discoverTwice(signal);
    const late = this.#options.clock.sleep(LATE_MILLISECONDS, signal).catch(() => undefined);
    await Promise.race([known, late]);
    this.#ready.resolve(undefined);
    while (!signal.aborted) {
      await this.#options.clock.sleep(LOOK_AGAIN_MILLISECONDS, signal).catch(() => undefined);
      await this.discover(signal);
    }
    for (const { stop } of this.#watched.values()) stop.abort();
  }

  /** What only helps with a gang's own objects is asked for when those are there. */
  async #discoverTwice(signal: AbortSignal): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      await this.discover(signal);
      const caches = [...this.#watched.values()].map(({ cache }) => cache.synced.catch(() => undefined));
      await Promise.all(caches);
    }
    this.#update();
  }

  /** Asks once what the server has, and starts or ends watching accordingly. */
  async discover(signal: AbortSignal): Promise<void> {
    // One question for each API, however many of its resources are used.
    const answers = new Map<string, readonly string[] | undefined>();
    for (const gang of GANGS) {
      for (const resource of GANG_RESOURCES[gang]) {
        if (signal.aborted) return;
        // What only helps the gang's own objects is of no interest without them.
        if (resource.use === 'read' && !this.#isReady(gang, 'owned')) continue;
        const api = `${resource.group}/${resource.version}`;
        if (!answers.has(api)) answers.set(api, await this.#pluralsOf(api, signal));
        await this.#follow(resource, answers.get(api), signal);
      }
    }
    this.#update();
  }

  async #follow(
    resource: GangResource,
    plurals: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    // Not known (the server is down): what is watched stays as it is.
    if (plurals === undefined) return;
    const name = nameOf(resource);
    if (!plurals.includes(resource.plural)) this.#end(name);
    else if (!this.#watched.has(name) && (await this.#isPermitted(resource, signal)))
      this.#watch(resource, signal);
  }

  /** A queueing system may be there for others, and this operator not meant to use it. */
  async #isPermitted(resource: GangResource, signal: AbortSignal): Promise<boolean> {
    try {
      for (const namespace of this.#options.namespaces.length === 0
        ? [undefined]
        : this.#options.namespaces) {
        const scope = resource.namespaced ? { namespace } : {};
        const pages = this.#options.client.pages(resource, { ...scope, pageSize: 1, signal });
        await pages.next();
        await pages.return();
      }
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const forbidden = error instanceof ApiError && error.status === 403;
      const level = forbidden ? 'debug' : 'warn';
      this.#options.logger[level](
        { resource: nameOf(resource), error: WsiError.from(error) },
        'API not used',
      );
      return false;
    }
  }

  /** What the API serves; nothing when there is no such API, undefined when that cannot be found out now. */
  async #pluralsOf(api: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    try {
      const path = `/apis/${api}`;
      const answer = await this.#options.client.raw<Discovery>('GET', path, undefined, {}, { signal });
      return (answer.resources ?? []).map(({ name }) => name);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return [];
      if (signal.aborted) return undefined;
      this.#options.logger.warn({ api, error: WsiError.from(error) }, 'API not looked up');
      return undefined;
    }
  }

  #watch(resource: GangResource, signal: AbortSignal): void {
    // Two requests may overlap.
    if (this.#watched.has(nameOf(resource)) || signal.aborted) return;
    const { caches, logger } = this.#options;
    const stop = new AbortController();
    signal.addEventListener('abort', () => stop.abort(), { once: true, signal: stop.signal });
    const owned = resource.use === 'owned';
    const cache = owned ? caches.ownedCache(resource) : caches.sharedCache(resource);
    this.#watched.set(nameOf(resource), { resource, cache, stop });
    if (owned) caches.add(cache);
    else cache.onChange(() => this.#options.onChange());
    logger.info({ resource: nameOf(resource) }, 'API found: its objects are watched');
    void cache.run(stop.signal);
    void cache.synced.then(
      () => (owned ? this.discover(signal) : this.#update()),
      // Stopped before.
      () => undefined,
    );
  }

  #end(name: string): void {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    this.#watched.delete(name);
    this.#options.caches.remove(watched.cache);
    watched.stop.abort();
    this.#options.logger.info({ resource: name }, 'API gone: its objects are no longer watched');
  }

  #update(): void {
    const served = GANGS.filter((gang) => this.#isReady(gang, 'owned') && this.#isReady(gang, 'read'));
    if (served.join() === this.#served.join()) return;
    this.#served = served;
    this.#options.logger.info({ gangs: served }, 'gangs that jobs may use');
    this.#options.onChange();
  }

  /** What an administrator may or may not have is waited for only where it is watched. */
  #isReady(gang: GangName, use: GangResource['use']): boolean {
    return GANG_RESOURCES[gang]
      .filter((resource) => resource.use === use)
      .every((resource) => this.#watched.get(nameOf(resource))?.cache.hasSynced ?? use === 'read');
  }
}

function nameOf({ group, version, plural }: GangResource): string {
  return `${plural}.${version}.${group}`;
}
