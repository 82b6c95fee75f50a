/**
 * Tenants on one operator: its real process, an API server in this process, and a kubelet that says that pods run and
 * starts the coordinators as processes, each on a loopback address of its own. One tenant is modest, the other hostile.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@wsi-operator/controller';
import { startFakeApiServer, type FakeApiServer } from '@wsi-operator/controller/testing';
import { hostileCoordinatorProgram } from '@wsi-operator/protocol/testing/hostile-coordinator';
import { API_VERSION, KIND, type WsiTrainingJobStatus } from '@wsi-operator/api';
import { CONFIG_MAPS, JOBS, PODS, SECRETS } from '../cluster/kubernetes/resources.ts';
import { manifest, until } from './kubernetes-bed.ts';
import { startOperator, type OperatorChoices, type OperatorProcess } from './operator-process.ts';
import { refuseBeyondRights } from './rights.ts';

export { ask, type OperatorProcess } from './operator-process.ts';

export const MODEST = 'modest';
export const HOSTILE = 'hostile';
const LABELS = { 'app.kubernetes.io/managed-by': 'wsi-operator' };
const LOOK_MILLISECONDS = 50;

/** Ways of a hostile coordinator, with commas between them; `none` is an honest one, `all` are all. */
export type Ways = string;

export class TenantsBed implements AsyncDisposable {
  readonly server: FakeApiServer;
  readonly #directory = mkdtempSync(join(tmpdir(), 'wsi-tenants-'));
  readonly #operators: OperatorProcess[] = [];
  readonly #coordinators = new Map<string, { readonly child: ChildProcess; text: string }>();
  /** Of the coordinators of jobs, by namespace and name. */
  readonly #ways = new Map<string, Ways>();
  readonly #kubelet: NodeJS.Timeout;
  #addresses = 1;

  private constructor(server: FakeApiServer) {
    this.server = server;
    this.#kubelet = setInterval(() => this.#runPods(), LOOK_MILLISECONDS);
  }

