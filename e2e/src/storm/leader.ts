/** The process that leads a run on this machine, `wsi run`: started, killed, and started again with the same command. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { WsiError } from '@wsi-operator/foundation';
import { lastLines } from '@wsi-operator/cluster';
import { markOf, type ProcessMark } from './processes.ts';

const WSI = new URL('../../../cli/src/main.ts', import.meta.url).pathname;
const RESIZABLE = new URL('./resizable-run.ts', import.meta.url).pathname;

export interface LeaderOptions {
  readonly manifest: string;
  readonly output: string;
  readonly log: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface Replicas {
  readonly workers: number;
  readonly servers: number;
}

/** Exit codes of `wsi run` after which the same command goes on: stopped, or no room on the disk. */
const STOPPED = [130, 143];
const STORAGE = 74;

export type LeaderEnd = 'finished' | 'stopped' | 'storage' | 'killed';

export class Leader {
  readonly #options: LeaderOptions;
  #child: ChildProcess | undefined;
  #end: Promise<LeaderEnd> = Promise.resolve('stopped');
  #starts = 0;
  #resizable = false;

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  /** Turns take place between `wsi run` itself and the same with a line for rescaling. */
  start({ workers, servers }: Replicas): void {
    this.#starts += 1;
    this.#resizable = this.#starts % 2 === 1;
    const { manifest, output, log, environment } = this.#options;
    const command = this.#resizable
      ? [RESIZABLE, manifest, output, String(workers), String(servers)]
      : [
          WSI,
          'run',
          manifest,
          `--output=${output}`,
          `--workers=${workers}`,
          `--servers=${servers}`,
          '--no-report',
        ];
    const file = openSync(log, 'a');
    const child = spawn(process.execPath, ['--no-warnings', ...command], {
      env: environment,
      stdio: ['pipe', file, file],
      // Ctrl-C in the terminal is for the storm.
      detached: true,
    });
    closeSync(file);
    child.stdin?.on('error', () => undefined);
    this.#child = child;
    this.#end = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        const end = endOf(code, signal);
        if (end !== undefined) resolve(end);
        else
          reject(
            new WsiError('Internal', `wsi run ended with ${code ?? signal}`, { remedy: this.lastWords() }),
          );
      });
    });
    // Somebody asks for it later.
    this.#end.catch(() => undefined);
  }

  get isAlive(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** How it ends. @throws WsiError when it ends as it should not */
  get end(): Promise<LeaderEnd> {
    return this.#end;
  }

  get mark(): ProcessMark | undefined {
    const pid = this.#child?.pid;
    return pid === undefined || !this.isAlive ? undefined : markOf(pid);
  }

  async kill(): Promise<LeaderEnd> {
    this.#child?.kill('SIGKILL');
    return this.#end;
  }

  /** Ctrl-C. */
  async stop(): Promise<LeaderEnd> {
    this.#child?.kill('SIGINT');
    return this.#end;
  }

  /** @returns false when this start cannot be rescaled */
  rescale(workers: number): boolean {
    if (!this.#resizable || !this.isAlive) return false;
    this.#child?.stdin?.write(`workers ${workers}\n`);
    return true;
  }

  lastWords(): string {
    try {
      return lastLines(readFileSync(this.#options.log, 'utf8'));
    } catch {
      return '';
    }
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): LeaderEnd | undefined {
  if (code === 0) return 'finished';
  if (code === STORAGE) return 'storage';
  if (signal === 'SIGKILL') return 'killed';
  // Before it listens for the signal, Ctrl-C ends it as any program.
  if (signal === 'SIGINT' || (code !== null && STOPPED.includes(code))) return 'stopped';
  return undefined;
}
