/**
 * The Kubernetes API as plain JSON. Every call has a deadline; 429 is waited for; failures of the connection and of the
 * server are retried where a second arrival does no harm, with a jittered back-off.
 */
/* eslint-disable max-lines -- one method for each verb of the API, and its options beside it */
import type { IncomingMessage } from 'node:http';
import type { KubeConfig } from '@kubernetes/client-node';
import { systemClock, WsiError, type Clock } from '@wsi-operator/foundation';
import { inClusterAccess, kubeConfigAccess, type ServerAccess } from './access.ts';
import { call, json, metadataOf, place, queryOf, selected, sub, type Selection } from './api-call.ts';
import { ApiError } from './api-error.ts';
import {
  ANSWER_TOO_LARGE,
  HttpClient,
  type CallOptions,
  type HttpAnswer,
  type HttpCall,
  type RequestInfo,
} from './http-client.ts';
import { apiVersionOf, resourcePath, type Resource, type WithMetadata } from './objects.ts';
import { readWatch, type WatchEvent } from './watch-stream.ts';

export interface ApiClientOptions {
  /** Named in the server's audit log. */
  readonly userAgent: string;
  readonly clock?: Clock;
  /** Requests a second on average, 100 by default; a watch counts as one. */
  readonly queriesPerSecond?: number;
  /** Requests that may go at once after a pause, 200 by default. */
  readonly burst?: number;
  /** Called after each attempt, for metrics. */
  readonly onRequest?: (info: RequestInfo) => void;
}

export interface WatchOptions<T> extends Selection {
  /** Of the list or event that was seen last. */
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: WatchEvent<T>) => void;
  /** The server has accepted the watch. */
  readonly onOpen?: () => void;
  /** When the server ends the watch by itself; 240-480 at random by default. */
  readonly timeoutSeconds?: number;
  /** Without a byte for this long the connection is taken for dead, 90 by default (bookmarks come each minute). */
  readonly idleSeconds?: number;
}

export interface DeleteOptions extends CallOptions {
  /** Deletes only the object with this uid. */
  readonly uid?: string | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
}

/** Of a list: as text it is held once, and as objects some times over. */
const MOST_PAGE_BYTES = 16 * 2 ** 20;
/** A page that is too large is asked for again with so many times fewer objects. */
const PAGE_DIVISOR = 8;

// The type of an object is the caller's knowledge: nothing here checks it.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */
export class ApiClient {
  readonly #http: HttpClient;
  readonly #clock: Clock;

