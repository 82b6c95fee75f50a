/** What the fake API server answers to a request that no fault has swallowed. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { apiVersionOf, type KubernetesObject } from '../objects.ts';
import { mergePatch } from './apply-merge.ts';
import type { FakeRequest } from './fake-requests.ts';
import type { FakeResource } from './fake-resources.ts';
import type { FakeWatches } from './fake-watches.ts';
import { Refusal, type ObjectStore } from './object-store.ts';
import { fieldPredicate, labelPredicate, type Predicate } from './selectors.ts';

interface Snapshot {
  readonly items: readonly KubernetesObject[];
  readonly version: number;
}

export class FakeApi {
  readonly #store: ObjectStore;
  readonly #watches: FakeWatches;
  readonly #resources: readonly FakeResource[];
  /** What is left of lists that are fetched in pages, by continue token. */
  readonly #pages = new Map<string, Snapshot>();

  constructor(store: ObjectStore, watches: FakeWatches, resources: readonly FakeResource[]) {
    this.#store = store;
    this.#watches = watches;
    this.#resources = resources;
  }

  forgetPages(): void {
    this.#pages.clear();
  }

  /** @throws Refusal */
  handle(request: FakeRequest, body: unknown, response: ServerResponse): void {
    const { resource } = request;
    if (resource === undefined) {
      send(response, 200, this.#discovery(request));
      return;
    }
    if (request.subresource !== undefined && !(request.subresource === 'status' && resource.status === true))
      throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    if (request.verb === 'watch') {
      this.#watches.start(request, response, selection(request));
      return;
    }
    const { verb } = request;
    if (verb === 'list') send(response, 200, this.#list(request, resource));
    else if (verb === 'delete' || verb === 'deletecollection')
      send(response, 200, this.#delete(request, resource, body as DeleteBody | undefined));
    else if (verb === 'get')
      send(response, 200, this.#store.get(resource, request.name ?? '', request.namespace));
    else send(response, verb === 'create' ? 201 : 200, this.#write(request, resource, body));
  }

  #write(request: FakeRequest, resource: FakeResource, body: unknown): KubernetesObject {
    const { verb, name = '', namespace, subresource, query } = request;
    if (verb === 'patch') {
      const old = this.#store.get(resource, name, namespace);
      return this.#store.update(resource, mergePatch(old, body) as KubernetesObject, subresource);
    }
    const object = this.#checked(request, resource, body as KubernetesObject | undefined);
    if (verb === 'create') return this.#store.create(resource, object);
    if (verb === 'update') return this.#store.update(resource, object, subresource);
    const manager = query.get('fieldManager') ?? '';
    if (manager === '')
      throw new Refusal(
        400,
        'BadRequest',
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value',
      );
    const force = query.get('force') === 'true';
    return this.#store.apply(resource, object, { manager, force, subresource });
  }

  /** The object as its path says. */
  #checked(
    request: FakeRequest,
    resource: FakeResource,
    object: KubernetesObject | undefined,
  ): KubernetesObject {
    const { namespace, name } = request;
    const expected = apiVersionOf(resource);
    if (object === undefined) throw new Refusal(400, 'BadRequest', 'the body is empty');
    if (object.apiVersion !== expected || object.kind !== resource.kind) {
      const found = `${object.apiVersion}, Kind=${object.kind}`;
      throw new Refusal(
        400,
        'BadRequest',
        `${found} does not match the expected ${expected}, Kind=${resource.kind}`,
      );
    }
    if (resource.namespaced && namespace === undefined)
      throw new Refusal(
        405,
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      );
    const { metadata } = object;
    if (metadata.namespace !== undefined && metadata.namespace !== namespace)
      throw new Refusal(
        400,
        'BadRequest',
        'the namespace of the object does not match the namespace on the URL',
      );
    if (name !== undefined && metadata.name !== undefined && metadata.name !== name)
      throw new Refusal(
        400,
        'BadRequest',
        `the name of the object (${metadata.name}) does not match the URL (${name})`,
      );
    const named = { ...metadata, ...(name === undefined ? {} : { name }) };
    return { ...object, metadata: namespace === undefined ? named : { ...named, namespace } };
  }

  #list(request: FakeRequest, resource: FakeResource): object {
    const limit = Number(request.query.get('limit') ?? 0);
    const token = request.query.get('continue') ?? '';
    let snapshot = this.#pages.get(token);
    if (token === '') {
      const selected = selection(request);
      const items = this.#inPlace(request, resource).filter(selected);
      snapshot = { items, version: this.#store.version };
    }
    if (snapshot === undefined) {
      throw new Refusal(
        410,
        'Expired',
        'The provided continue parameter is too old to display a consistent list result.',
      );
    }
    const { items, version } = snapshot;
    const more = limit > 0 && items.length > limit;
    const next = more ? randomUUID() : undefined;
    if (next !== undefined) this.#pages.set(next, { items: items.slice(limit), version });
    return {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: {
        resourceVersion: String(version),
        ...(next === undefined ? {} : { continue: next, remainingItemCount: items.length - limit }),
      },
      // As in a real list, items have no apiVersion and kind of their own.
      items: (more ? items.slice(0, limit) : items).map(
        ({ apiVersion: _version, kind: _kind, ...rest }) => rest,
      ),
    };
  }

  #inPlace(request: FakeRequest, resource: FakeResource): KubernetesObject[] {
    const all = [...this.#store.of(resource).values()];
    return request.namespace === undefined
      ? all
      : all.filter((object) => object.metadata.namespace === request.namespace);
  }

  #delete(request: FakeRequest, resource: FakeResource, body: DeleteBody | undefined): object {
    const options = {
      ...body?.preconditions,
      ...(body?.gracePeriodSeconds === undefined ? {} : { graceful: body.gracePeriodSeconds }),
    };
    if (request.name !== undefined) {
      this.#store.delete(resource, request.name, request.namespace, options);
    } else {
      for (const { metadata } of this.#inPlace(request, resource).filter(selection(request))) {
        this.#store.delete(resource, metadata.name ?? '', metadata.namespace, options);
      }
    }
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
  }

  #discovery(request: FakeRequest): object {
    const { path } = request;
    if (path === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.0-fake' };
    if (['/healthz', '/livez', '/readyz'].includes(path)) return { status: 'ok' };
    const parts = path.split('/').filter((part) => part !== '');
    const groupVersion = parts[0] === 'api' && parts.length === 2 ? parts[1] : parts.slice(1).join('/');
    const resources = this.#resources
      .filter((each) => apiVersionOf(each) === groupVersion)
      .flatMap(({ plural, kind, namespaced, status }) => [
        { name: plural, kind, namespaced, singularName: '', verbs: [] },
        ...(status === true
          ? [{ name: `${plural}/status`, kind, namespaced, singularName: '', verbs: [] }]
          : []),
      ]);
    if (resources.length === 0)
      throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
  }
}

interface DeleteBody {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
}

function selection(request: FakeRequest): Predicate {
  const labels = request.query.get('labelSelector') ?? '';
  const fields = request.query.get('fieldSelector') ?? '';
  const predicates = [
    ...(labels === '' ? [] : [labelPredicate(labels)]),
    ...(fields === '' ? [] : [fieldPredicate(fields)]),
  ];
  return (object) => predicates.every((holds) => holds(object));
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
