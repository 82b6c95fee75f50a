/**
 * A run of real role processes over unix sockets, or over TCP with mutual TLS, for tests: starts them, starts the dead again, kills on demand.
 * (The product's own way is the operator's reconciler; this is the least that lets the trainer be tested alone.)
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { freePort } from '@wsi-operator/foundation/testing';
import {
  callUnary,
  channelCredentials,
  connectCoordinator,
  type StatusReply,
  type TlsPem,
} from '@wsi-operator/protocol';
import { writePem } from '@wsi-operator/protocol/testing';

/** Shorter than the test runner's own limit, which would not say what the roles did. */
const PATIENCE_MILLISECONDS = 280_000;

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface RunOptions {
  readonly job: WsiTrainingJob;
  readonly output: string;
  readonly workers: number;
  readonly servers: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Directory in which the one for the sockets is made; that of temporary files by default. */
  readonly sockets?: string;
  /** Between the roles: what `from` dials instead of the address of the other one. */
  readonly dial?: (from: { role: string; replica: number }, address: string) => string;
  /** Certificates: every role listens on a port of localhost, with mutual TLS. Unix sockets by default. */
  readonly tls?: Readonly<Record<'coordinator' | 'server' | 'worker' | 'operator', TlsPem>>;
}

interface RoleProcess {
  readonly role: string;
  readonly replica: number;
  child: ChildProcess;
  starts: number;
}

export class RoleProcesses {
  readonly output: string;
  readonly #options: RunOptions;
  readonly #sockets: string;
  readonly #processes: RoleProcess[] = [];
  /** By role and replica; of a run over TCP. */
  readonly #ports = new Map<string, number>();
  readonly #finished = Promise.withResolvers<number>();
  #logs = '';
  #stopping = false;

  static async start(options: RunOptions): Promise<RoleProcesses> {
    await mkdir(options.output, { recursive: true });
    const sockets = await mkdtemp(join(options.sockets ?? tmpdir(), 'wsi-run-'));
    await writeFile(join(options.output, 'job.json'), JSON.stringify(options.job));
    const run = new RoleProcesses(options, sockets);
    await run.#prepareTls();
    for (let index = 0; index < options.servers; index++) run.#spawn('server', index);
    run.#spawn('coordinator', 0);
    run.startWorkers(options.workers);
    return run;
  }

  private constructor(options: RunOptions, sockets: string) {
    this.output = options.output;
    this.#options = options;
    this.#sockets = sockets;
    const patience = setTimeout(
      () => this.#finished.reject(new Error(`the run did not end\n${this.#logs.slice(-8000)}`)),
      PATIENCE_MILLISECONDS,
    );
    const ended = (): void => clearTimeout(patience);
    this.#finished.promise.then(ended, ended);
  }

  /** Everything the roles logged. */
  get logs(): string {
    return this.#logs;
  }

  /** Of a run that was started without workers. */
  startWorkers(workers: number): void {
    for (let index = 0; index < workers; index++) this.#spawn('worker', index);
  }

  pidOf(role: string, replica = 0): number {
    const pid = this.#find(role, replica).child.pid;
    if (pid === undefined) throw new Error(`${role} ${replica} is not running`);
    return pid;
  }

  startsOf(role: string, replica = 0): number {
    return this.#find(role, replica).starts;
  }

  /** The process dies at once; it is started again like a pod would be. */
  kill(role: string, replica = 0): void {
    process.kill(this.pidOf(role, replica), 'SIGKILL');
  }

  signal(role: string, signal: NodeJS.Signals, replica = 0): void {
    process.kill(this.pidOf(role, replica), signal);
  }

  async status(): Promise<StatusReply> {
    const { tls } = this.#options;
    const credentials = tls === undefined ? undefined : channelCredentials(tls.operator);
    const client = connectCoordinator(this.address('coordinator', 0), credentials && { credentials });
    try {
      return await callUnary<object, StatusReply>(
        client.Status.bind(client),
        {},
        { peer: 'coordinator', deadlineMilliseconds: 60_000 },
      );
    } finally {
      client.close();
    }
  }

