/** A cluster for tests: the fake API server over real HTTP, with logs of pods, and a terminal that remembers. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { ApiClient } from '@wsi-operator/controller';
import { FakeApiServer, scaledClock, type FakeApiServerOptions } from '@wsi-operator/controller/testing';
import { systemClock } from '@wsi-operator/foundation';
import { rendered } from '../terminal/printable.ts';
import { lineDisplay } from '../progress/display.ts';
import type { ClusterSession, Terminal } from '../cluster/session.ts';
import { JOB_RESOURCE, NAMESPACE_RESOURCE, POD_RESOURCE } from '../cluster/wire.ts';

/** Seconds that pass in one. */
const FASTER = 100;

export class RecordedTerminal implements Terminal {
  output = '';
  notes = '';
  answer: boolean | undefined;
  readonly questions: string[] = [];
  readonly columns = 120;
  readonly rows = 20;
  readonly colour = false;
  redraws = false;
  readonly clock = scaledClock(FASTER);
  readonly stop = new AbortController();
  #waiting: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];

  out(text: string): void {
    this.output += rendered(text);
    this.#waiting = this.#waiting.filter(({ pattern, resolve }) => {
      const seen = pattern.test(this.everything);
      if (seen) resolve();
      return !seen;
    });
  }

  data(text: string): void {
    this.output += text;
    this.out('');
  }

  note(line: string): void {
    this.notes += `${rendered(line)}\n`;
    this.out('');
  }

  get everything(): string {
    return this.output + this.notes;
  }

  /** When the pattern has been written, whether here or there. */
  async shows(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ pattern, resolve });
      this.out('');
    });
  }

  display(): ReturnType<Terminal['display']> {
    return lineDisplay({ write: (text) => this.note(text.trimEnd()) }, this.clock);
  }

  interrupts(): ReturnType<Terminal['interrupts']> {
    const { signal } = this.stop;
    return { stop: signal, kill: new AbortController().signal, exitCode: 130, close: () => undefined };
  }

  async confirm(question: string): Promise<boolean | undefined> {
    this.questions.push(question);
    return this.answer;
  }
}

/** Answers the requests for one pod's log. */
export type LogService = (url: URL, response: ServerResponse) => void;

export class TestCluster implements AsyncDisposable {
  readonly api: FakeApiServer;
  readonly terminal = new RecordedTerminal();
  /** By pod name. */
  readonly logs = new Map<string, LogService>();
  /** By the pod's name: where its port leads, through the proxy. */
  readonly proxies = new Map<string, number>();
  /** Paths of APIs that the server has besides. */
  readonly apis = new Set<string>();
  readonly #front: Server;
  readonly #clients: ApiClient[] = [];
  /** Known beyond the cluster's end, so that what is said of a dead one can be tested. */
  #port = 0;

  private constructor(api: FakeApiServer) {
    this.api = api;
    this.#front = createServer((message, response) => this.#serve(message, response));
    // As the real server: Node's five seconds would cut a connection under the request of a client that a busy machine held up.
    this.#front.keepAliveTimeout = 120_000;
  }

  static async start(options: FakeApiServerOptions = {}): Promise<TestCluster> {
    const api = new FakeApiServer({ resources: [{ ...JOB_RESOURCE, status: true }], ...options });
    await api.start();
    const cluster = new TestCluster(api);
    await new Promise<void>((resolve) => cluster.#front.listen(0, '127.0.0.1', resolve));
    cluster.#port = (cluster.#front.address() as AddressInfo).port;
    cluster.put(NAMESPACE_RESOURCE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
    return cluster;
  }

  /** A kubeconfig for this cluster, whose context has the namespace `lab`. */
  get kubeConfig(): string {
    const text = this.api.kubeConfig.replace(this.api.url, `http://127.0.0.1:${this.#port}`);
    return text.replace('"namespace":"default"', '"namespace":"lab"');
  }

  get session(): ClusterSession {
    const config = new KubeConfig();
    config.loadFromString(this.kubeConfig);
    // Requests are real: on the terminal's fast clock five seconds of waiting for an answer would be 50 ms.
    const client = ApiClient.fromKubeConfig(config, { userAgent: 'test', clock: systemClock });
    this.#clients.push(client);
    const { terminal } = this;
    return { client, namespace: 'lab', context: 'fake', program: 'wsi', where: ' -n lab', terminal };
  }

  put(resource: Parameters<FakeApiServer['put']>[0], object: object): void {
    this.api.put(resource, object);
  }

  putJob(job: object): void {
    this.put(JOB_RESOURCE, job);
  }

  putPod(pod: object): void {
    this.put(POD_RESOURCE, pod);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#front.closeAllConnections();
    this.#front.close();
    await this.api.close();
  }

  #serve(message: IncomingMessage, response: ServerResponse): void {
    const url = new URL(message.url ?? '/', 'http://cluster');
    const pod = /^\/api\/v1\/namespaces\/lab\/pods\/([^/]+)\/log$/.exec(url.pathname)?.[1];
    const log = pod === undefined ? undefined : this.logs.get(pod);
    if (log !== undefined) {
      log(url, response);
      return;
    }
    if (this.apis.has(url.pathname)) {
      response.setHeader('content-type', 'application/json').end('{"kind":"APIGroup"}');
      return;
    }
    const { method, headers } = message;
    const [, proxied, rest] =
      /^\/api\/v1\/namespaces\/lab\/pods\/([^/:]+):\d+\/proxy(.*)$/.exec(message.url ?? '') ?? [];
    const port = proxied === undefined ? undefined : this.proxies.get(proxied);
    const onward = request(
      port === undefined ? `${this.api.url}${message.url ?? ''}` : `http://127.0.0.1:${port}${rest ?? ''}`,
      { method, headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        // Headers of a watch come before its first event.
        response.flushHeaders();
        answer.pipe(response);
        answer.on('error', () => response.destroy());
        answer.on('close', () => {
          if (!answer.complete) response.destroy();
        });
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    message.pipe(onward);
  }
}