  constructor(access: ServerAccess, options: ApiClientOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#http = new HttpClient({
      access,
      clock: this.#clock,
      userAgent: options.userAgent,
      queriesPerSecond: options.queriesPerSecond ?? 100,
      burst: options.burst ?? 200,
      onRequest: options.onRequest,
    });
  }

  /**
   * @param config - Loaded, e.g. with `loadFromDefault()`. A server with `http://` must say
   * `insecure-skip-tls-verify: true` (the library's rule).
   */
  static fromKubeConfig(config: KubeConfig, options: ApiClientOptions): ApiClient {
    return new ApiClient(kubeConfigAccess(config, options.clock ?? systemClock), options);
  }

  /**
   * With the pod's service account, without loading the client library's 85 MB; outside a pod, or when KUBECONFIG is
   * set, as kubectl does.
   */
  static async fromDefault(options: ApiClientOptions): Promise<ApiClient> {
    const explicit = process.env['KUBECONFIG'] ?? '';
    const access = explicit === '' ? inClusterAccess(options.clock ?? systemClock) : undefined;
    if (access !== undefined) return new ApiClient(access, options);
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    config.loadFromDefault();
    return ApiClient.fromKubeConfig(config, options);
  }

  get server(): URL {
    return this.#http.server;
  }

  /** Closes all connections. */
  close(): void {
    this.#http.close();
  }

  /** @returns undefined when there is none (or no such resource). */
  async get<T>(
    resource: Resource,
    name: string,
    namespace?: string,
    options?: CallOptions,
  ): Promise<T | undefined> {
    try {
      const path = resourcePath(resource, place(name, namespace));
      return await this.#object<T>(call('get', resource, 'GET', path), options);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /**
   * All objects at one resourceVersion, fetched in pages. Items get the `apiVersion` and `kind` that the server leaves
   * out in lists.
   * @throws ApiError; `isExpired` when the list took so long that its snapshot is gone.
   */
  async list<T>(
    resource: Resource,
    options: Selection & CallOptions & { readonly pageSize?: number } = {},
  ): Promise<{ items: T[]; resourceVersion: string }> {
    const items: T[] = [];
    let resourceVersion = '';
    for await (const page of this.pages<T>(resource, options)) {
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  /**
   * The same, page by page: only one page's text is held at a time. Objects may have more than a mebibyte each, put there
   * by whoever may write one: a page that is too large is asked for again with fewer.
   */
  async *pages<T>(
    resource: Resource,
    options: Selection & CallOptions & { readonly pageSize?: number } = {},
  ): AsyncGenerator<{ items: T[]; resourceVersion: string }, void> {
    const path = resourcePath(resource, selected(options));
    const largest = options.pageSize ?? 500;
    let limit = largest;
    let next: string | undefined;
    for (;;) {
      const query = queryOf(options, { limit: String(limit), continue: next });
      const request = call('list', resource, 'GET', `${path}?${query}`);
      const answer = await this.#pageUnlessLarge(request, limit, options);
      if (answer === undefined) {
        limit = Math.max(1, Math.floor(limit / PAGE_DIVISOR));
        continue;
      }
      if (answer.text.length < MOST_PAGE_BYTES / PAGE_DIVISOR) limit = Math.min(largest, limit * 2);
      const page = parsed<ListAnswer<T>>(answer, request.method, request.path);
      const items = page.items ?? [];
      for (const item of items as WithMetadata[]) {
        item.apiVersion ??= apiVersionOf(resource);
        item.kind ??= resource.kind;
      }
      yield { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
      next = page.metadata?.continue;
      if (next === undefined || next === '') return;
    }
  }

  /** Undefined: the page is too large. One object is taken however large it is. */
  async #pageUnlessLarge(
    request: HttpCall,
    limit: number,
    options: CallOptions,
  ): Promise<HttpAnswer | undefined> {
    try {
      const bounds = limit === 1 ? {} : { mostAnswerBytes: MOST_PAGE_BYTES };
      return await this.#http.call(request, { ...options, ...bounds });
    } catch (error) {
      if (error instanceof ApiError && error.reason === ANSWER_TOO_LARGE) return undefined;
      throw error;
    }
  }

  /**
   * Not repeated after a lost answer: the object may exist then (`isAlreadyExists` tells on the next attempt).
   * @throws ApiError AlreadyExists (409).
   */
  async create<T>(resource: Resource, object: T, options?: CallOptions): Promise<T> {
    const path = resourcePath(resource, selected({ namespace: metadataOf(object).namespace }));
    return this.#object<T>(call('create', resource, 'POST', path, object), options);
  }

  /**
   * Server-side apply: creates the object or makes it have these fields, which the manager then owns.
   * @param options - `force` (true unless given) takes over fields of other managers instead of a 409.
   */
  async apply<T>(
    resource: Resource,
    object: T,
    options: CallOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T> {
    return this.#apply(resource, object, undefined, options);
  }

  /** Server-side apply of the status subresource: `object` needs its name, namespace and `status` only. */
  async applyStatus<T>(
    resource: Resource,
    object: T,
    options: CallOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T> {
    return this.#apply(resource, object, 'status', options);
  }

  /** JSON merge patch (RFC 7396); with `metadata.resourceVersion` in it, it is refused when the object has changed. */
  async patch<T>(
    resource: Resource,
    name: string,
    namespace: string | undefined,
    mergePatch: object,
    options: CallOptions & { readonly subresource?: string } = {},
  ): Promise<T> {
    const { subresource } = options;
    const path = resourcePath(resource, { ...place(name, namespace), ...sub(subresource) });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const request = { ...call('patch', resource, 'PATCH', path, mergePatch, subresource), headers };
    return this.#object<T>(request, options);
  }

  /**
   * Replaces the whole object. With its resourceVersion (optimistic): ApiError `isConflict` when somebody else was
   * faster. After a lost answer a repeated replacement may meet its own first arrival as such a conflict.
   */
  async replace<T>(
    resource: Resource,
    object: T,
    options: CallOptions & { readonly subresource?: string } = {},
  ): Promise<T> {
    const { name = '', namespace } = metadataOf(object);
    const path = resourcePath(resource, { ...place(name, namespace), ...sub(options.subresource) });
    return this.#object<T>(call('update', resource, 'PUT', path, object, options.subresource), options);
  }

  /** @returns False when it was gone already, or is another object of the same name (`uid`). */
  async delete(
    resource: Resource,
    name: string,
    namespace?: string,
    options: DeleteOptions = {},
  ): Promise<boolean> {
    const { uid, gracePeriodSeconds, propagationPolicy } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(uid === undefined ? {} : { preconditions: { uid } }),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    };
    const request = call('delete', resource, 'DELETE', resourcePath(resource, place(name, namespace)), body);
    try {
      // Without a uid a second arrival could delete a new object of the same name.
      await this.#http.call({ ...request, repeatable: uid !== undefined }, options);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return false;
      if (error instanceof ApiError && uid !== undefined && error.isConflict) return false;
      throw error;
    }
  }

  /**
   * One watch, until the server ends it (resolves) or it fails.
   * @throws ApiError; `isExpired` (410): list again. WsiError Cancelled when aborted.
   */
  async watch<T>(resource: Resource, options: WatchOptions<T>): Promise<void> {
    const { signal, onEvent, resourceVersion } = options;
    const path = resourcePath(resource, selected(options));
    const seconds = options.timeoutSeconds ?? Math.round(240 * (1 + Math.random()));
    const query = queryOf(options, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(seconds),
    });
    const request = call('watch', resource, 'GET', `${path}?${query}`);
    const idleTime = (options.idleSeconds ?? 90) * 1000;
    const where = `watch ${path}`;
    const response = await this.#http.stream(request, { signal, retry: false });
    options.onOpen?.();
    try {
      await readWatch<T>(response, { clock: this.#clock, idleTime, where, onEvent });
    } catch (error) {
      if (signal.aborted) throw new WsiError('Cancelled', 'the watch was aborted', { where, cause: error });
      throw error;
    }
  }

  /**
   * Any request. A GET, PUT or DELETE may be repeated.
   * @param body - Sent as JSON unless it is a string.
   * @returns The parsed answer if it is JSON, its text otherwise.
   */
  async raw<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    options?: CallOptions,
  ): Promise<T> {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const verb = method.toUpperCase();
    const answer = await this.#http.call(
      {
        verb: 'raw',
        resource: '',
        method: verb,
        path,
        body: text,
        headers: { ...(body === undefined ? {} : json), ...headers },
        repeatable: verb === 'GET' || verb === 'PUT' || verb === 'HEAD',
      },
      options,
    );
    return answer.contentType.includes('json') ? parsed<T>(answer, verb, path) : (answer.text as T);
  }

  /** A GET whose answer is read as it comes, e.g. a pod's log with `follow=true`. */
  async stream(path: string, options?: CallOptions): Promise<IncomingMessage> {
    const request = { verb: 'raw', resource: '', method: 'GET', path, repeatable: true };
    return this.#http.stream({ ...request, headers: { accept: '*/*' } }, options);
  }

  /** Whether the server has this API (and resource, by its plural); asked again each time. */
  async serves(group: string, version: string, plural?: string, options?: CallOptions): Promise<boolean> {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    try {
      const request = { verb: 'get', resource: 'apis', method: 'GET', path, repeatable: true };
      const found = await this.#object<{ resources?: { name: string }[] }>(request, options);
      return plural === undefined || (found.resources ?? []).some((each) => each.name === plural);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return false;
      throw error;
    }
  }

  async #apply<T>(
    resource: Resource,
    object: T,
    subresource: 'status' | undefined,
    options: CallOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T> {
    const { name = '', namespace } = metadataOf(object);
    const path = resourcePath(resource, { ...place(name, namespace), ...sub(subresource) });
    const query = queryOf({}, { fieldManager: options.fieldManager, force: String(options.force ?? true) });
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    const request = call('apply', resource, 'PATCH', `${path}?${query}`, body, subresource);
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    return this.#object<T>({ ...request, headers }, options);
  }

  async #object<T>(request: HttpCall, options: CallOptions | undefined): Promise<T> {
    return parsed<T>(await this.#http.call(request, options), request.method, request.path);
  }
}

function parsed<T>(answer: HttpAnswer, method: string, path: string): T {
  try {
    return JSON.parse(answer.text) as T;
  } catch (error) {
    throw new ApiError(`the answer is not JSON: ${answer.text.slice(0, 80)}`, {
      status: answer.status,
      reason: 'UnreadableAnswer',
      where: `${method} ${path}`,
      cause: error,
    });
  }
}
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

interface ListAnswer<T> {
  readonly items?: T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}
