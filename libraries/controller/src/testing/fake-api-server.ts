/**
 * A Kubernetes API server in this process, over real HTTP: objects of any registered resource, lists in pages, watches
 * with bookmarks, conflicts, preconditions, finalizers, the status subresource, server-side apply and (at once) garbage
 * collection; and the faults that a real one shows rarely. It checks no schema, and knows no admission or quotas;
 * namespaces need not exist. What differs in server-side apply is said in apply-merge.ts.
 */
/* eslint-disable max-lines -- one handler for each verb and for each fault that a test may ask for */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '@wsi-operator/foundation';
import type { ServerAccess } from '../access.ts';
import { ApiClient, type ApiClientOptions } from '../api-client.ts';
import { apiVersionOf, type KubernetesObject, type Resource } from '../objects.ts';
import { FakeApi } from './fake-api.ts';
import { Faults, parseRequest, type FakeRequest, type FaultAction, type Matcher } from './fake-requests.ts';
import { builtInResources, type FakeResource } from './fake-resources.ts';
import { FakeWatches } from './fake-watches.ts';
import { ObjectStore, Refusal, type Backup } from './object-store.ts';

export interface FakeApiServerOptions {
  /** Besides the built-in ones: custom resources. */
  readonly resources?: readonly FakeResource[];
  /** Stamps objects; real time by default. */
  readonly clock?: Clock;
  /** HTTPS, e.g. with `requestCert`. */
  readonly tls?: ServerOptions & { readonly ca?: string };
  /** Every so many seconds of real time each watch gets a bookmark; 60 by default. */
  readonly bookmarkSeconds?: number;
  /** Authorization and admission: a refusal or undefined. */
  readonly authorize?: (request: FakeRequest, object: unknown) => Refusal | undefined;
  /** Answers that are worked out and not stored, as of a TokenReview; undefined: it is stored. */
  readonly answerTo?: (request: FakeRequest, object: unknown) => object | undefined;
}

const anyRequest: Matcher = () => true;

export async function startFakeApiServer(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
  const server = new FakeApiServer(options);
  await server.start();
  return server;
}

export class FakeApiServer {
  /** All that came, oldest first; those that a fault swallowed too. */
  readonly requests: FakeRequest[] = [];
  readonly #options: FakeApiServerOptions;
  readonly #store: ObjectStore;
  readonly #watches: FakeWatches;
  readonly #api: FakeApi;
  readonly #resources: readonly FakeResource[];
  readonly #faults = new Faults();
  readonly #clients: ApiClient[] = [];
  #server: Server | undefined;
  #bookmarks: NodeJS.Timeout | undefined;
  #port = 0;

