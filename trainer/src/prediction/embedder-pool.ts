/**
 * Processes that embed tiles for a prediction. Tasks are pure functions, so which process does one, and how many there
 * are, changes nothing; one whose process ends (a damaged slide can crash a decoder) is given to another, alone, and
 * after the third such end it is the slide's fault.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicText, WsiError } from '@wsi-operator/foundation';
import {
  fromPlainError,
  type EmbedderAnswer,
  type EmbedderRequest,
  type EmbedderResult,
  type EmbedderTask,
} from './messages.ts';

const ENTRY = fileURLToPath(new URL('./embedder-main.ts', import.meta.url));
/** One computes, the next reads. */
const TASKS_AT_ONCE = 2;
const MAXIMUM_ENDS = 3;
/** Processes that end, one after another, before they are ready. */
const MAXIMUM_FAILED_STARTS = 3;

interface Job {
  readonly task: EmbedderTask;
  readonly slide: string;
  readonly priority: number;
  readonly order: number;
  /** How many processes ended while they had it. */
  ends: number;
  readonly resolve: (result: EmbedderResult) => void;
  readonly reject: (error: WsiError) => void;
}

interface Embedding {
  readonly process: ChildProcess;
  ready: boolean;
  readonly jobs: Map<number, Job>;
}

export interface EmbedderPoolOptions {
  readonly checkpoint: string;
  readonly processes: number;
}

export class EmbedderPool {
  readonly #options: EmbedderPoolOptions;
  /** What a process that is killed leaves in its temporary files goes with this. */
  readonly #temporary = mkdtempSync(join(tmpdir(), 'wsi-predict-'));
  readonly #processes = new Set<Embedding>();
  readonly #waiting: Job[] = [];
  #failedStarts = 0;
  #next = 0;
  #failure: WsiError | undefined;

  constructor(options: EmbedderPoolOptions) {
    this.#options = options;
    for (let index = 0; index < options.processes; index++) this.#start();
  }

  /**
   * @param priority the lowest goes first
   * @throws WsiError of the slide; or the one that ended the whole pool
   */
  run(task: EmbedderTask, slide: string, priority: number): Promise<EmbedderResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#wait({ task, slide, priority, order: this.#next++, ends: 0, resolve, reject });
      this.#assign();
    });
  }

  /** Ends the processes at once: they hold nothing. */
  close(reason = new WsiError('Cancelled', publicText`the prediction was stopped`)): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    const jobs = [...this.#waiting, ...[...this.#processes].flatMap((of) => [...of.jobs.values()])];
    this.#waiting.length = 0;
    for (const { process } of this.#processes) process.kill('SIGKILL');
    for (const { reject } of jobs) reject(reason);
    if (this.#processes.size === 0) this.#tidy();
  }

  #start(): void {
    const child = fork(ENTRY, [], {
      serialization: 'advanced',
      // A debugger's port or a test runner's loader is not for these.
      execArgv: [],
      env: { ...process.env, TMPDIR: this.#temporary },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const embedding: Embedding = { process: child, ready: false, jobs: new Map() };
    this.#processes.add(embedding);
    child.on('message', (answer: EmbedderAnswer) => this.#answered(embedding, answer));
    child.on('error', (error) => this.close(WsiError.from(error, 'EngineFailed')));
    child.on('exit', (code, signal) => this.#ended(embedding, signal ?? `exit code ${String(code)}`));
    send(child, { id: 0, checkpoint: this.#options.checkpoint });
  }

  #answered(embedding: Embedding, answer: EmbedderAnswer): void {
    if (answer.id === 0) {
      if ('error' in answer) {
        this.close(fromPlainError(answer.error));
        return;
      }
      this.#failedStarts = 0;
      embedding.ready = true;
    }
    const job = embedding.jobs.get(answer.id);
    embedding.jobs.delete(answer.id);
    if ('error' in answer) job?.reject(fromPlainError(answer.error));
    else job?.resolve(answer.result);
    this.#assign();
  }

  #ended(embedding: Embedding, how: string): void {
    this.#processes.delete(embedding);
    if (this.#failure !== undefined) {
      if (this.#processes.size === 0) this.#tidy();
      return;
    }
    if (!embedding.ready && ++this.#failedStarts >= MAXIMUM_FAILED_STARTS) {
      this.close(
        new WsiError('EngineFailed', `an embedding process ended while it started (${how})`, {
          remedy: publicText`Give it more memory, or use fewer processes (--workers).`,
        }),
      );
      return;
    }
    for (const job of embedding.jobs.values()) {
      if (++job.ends < MAXIMUM_ENDS) this.#wait(job);
      else job.reject(crashed(job.slide, how));
    }
    this.#start();
  }

  #wait(job: Job): void {
    this.#waiting.push(job);
    this.#waiting.sort((a, b) => a.priority - b.priority || a.order - b.order);
  }

  #assign(): void {
    for (const embedding of this.#processes) {
      while (embedding.ready && this.#waiting.length > 0 && this.#hasRoom(embedding)) {
        const job = this.#waiting.shift()!;
        const id = ++this.#next;
        embedding.jobs.set(id, job);
        send(embedding.process, { id, task: job.task });
      }
    }
  }

  /** A task that was there when a process ended goes alone, so that it takes no other with it. */
  #hasRoom({ jobs }: Embedding): boolean {
    if (jobs.size === 0) return true;
    const suspect = [...jobs.values(), this.#waiting[0]!].some(({ ends }) => ends > 0);
    return !suspect && jobs.size < TASKS_AT_ONCE;
  }

  #tidy(): void {
    rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** A process that has just ended reports it by its `exit` event. */
function send(child: ChildProcess, request: EmbedderRequest): void {
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
