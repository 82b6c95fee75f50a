/**
 * Processes that read slides and compute, for the commands on this machine. Tasks are pure functions, so which process
 * does one, and how many there are, changes nothing; one whose process ends (a damaged slide can crash a decoder) is given
 * to another, alone, and after the third such end it is the slide's fault.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  deviceOfProcess,
  publicText,
  VISIBLE_DEVICES,
  WsiError,
  type PublicText,
} from '@wsi-operator/foundation';
import {
  fromPlainError,
  OPENING,
  TASKS_PER_PROCESS,
  type Answer,
  type Request,
  type Work,
} from './messages.ts';

const MAXIMUM_ENDS = 3;
/** Processes that end, one after another, before they are ready. */
const MAXIMUM_FAILED_STARTS = 3;

interface Job<Of extends Work> {
  readonly task: Of['task'];
  readonly slide: string;
  readonly priority: number;
  readonly order: number;
  /** How many processes ended while they had it. */
  ends: number;
  readonly onNews: ((news: Of['news']) => void) | undefined;
  readonly resolve: (result: Of['result']) => void;
  readonly reject: (error: WsiError) => void;
}

interface Started<Of extends Work> {
  readonly process: ChildProcess;
  /** From 0: one that is started in place of another has its number. */
  readonly index: number;
  ready: boolean;
  readonly jobs: Map<number, Job<Of>>;
}

export interface ProcessPoolOptions<Of extends Work> {
  /** The module that a process runs: it calls `serveTasks`. */
  readonly entry: URL;
  /** What each process prepares with before its first task. */
  readonly opening: Of['opening'];
  readonly processes: number;
  /** Of the directory of temporary files. */
  readonly prefix: string;
  /** Why tasks end when the pool is closed. */
  readonly stopped: PublicText;
  /** GPUs, of which each process gets one; without any, each sees what this process does. */
  readonly devices?: readonly string[];
}

export interface PoolTask<Of extends Work> {
  readonly task: Of['task'];
  /** Whose fault it is when processes end. */
  readonly slide: string;
  /** The lowest goes first. */
  readonly priority: number;
  readonly onNews?: (news: Of['news']) => void;
}

export class ProcessPool<Of extends Work> {
  readonly #options: ProcessPoolOptions<Of>;
  /** What a process that is killed leaves in its temporary files goes with this. */
  readonly #temporary: string;
  readonly #processes = new Set<Started<Of>>();
  readonly #waiting: Job<Of>[] = [];
  readonly #allEnded = Promise.withResolvers<undefined>();
  #failedStarts = 0;
  #next = 0;
  #failure: WsiError | undefined;

  constructor(options: ProcessPoolOptions<Of>) {
    this.#options = options;
    this.#temporary = mkdtempSync(join(tmpdir(), options.prefix));
    for (let index = 0; index < options.processes; index++) this.#start(index);
  }

  /** Resolves when the pool was closed and the last process has ended: none of them writes any more. */
  get ended(): Promise<unknown> {
    return this.#allEnded.promise;
  }

  /** @throws WsiError of the slide; or the one that ended the whole pool */
  run({ task, slide, priority, onNews }: PoolTask<Of>): Promise<Of['result']> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#wait({ task, slide, priority, order: this.#next++, ends: 0, onNews, resolve, reject });
      this.#assign();
    });
  }

  /** Ends the processes at once: they hold nothing. */
  close(reason = new WsiError('Cancelled', this.#options.stopped)): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    const jobs = [...this.#waiting, ...[...this.#processes].flatMap((of) => [...of.jobs.values()])];
    this.#waiting.length = 0;
    for (const { process } of this.#processes) process.kill('SIGKILL');
    for (const { reject } of jobs) reject(reason);
    if (this.#processes.size === 0) this.#tidy();
  }

  #start(index: number): void {
    const device = deviceOfProcess(this.#options.devices ?? [], index);
    const child = fork(fileURLToPath(this.#options.entry), [], {
      serialization: 'advanced',
      // A debugger's port or a test runner's loader is not for these.
      execArgv: [],
      env: {
        ...process.env,
        TMPDIR: this.#temporary,
        ...(device === undefined ? {} : { [VISIBLE_DEVICES]: device }),
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const started: Started<Of> = { process: child, index, ready: false, jobs: new Map() };
    this.#processes.add(started);
    child.on('message', (answer: Answer<Of>) => this.#answered(started, answer));
    child.on('error', (error) => this.close(WsiError.from(error, 'EngineFailed')));
    child.on('exit', (code, signal) => this.#ended(started, signal ?? `exit code ${String(code)}`));
    send(child, { id: OPENING, opening: this.#options.opening });
  }

  #answered(started: Started<Of>, answer: Answer<Of>): void {
    if ('news' in answer) {
      started.jobs.get(answer.id)?.onNews?.(answer.news);
      return;
    }
    if (answer.id === OPENING) {
      if ('error' in answer) {
        this.close(fromPlainError(answer.error));
        return;
      }
      this.#failedStarts = 0;
      started.ready = true;
    }
    const job = started.jobs.get(answer.id);
    started.jobs.delete(answer.id);
    if ('error' in answer) job?.reject(fromPlainError(answer.error));
    else job?.resolve(answer.result);
    this.#assign();
  }

  #ended(started: Started<Of>, how: string): void {
    this.#processes.delete(started);
    if (this.#failure !== undefined) {
      if (this.#processes.size === 0) this.#tidy();
      return;
    }
    if (!started.ready && ++this.#failedStarts >= MAXIMUM_FAILED_STARTS) {
      this.close(
        new WsiError('EngineFailed', `a process ended while it started (${how})`, {
          remedy: publicText`Give it more memory, or use fewer processes (--workers).`,
        }),
      );
      return;
    }
    for (const job of started.jobs.values()) {
      if (++job.ends < MAXIMUM_ENDS) this.#wait(job);
      else job.reject(crashed(job.slide, how));
    }
    this.#start(started.index);
  }

  #wait(job: Job<Of>): void {
    this.#waiting.push(job);
    this.#waiting.sort((a, b) => a.priority - b.priority || a.order - b.order);
  }

  #assign(): void {
    for (const started of this.#processes) {
      while (started.ready && this.#waiting.length > 0 && this.#hasRoom(started)) {
        const job = this.#waiting.shift()!;
        const id = ++this.#next;
        started.jobs.set(id, job);
        send(started.process, { id, task: job.task });
      }
    }
  }

  /** A task that was there when a process ended goes alone, so that it takes no other with it. */
  #hasRoom({ jobs }: Started<Of>): boolean {
    if (jobs.size === 0) return true;
    const suspect = [...jobs.values(), this.#waiting[0]!].some(({ ends }) => ends > 0);
    return !suspect && jobs.size < TASKS_PER_PROCESS;
  }

  #tidy(): void {
    rmSync(this.#temporary, { recursive: true, force: true });
    this.#allEnded.resolve(undefined);
  }
}

/** A process that has just ended reports it by its `exit` event. */
function send<Of extends Work>(child: ChildProcess, request: Request<Of>): void {
  child.send(request, () => undefined);
}

function crashed(slide: string, how: string): WsiError {
  return new WsiError(
    'SlideUnreadable',
    `${MAXIMUM_ENDS} processes ended while they read it, the last with ${how}`,
    {
      where: slide,
      remedy: publicText`It may be damaged, or the memory too small for it: copy it again, or use fewer processes (--workers).`,
    },
  );
}
