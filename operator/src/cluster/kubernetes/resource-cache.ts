/** One resource in all the namespaces that the operator watches: an informer for each, or one for the cluster. */
import {
  Informer,
  type ApiClient,
  type InformerEvent,
  type KubernetesObject,
  type Resource,
} from '@wsi-operator/controller';
import type { Clock, Logger } from '@wsi-operator/foundation';

export interface CacheContext {
  readonly client: ApiClient;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called before each list of a resource, with `start` or why it has to be listed again. */
  readonly onList?: ((resource: string, reason: string) => void) | undefined;
}

export interface CacheOptions<T extends KubernetesObject> {
  readonly resource: Resource;
  readonly labelSelector?: string;
  readonly indexers?: Readonly<Record<string, (object: T) => string[]>>;
  /** Drops what nobody reads, before the object is kept. */
  readonly trim?: (object: T) => T;
}

export class ResourceCache<T extends KubernetesObject> {
  readonly resource: Resource;
  readonly #informers: ReadonlyMap<string, Informer<T>>;

  constructor(context: CacheContext, options: CacheOptions<T>) {
    this.resource = options.resource;
    const everywhere = context.namespaces.length === 0 || !options.resource.namespaced;
    const places = everywhere ? [''] : context.namespaces;
    this.#informers = new Map(places.map((place) => [place, makeInformer(context, options, place)]));
  }

  /** Runs until the signal is aborted; never fails before. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.run(signal)));
  }

  get hasSynced(): boolean {
    return [...this.#informers.values()].every((informer) => informer.hasSynced);
  }

  /** True when the cache shows this version of the collection or a later one; in one namespace or in all. */
  isAt(resourceVersion: string, namespace?: string): boolean {
    if (!/^\d+$/.test(resourceVersion)) return false;
    const only =
      namespace === undefined ? undefined : (this.#informers.get('') ?? this.#informers.get(namespace));
    const informers = only === undefined ? [...this.#informers.values()] : [only];
    return informers.every((informer) => {
      const version = informer.resourceVersion;
      return /^\d+$/.test(version) && BigInt(version) >= BigInt(resourceVersion);
    });
  }

  get synced(): Promise<void> {
    return Promise.all([...this.#informers.values()].map((informer) => informer.synced)).then(
      () => undefined,
    );
  }

  onChange(listener: (change: InformerEvent<T>) => void): void {
    for (const informer of this.#informers.values()) informer.onChange(listener);
  }

  get(name: string, namespace: string): T | undefined {
    return (this.#informers.get('') ?? this.#informers.get(namespace))?.get(name, namespace);
  }

  list(namespace?: string): T[] {
    return [...this.#informers.values()].flatMap((informer) => informer.list(namespace));
  }

  byIndex(index: string, value: string): T[] {
    const [only, ...others] = this.#informers.values();
    const found = only?.byIndex(index, value) ?? [];
    return others.length === 0 ? found : [...found, ...others.flatMap((one) => one.byIndex(index, value))];
  }
}

function makeInformer<T extends KubernetesObject>(
  context: CacheContext,
  { resource, labelSelector, indexers, trim }: CacheOptions<T>,
  namespace: string,
): Informer<T> {
  const { onList } = context;
  return new Informer<T>({
    client: context.client,
    resource,
    clock: context.clock,
    logger: context.logger,
    namespace: namespace === '' ? undefined : namespace,
    labelSelector,
    indexers,
    transform: trim,
    onList: (reason) => onList?.(resource.plural, reason),
  });
}
