/** The watches that are open on the fake API server. */
import type { ServerResponse } from 'node:http';
import type { KubernetesObject } from '../objects.ts';
import type { FakeRequest } from './fake-requests.ts';
import type { Change, ObjectStore } from './object-store.ts';
import type { Predicate } from './selectors.ts';

interface OpenWatch {
  readonly request: FakeRequest;
  readonly response: ServerResponse;
  readonly selected: Predicate;
  /**
   * Earlier changes are not sent. May lie in the future, after a restore: a real server (1.37) then accepts the watch
   * and is silent, without bookmarks, until it gets there.
   */
  readonly from: number;
  /** Half-open: the connection stands, but nothing comes through any more. */
  frozen: boolean;
}

export class FakeWatches {
  readonly #open = new Set<OpenWatch>();
  readonly #store: ObjectStore;
  /** Of the change that is being sent: the same text goes to all watches. */
  #line: { readonly change: Change; readonly text: string } | undefined;
  #garbageNext = 0;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  get count(): number {
    return this.#open.size;
  }

  start(request: FakeRequest, response: ServerResponse, selected: Predicate): void {
    const from = request.query.get('resourceVersion') ?? '';
    const watch: OpenWatch = { request, response, selected, from: Number(from), frozen: false };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (!this.#replay(watch, from)) {
      response.end();
      return;
    }
    this.#open.add(watch);
    const seconds = Number(request.query.get('timeoutSeconds') ?? 0);
    const timer =
      seconds > 0
        ? setTimeout(() => {
            this.#bookmark(watch);
            response.end();
          }, seconds * 1000).unref()
        : undefined;
    response.on('close', () => {
      clearTimeout(timer);
      this.#open.delete(watch);
    });
  }

  send(change: Change): void {
    for (const watch of this.#open) this.#sendTo(watch, change);
  }

  bookmark(): void {
    for (const watch of this.#open) this.#bookmark(watch);
  }

  /** @param graceful - Ends the answers as a time-out does; else the connections break. */
  drop(graceful: boolean): void {
    for (const watch of [...this.#open]) {
      this.#open.delete(watch);
      if (graceful) watch.response.end();
      else watch.response.destroy();
    }
  }

  freeze(): void {
    for (const watch of this.#open) watch.frozen = true;
  }

  /** So many of the next events that are sent to any watch are cut in the middle. */
  corruptNext(times: number): void {
    this.#garbageNext = times;
  }

  /** Past changes, or the present state for a watch without a version. False: refused with an ERROR event. */
  #replay(watch: OpenWatch, from: string): boolean {
    const { resource } = watch.request;
    if (from === '' || from === '0') {
      for (const object of resource === undefined ? [] : this.#store.of(resource).values()) {
        if (this.#concerns(watch, object)) this.#write(watch, 'ADDED', object);
      }
      return true;
    }
    const version = Number(from);
    const changes = this.#store.since(version);
    if (changes === undefined) {
      this.#error(watch, { code: 410, reason: 'Expired', message: `too old resource version: ${from}` });
      return false;
    }
    for (const change of changes) this.#sendTo(watch, change);
    return true;
  }

  #sendTo(watch: OpenWatch, change: Change): void {
    if (change.version <= watch.from) return;
    if (watch.request.resource !== change.resource && !sameResource(watch, change)) return;
    const { object, old } = change;
    const was = old !== undefined && this.#concerns(watch, old);
    const is = change.type !== 'DELETED' && this.#concerns(watch, object);
    if (!was && !is) return;
    const type = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
    if (type === change.type) {
      if (this.#line?.change !== change) this.#line = { change, text: line(type, object) };
      this.#text(watch, this.#line.text);
    } else {
      this.#write(watch, type, object);
    }
  }

  #concerns(watch: OpenWatch, object: KubernetesObject): boolean {
    const { namespace, name } = watch.request;
    return (
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (name === undefined || object.metadata.name === name) &&
      watch.selected(object)
    );
  }

  #bookmark(watch: OpenWatch): void {
    const { resource, query } = watch.request;
    if (this.#store.version < watch.from) return;
    if (resource === undefined || query.get('allowWatchBookmarks') !== 'true') return;
    const metadata = { resourceVersion: String(this.#store.version) };
    this.#write(watch, 'BOOKMARK', { apiVersion: resource.version, kind: resource.kind, metadata });
  }

  #error(watch: OpenWatch, status: object): void {
    const object = { kind: 'Status', apiVersion: 'v1', status: 'Failure', metadata: {}, ...status };
    this.#write(watch, 'ERROR', object);
  }

  #write(watch: OpenWatch, type: string, object: KubernetesObject): void {
    this.#text(watch, line(type, object));
  }

  #text(watch: OpenWatch, text: string): void {
    if (watch.frozen) return;
    if (this.#garbageNext > 0) {
      this.#garbageNext -= 1;
      watch.response.write(`${text.slice(0, text.length / 2)}\n`);
    } else {
      watch.response.write(text);
    }
  }
}

function sameResource(watch: OpenWatch, change: Change): boolean {
  const { resource } = watch.request;
  return resource?.group === change.resource.group && resource.plural === change.resource.plural;
}

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}
