/** A request as the fake API server understands it, and the faults that it can be made to commit on some. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, type PeerCertificate } from 'node:tls';
import type { FakeResource } from './fake-resources.ts';

export interface FakeRequest {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete`, `deletecollection`; `other`: discovery. */
  readonly verb: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly resource: FakeResource | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly userAgent: string;
  readonly authorization: string | undefined;
  /** Common name of the client's certificate. */
  readonly certificate: string | undefined;
}

export type Matcher = (request: FakeRequest) => boolean;

export type FaultAction =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly retryAfterSeconds?: number;
      readonly message?: string;
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Closes the connection: before the request is carried out, or after (its answer is lost). */
  | { readonly kind: 'close'; readonly after: boolean }
  /** Carries it out only after this promise. */
  | { readonly kind: 'delay'; readonly until: Promise<unknown> };

export class Faults {
  #faults: { left: number; readonly matches: Matcher; readonly action: FaultAction }[] = [];

  add(action: FaultAction, times: number, matches: Matcher): void {
    this.#faults.push({ left: times, matches, action });
  }

  /** The first that matches, which is then used up by one. */
  take(request: FakeRequest): FaultAction | undefined {
    const fault = this.#faults.find((each) => each.left > 0 && each.matches(request));
    if (fault === undefined) return undefined;
    fault.left -= 1;
    return fault.action;
  }

  clear(): void {
    this.#faults = [];
  }
}

export function parseRequest(message: IncomingMessage, resources: readonly FakeResource[]): FakeRequest {
  const url = new URL(message.url ?? '/', 'http://server');
  const method = message.method ?? 'GET';
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const core = parts[0] === 'api';
  const [group = '', version = ''] = core ? ['', parts[1]] : [parts[1], parts[2]];
  let rest = parts.slice(core ? 2 : 3);
  let namespace: string | undefined;
  if (rest[0] === 'namespaces' && rest.length >= 3 && rest[2] !== 'status') {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural, name, subresource] = rest;
  const resource = resources.find(
    (each) => each.group === group && each.version === version && each.plural === plural,
  );
  return {
    verb: resource === undefined ? 'other' : verbOf(method, name, url.searchParams, message),
    method,
    path: url.pathname,
    query: url.searchParams,
    resource,
    namespace,
    name,
    subresource,
    userAgent: message.headers['user-agent'] ?? '',
    authorization: message.headers.authorization,
    certificate: commonName(message.socket),
  };
}

function commonName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  // An empty object when there is none.
  const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  const name = subject?.CN;
  return Array.isArray(name) ? name[0] : name;
}

function verbOf(
  method: string,
  name: string | undefined,
  query: URLSearchParams,
  message: IncomingMessage,
): string {
  if (method === 'GET' && ['true', '1'].includes(query.get('watch') ?? '')) return 'watch';
  if (method === 'GET') return name === undefined ? 'list' : 'get';
  if (method === 'PATCH')
    return (message.headers['content-type'] ?? '').includes('apply') ? 'apply' : 'patch';
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  return method === 'POST' ? 'create' : 'update';
}