  /** Polls until the run says so. */
  async until(what: (status: StatusReply) => boolean): Promise<StatusReply> {
    const deadline = performance.now() + PATIENCE_MILLISECONDS;
    while (performance.now() < deadline) {
      const status = await this.status().catch(() => undefined);
      if (status !== undefined && what(status)) return status;
      if (this.#stopping) throw new Error(`the run ended first\n${this.#logs.slice(-4000)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the run did not come to it\n${this.#logs.slice(-8000)}`);
  }

  /** The coordinator's exit code: 0 done, or one that is not mended by another start. */
  get finished(): Promise<number> {
    return this.#finished.promise;
  }

  /** What the coordinator left for the operator when it was stopped. */
  lastWords = '';

  /** Ctrl-C: the coordinator first, then the others. Resolves with its exit code. */
  async stop(): Promise<number> {
    this.#stopping = true;
    this.signal('coordinator', 'SIGTERM');
    const code = await this.finished;
    this.lastWords = await this.terminationMessage('coordinator').catch(() => '');
    await this.close();
    return code;
  }

  /** Ends all processes and removes the sockets. */
  async close(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      this.#processes.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await exited;
      }),
    );
    await rm(this.#sockets, { recursive: true, force: true });
  }

  async terminationMessage(role: string, replica = 0): Promise<string> {
    return readFile(this.#terminationLog(role, replica), 'utf8');
  }

  #spawn(role: string, replica: number): void {
    const dial = this.#options.dial ?? ((_from: unknown, address: string): string => address);
    const reached = (of: string, index: number): string => dial({ role, replica }, this.address(of, index));
    const child = spawn(process.execPath, ['--no-warnings', main, role], {
      env: {
        ...process.env,
        WSI_LOG_LEVEL: 'info',
        // As the launcher of local runs says.
        WSI_DETAILS: 'shown',
        WSI_JOB_NAME: 'test',
        WSI_JOB_FILE: join(this.#options.output, 'job.json'),
        WSI_REPLICA: String(replica),
        WSI_LISTEN: this.address(role, replica),
        WSI_COORDINATOR: reached('coordinator', 0),
        WSI_SERVERS: [...Array(this.#options.servers).keys()].map((of) => reached('server', of)).join(','),
        WSI_OUTPUT: this.#options.output,
        WSI_TERMINATION_LOG: this.#terminationLog(role, replica),
        WSI_PARENT_PIPE: '1',
        ...(this.#options.tls === undefined ? {} : { WSI_TLS_DIRECTORY: join(this.#sockets, role) }),
        ...this.#options.environment,
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (text: Buffer) => {
      this.#logs += text.toString();
    });
    const known = this.#processes.find((of) => of.role === role && of.replica === replica);
    if (known === undefined) this.#processes.push({ role, replica, child, starts: 1 });
    else Object.assign(known, { child, starts: known.starts + 1 });
    child.once('exit', (code) => this.#exited(role, replica, code));
  }

  #exited(role: string, replica: number, code: number | null): void {
    const final = code === 0 || code === 64 || code === 74 || this.#stopping;
    if (role === 'coordinator' && final) {
      this.#stopping = true;
      this.#finished.resolve(code ?? -1);
    } else if (!this.#stopping) {
      this.#spawn(role, replica);
    }
  }

  #find(role: string, replica: number): RoleProcess {
    const found = this.#processes.find((of) => of.role === role && of.replica === replica);
    if (found === undefined) throw new Error(`there is no ${role} ${replica}`);
    return found;
  }

  async #prepareTls(): Promise<void> {
    const { tls, servers } = this.#options;
    if (tls === undefined) return;
    for (const [role, pem] of Object.entries(tls)) await writePem(join(this.#sockets, role), pem);
    const names = ['coordinator-0', ...Array.from({ length: servers }, (_, index) => `server-${index}`)];
    for (const name of names) this.#ports.set(name, await freePort());
  }

  /** Where a role listens. */
  address(role: string, replica: number): string {
    const port = this.#ports.get(`${role}-${replica}`);
    if (port !== undefined) return `localhost:${port}`;
    return `unix:${join(this.#sockets, `${role}-${replica}`)}`;
  }

  #terminationLog(role: string, replica: number): string {
    return join(this.#sockets, `${role}-${replica}.end`);
  }
}