  constructor(options: FakeApiServerOptions) {
    this.#options = options;
    this.#resources = [...builtInResources, ...(options.resources ?? [])];
    this.#store = new ObjectStore(options.clock ?? systemClock, (change) => this.#watches.send(change));
    this.#watches = new FakeWatches(this.#store);
    this.#api = new FakeApi(this.#store, this.#watches, this.#resources);
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** As text: for a file, or `loadFromString`. */
  get kubeConfig(): string {
    const ca = this.#options.tls?.ca;
    const trust =
      ca === undefined
        ? { 'insecure-skip-tls-verify': true }
        : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'fake', cluster: { server: this.url, ...trust } }],
      users: [{ name: 'tester', user: {} }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'tester', namespace: 'default' } }],
      'current-context': 'fake',
    });
  }

  /** For a server without TLS: no credentials. */
  get access(): ServerAccess {
    const credentials = { headers: {}, tls: {}, fingerprint: '' };
    return { server: new URL(this.url), credentials: async () => credentials, invalidate: () => undefined };
  }

  /** A client of this server, closed with it. */
  newClient(options: Partial<ApiClientOptions> = {}): ApiClient {
    const unlimited = { userAgent: 'test', queriesPerSecond: 1e6, burst: 1e6 };
    const client = new ApiClient(this.access, { ...unlimited, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Listens, on the port of before if there was one. */
  async start(): Promise<void> {
    const { tls, bookmarkSeconds = 60 } = this.#options;
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    // As the real server: Node's five seconds would cut a connection under the request of a client that a busy machine held up.
    server.keepAliveTimeout = 120_000;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#bookmarks = setInterval(() => this.#watches.bookmark(), bookmarkSeconds * 1000).unref();
  }

  /** Breaks all connections and refuses new ones until `start`. */
  async stop(): Promise<void> {
    clearInterval(this.#bookmarks);
    this.#watches.drop(false);
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Open TCP connections. */
  async connectionCount(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server?.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.stop();
  }

  /**
   * @param history - `kept`; `lost`: older versions are answered with 410; or a backup that is restored.
   * @param bump - After a restore versions go on above all that were given out; false: they begin again.
   */
  async restart(history: 'kept' | 'lost' | Backup = 'kept', bump = true): Promise<void> {
    await this.stop();
    if (history === 'lost') this.#store.compact();
    else if (history !== 'kept') this.#store.restore(history, bump);
    this.#api.forgetPages();
    await this.start();
  }

  // The state, past HTTP.

  objects<T = KubernetesObject>(resource: Resource): T[] {
    return [...this.#store.of(resource).values()] as T[];
  }

  get resourceVersion(): string {
    return String(this.#store.version);
  }

  get openWatches(): number {
    return this.#watches.count;
  }

  /** Writes an object as it is (status too): creates it or replaces it. */
  put(resource: Resource, object: object): KubernetesObject {
    const { status, ...given } = structuredClone(object) as KubernetesObject;
    const known = this.#resources.find(
      (each) => each.group === resource.group && each.plural === resource.plural,
    );
    const kind: FakeResource = known ?? resource;
    const wanted = { ...given, apiVersion: apiVersionOf(kind), kind: kind.kind };
    const { name = '', namespace } = wanted.metadata;
    delete wanted.metadata.resourceVersion;
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const version = this.#store.of(kind).get(key)?.metadata.resourceVersion;
    const full = { ...wanted, ...(status === undefined ? {} : { status }) } as KubernetesObject;
    if (version === undefined) {
      const made = this.#store.create(kind, full);
      if (kind.status !== true || status === undefined) return made;
      return this.#store.update(kind, { ...made, status }, 'status');
    }
    full.metadata.resourceVersion = version;
    const next = this.#store.update(kind, full, undefined);
    if (kind.status !== true || status === undefined) return next;
    return this.#store.update(kind, { ...next, status }, 'status');
  }

  /** Deletes at once, whatever holds the object. */
  remove(resource: Resource, name: string, namespace?: string): void {
    const old = this.#store.get(resource, name, namespace);
    if (old.metadata.finalizers !== undefined)
      this.put(resource, { ...old, metadata: { ...old.metadata, finalizers: [] } });
    this.#store.delete(resource, name, namespace, { graceful: 0 });
  }

  backup(): Backup {
    return this.#store.backup();
  }

  // Faults.

  /** Older resourceVersions and continue tokens are answered with 410 from now on. Open watches go on. */
  compact(): void {
    this.#store.compact();
    this.#api.forgetPages();
  }

  dropWatches(options: { readonly graceful?: boolean } = {}): void {
    this.#watches.drop(options.graceful ?? false);
  }

  /** The open watches get nothing more, though their connections stand. */
  freezeWatches(): void {
    this.#watches.freeze();
  }

  sendBookmarks(): void {
    this.#watches.bookmark();
  }

  corruptNextEvent(): void {
    this.#watches.corruptNext(1);
  }

  /** The next matching requests are answered with a failure. */
  answer(
    status: number,
    options: { times?: number; retryAfterSeconds?: number; message?: string; match?: Matcher } = {},
  ): void {
    const { times = 1, match = anyRequest, ...rest } = options;
    this.#faults.add({ kind: 'answer', status, ...rest }, times, match);
  }

  hang(options: { times?: number; match?: Matcher } = {}): void {
    this.#faults.add({ kind: 'hang' }, options.times ?? 1, options.match ?? anyRequest);
  }

  /** Closes connections instead of answering; `after` the request was carried out: its answer is lost. */
  closeConnections(options: { times?: number; after?: boolean; match?: Matcher } = {}): void {
    const { times = 1, after = false, match = anyRequest } = options;
    this.#faults.add({ kind: 'close', after }, times, match);
  }

  /** Holds matching requests back until the promise is settled. */
  delay(until: Promise<unknown>, options: { times?: number; match?: Matcher } = {}): void {
    this.#faults.add({ kind: 'delay', until }, options.times ?? 1, options.match ?? anyRequest);
  }

  clearFaults(): void {
    this.#faults.clear();
    this.#watches.corruptNext(0);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = parseRequest(message, this.#resources);
    this.requests.push(request);
    const fault = this.#faults.take(request);
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of message) chunks.push(chunk as Buffer);
      if (fault !== undefined && !(await goesOn(fault, response))) return;
      const text = Buffer.concat(chunks).toString('utf8');
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const refusal = this.#options.authorize?.(request, body);
      if (refusal !== undefined) throw refusal;
      const answer = this.#options.answerTo?.(request, body);
      if (answer !== undefined) {
        response.writeHead(201, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
        return;
      }
      this.#api.handle(request, body, response);
    } catch (error) {
      refuse(response, error);
    }
  }
}

/** Commits the fault. @returns Whether the request is still to be carried out. */
async function goesOn(fault: FaultAction, response: ServerResponse): Promise<boolean> {
  if (fault.kind === 'hang') return false;
  if (fault.kind === 'delay') await fault.until;
  if (fault.kind === 'answer') {
    const { status, retryAfterSeconds, message } = fault;
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
    throw new Refusal(status, '', message ?? `injected ${status}`);
  }
  if (fault.kind === 'close') {
    if (!fault.after) response.destroy();
    response.write = () => {
      response.destroy();
      return false;
    };
    response.end = () => response.destroy();
    return fault.after;
  }
  return true;
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known =
    error instanceof Refusal
      ? error
      : new Refusal(
          error instanceof SyntaxError ? 400 : 500,
          '',
          error instanceof Error ? error.message : String(error),
        );
  response.writeHead(known.code, { 'content-type': 'application/json' });
  const details = known.causes.length === 0 ? {} : { details: { causes: known.causes } };
  const reason = known.reason === '' ? {} : { reason: known.reason };
  response.end(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: known.message,
      ...reason,
      ...details,
      code: known.code,
    }),
  );
}