  static async start(): Promise<TenantsBed> {
    const resources = [{ ...JOBS, status: true }];
    return new TenantsBed(await startFakeApiServer({ resources, authorize: refuseBeyondRights }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#kubelet);
    await Promise.all(this.#operators.map((operator) => operator.stop()));
    for (const { child } of this.#coordinators.values()) child.kill('SIGKILL');
    await this.server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async startOperator(name: string, choices: OperatorChoices = {}): Promise<OperatorProcess> {
    const operator = await startOperator(this.server, name, choices);
    this.#operators.push(operator);
    return operator;
  }

  /** @param ways of its coordinator; without them its pods wait for a node for ever */
  submit(namespace: string, name: string, ways?: Ways): void {
    if (ways !== undefined) this.#ways.set(`${namespace}/${name}`, ways);
    const job = manifest(name);
    this.server.put(JOBS, { ...job, metadata: { ...job.metadata, namespace } });
  }

  /** ConfigMaps as anyone may make them, with the operator's label. */
  async fill(prefix: string, count: number, bytes: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const metadata = { name: `${prefix}-${index}`, namespace: HOSTILE, labels: LABELS };
      this.server.put(CONFIG_MAPS, { metadata, data: { text: 'x'.repeat(bytes) } });
      await answered();
    }
  }

  /** Pods as anyone may make them, with the operator's labels and a long annotation. */
  async crowd(prefix: string, count: number, bytes: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const name = `${prefix}-${index}`;
      const annotations = { text: 'x'.repeat(bytes) };
      this.server.put(PODS, {
        metadata: { name, namespace: HOSTILE, labels: workerLabels(name), annotations },
        spec: {},
      });
      await answered();
    }
  }

  /** Pods that pass for those of jobs, which are not there, and look for nodes with many labels. */
  async pretend(prefix: string, count: number, bytes: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const job = `${prefix}-${index}`;
      const owner = { apiVersion: API_VERSION, kind: KIND, name: job, uid: 'nobody', controller: true };
      const metadata = {
        name: `${job}-worker-0`,
        namespace: HOSTILE,
        labels: workerLabels(job),
        annotations: { 'wsi.dev/revision': 'r' },
        ownerReferences: [owner],
      };
      const nodeLabel = (at: number): [string, string] => [
        `${job}/${at}`.padEnd(32, 'x'),
        `${job}-${at}`.padEnd(32, 'y'),
      ];
      const nodeSelector = Object.fromEntries(
        Array.from({ length: bytes / 64 }, (_, at) => nodeLabel(at)),
      ) as object;
      this.server.put(PODS, { metadata, spec: { nodeSelector, containers: [{ name: 'trainer' }] } });
      await answered();
    }
  }

  jobs(namespace: string): KubernetesObject[] {
    return this.server.objects(JOBS).filter(({ metadata }) => metadata.namespace === namespace);
  }

  status(namespace: string, name: string): WsiTrainingJobStatus {
    const job = this.jobs(namespace).find(({ metadata }) => metadata.name === name);
    return job?.['status'] ?? {};
  }

  pods(namespace: string, job?: string): KubernetesObject[] {
    return this.server.objects(PODS).filter(({ metadata }) => {
      const named = job === undefined || metadata.labels?.['wsi.dev/job-name'] === job;
      return metadata.namespace === namespace && named;
    });
  }

  /** What a job's coordinator has written: a line for each way that it has gone. */
  said(namespace: string, job: string): string[] {
    const text = this.#coordinators.get(`${namespace}/${job}`)?.text ?? '';
    return text.split('\n').filter((line) => line !== '');
  }

  /** What each of a tenant's coordinators has written, without those that have not been started. */
  coordinators(namespace: string): readonly (readonly string[])[] {
    const jobs = [...this.#coordinators.keys()].filter((job) => job.startsWith(`${namespace}/`));
    return jobs.map((job) => this.said(namespace, job.slice(namespace.length + 1)));
  }

  /** Waits until the modest tenant's job has been heard at a later step. */
  async untilHeard(name: string): Promise<void> {
    const step = (): number => this.status(MODEST, name).progress?.step ?? 0;
    const from = step();
    await until(`${name} is heard`, () => step() > from, 60_000);
  }

  /** As a kubelet. */
  #runPods(): void {
    for (const pod of this.server.objects(PODS)) {
      const { namespace = '', labels } = pod.metadata;
      const job = `${namespace}/${labels?.['wsi.dev/job-name'] ?? ''}`;
      const ways = this.#ways.get(job);
      const { phase } = (pod['status'] ?? {}) as { readonly phase?: string };
      if (ways === undefined || phase === 'Running') continue;
      const address = `127.7.${Math.floor(this.#addresses / 250)}.${(this.#addresses % 250) + 1}`;
      this.#addresses += 1;
      if (labels?.['wsi.dev/role'] === 'coordinator') this.#startCoordinator(job, address, ways);
      this.server.put(PODS, { ...pod, status: { phase: 'Running', podIP: address } });
    }
  }

  #startCoordinator(job: string, address: string, ways: Ways): void {
    const directory = join(this.#directory, job);
    mkdirSync(directory, { recursive: true });
    const [namespace, name] = job.split('/');
    const secret = this.server
      .objects(SECRETS)
      .find(({ metadata }) => metadata.namespace === namespace && metadata.name === `${name}-tls`);
    const data = (secret?.['data'] ?? {}) as Record<string, string>;
    const files = { 'ca.crt': 'ca.crt', 'tls.crt': 'coordinator.crt', 'tls.key': 'coordinator.key' };
    for (const [file, key] of Object.entries(files)) {
      writeFileSync(join(directory, file), Buffer.from(data[key] ?? '', 'base64'));
    }
    const env = { HOSTILE_HOST: address, HOSTILE_WAYS: ways, WSI_TLS_DIRECTORY: directory };
    const child = spawn(process.execPath, [hostileCoordinatorProgram], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const kept = { child, text: '' };
    child.stdout.on('data', (chunk) => (kept.text += String(chunk)));
    this.#coordinators.set(job, kept);
  }
}

function workerLabels(job: string): Record<string, string> {
  return { ...LABELS, 'wsi.dev/job-name': job, 'wsi.dev/role': 'worker', 'wsi.dev/replica': '0' };
}

/** Lets the server in this process answer what has come: a lease that is not renewed in time is lost. */
async function answered(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
}

/** The most memory that a process has had in RAM, in bytes. Linux only. */
export function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
