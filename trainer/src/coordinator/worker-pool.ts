/**
 * The workers of a run: their streams on one side, promises of task results on the other. Which task goes to whom is
 * decided by {@link TaskBoard}; this adds the messages, the clock and the errors.
 */
import type grpc from '@grpc/grpc-js';
import { WsiError, type Clock, type ErrorCode, type Logger } from '@wsi/foundation';
import type {
  Completed,
  CoordinatorMessage,
  Failed,
  Hello,
  Task,
  TaskResult,
  Usage,
  Welcome,
  WorkerMessage,
} from '@wsi/protocol';
import { TaskBoard, type BoardTask } from './task-board.ts';
import { taskError } from './unreadable-slide.ts';

type WorkerStream = grpc.ServerDuplexStream<WorkerMessage, CoordinatorMessage>;

/** A task without the parts that the pool fills in. */
export type TaskBody = Omit<Task, 'generation'>;

interface PooledTask extends BoardTask {
  readonly body: TaskBody;
  /** Named in errors: the slide. */
  readonly subject: string;
}

interface Connection {
  readonly name: string;
  readonly replica: number;
  readonly slots: number;
  readonly stream: WorkerStream;
  lastSeen: number;
}

interface Waiter {
  readonly subject: string;
  resolve(result: TaskResult): void;
  reject(error: WsiError): void;
}

/** A task that was leased this often without an end kills its workers: the run stops and names its slide. */
const maximumAttempts = 8;
/** A task whose worker could not reach a parameter server is leased again after this pause. */
const retryMilliseconds = 300;

export class WorkerPool {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leaseMilliseconds: number;
  readonly #board = new TaskBoard<PooledTask>();
  readonly #waiters = new Map<string, Waiter>();
  readonly #connections = new Map<WorkerStream, Connection>();
  /** The last usage that each process reported, for ever: totals must not shrink when a worker leaves. */
  readonly #usage = new Map<string, { replica: number; usage: Usage }>();
  #welcome: Welcome | undefined;
  /** Why no task is taken now. */
  #cancelled: WsiError | undefined;
  #expiry: NodeJS.Timeout;

  constructor(options: { clock: Clock; logger: Logger; leaseMilliseconds: number }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#leaseMilliseconds = options.leaseMilliseconds;
    this.#expiry = setInterval(() => this.#expire(), Math.max(50, options.leaseMilliseconds / 4));
    this.#expiry.unref();
  }

  get connected(): number {
    return this.#connections.size;
  }

  /** Every process that ever said hello, with its last usage. */
  usages(): { replica: number; usage: Usage }[] {
    return [...this.#usage.values()];
  }

  /** How often workers came back as a new process. */
  get restarts(): number {
    const processes = new Map<number, number>();
    for (const { replica } of this.#usage.values()) processes.set(replica, (processes.get(replica) ?? 0) + 1);
    return [...processes.values()].reduce((sum, count) => sum + count - 1, 0);
  }

  /** Starts a generation: open tasks of the one before are rejected as cancelled, workers are told. */
  begin(welcome: Welcome): void {
    this.cancelAll(
      new WsiError('Cancelled', 'the run went back to its last checkpoint', { retryable: true }),
    );
    this.#cancelled = undefined;
    this.#welcome = welcome;
    for (const { stream } of this.#connections.values()) stream.write({ welcome });
  }

  /**
   * Rejects every open task with `reason` and takes them off the board; until the next generation begins, new ones are
   * rejected too: a step that was waiting for something else would leave tasks that can never be done.
   */
  cancelAll(reason: WsiError): void {
    this.#cancelled = reason;
    this.#board.clear();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(reason);
  }

  /** Resolves with the first result of the task; rejects when it cannot be done or the generation ends. */
  run(body: TaskBody, options: { priority: number; affinity: string; subject: string }): Promise<TaskResult> {
    if (this.#cancelled !== undefined) return Promise.reject(this.#cancelled);
    return new Promise((resolve, reject) => {
      this.#waiters.set(body.id, { resolve, reject, subject: options.subject });
      this.#board.submit({ id: body.id, body, ...options });
      this.#handOut();
    });
  }

  /** The `Work` handler of the coordinator's service. */
  accept(stream: WorkerStream): void {
    stream.on('data', (message: WorkerMessage) => {
      try {
        this.#receive(stream, message);
      } catch (error) {
        this.#logger.error({ error }, 'a worker sent a message that cannot be used');
        stream.destroy();
      }
    });
    const gone = (): void => this.#disconnect(stream);
    stream.on('end', () => {
      gone();
      stream.end();
    });
    stream.on('error', gone);
    stream.on('close', gone);
    stream.on('cancelled', gone);
  }

  close(): void {
    clearInterval(this.#expiry);
    for (const { stream } of this.#connections.values()) stream.end();
  }

  #receive(stream: WorkerStream, message: WorkerMessage): void {
    if (isPresent(message.hello)) {
      this.#join(stream, message.hello);
      return;
    }
    const connection = this.#connections.get(stream);
    if (connection === undefined) throw new WsiError('InvalidArgument', 'a worker says hello first');
    connection.lastSeen = this.#clock.monotonic();
    this.#board.renew(connection.name, connection.lastSeen + this.#leaseMilliseconds);
    if (isPresent(message.completed)) this.#completed(connection, message.completed);
    else if (isPresent(message.failed)) this.#failed(connection, message.failed);
    else if (isPresent(message.heartbeat)) this.#note(connection, message.heartbeat);
    this.#handOut();
  }

  #join(stream: WorkerStream, hello: Hello): void {
    const name = `${hello.replica}/${hello.instance}`;
    const connection = {
      name,
      replica: hello.replica,
      slots: Math.max(1, hello.slots),
      stream,
      lastSeen: this.#clock.monotonic(),
    };
    this.#connections.set(stream, connection);
    if (!this.#usage.has(name)) this.#usage.set(name, { replica: hello.replica, usage: emptyUsage() });
    this.#logger.info({ worker: hello.replica, workers: this.connected }, 'worker joined');
    if (this.#welcome !== undefined) stream.write({ welcome: this.#welcome });
    this.#handOut();
  }

  #disconnect(stream: WorkerStream): void {
    const connection = this.#connections.get(stream);
    if (connection === undefined) return;
    this.#connections.delete(stream);
    const released = this.#board.release(connection.name);
    this.#logger.info(
      { worker: connection.replica, released: released.length, workers: this.connected },
      'worker left',
    );
    this.#handOut();
  }

  #completed(connection: Connection, completed: Completed): void {
    this.#note(connection, completed.usage);
    if (completed.generation !== this.#welcome?.generation) return;
    const { completion, holder } = this.#board.complete(completed.task);
    if (completion === 'duplicate') return;
    if (holder !== undefined && holder !== connection.name) this.#cancel(holder, completed.task);
    this.#waiters.get(completed.task)?.resolve(completed.result);
    this.#waiters.delete(completed.task);
  }

  #cancel(worker: string, task: string): void {
    for (const connection of this.#connections.values()) {
      if (connection.name === worker) connection.stream.write({ cancel: { tasks: [task] } });
    }
  }

  #failed(connection: Connection, failed: Failed): void {
    if (failed.generation !== this.#welcome?.generation) return;
    if (!failed.retryable) {
      const subject = this.#waiters.get(failed.task)?.subject ?? '';
      this.#fail(failed.task, taskError(failed.code as ErrorCode, failed.message, subject));
      return;
    }
    this.#logger.info(
      { worker: connection.replica, task: failed.task, reason: failed.message },
      'task failed: retrying',
    );
    const { generation } = failed;
    setTimeout(() => {
      if (generation === this.#welcome?.generation && this.#board.fail(failed.task, connection.name))
        this.#handOut();
    }, retryMilliseconds);
  }

  #fail(task: string, error: WsiError): void {
    this.#board.complete(task);
    this.#waiters.get(task)?.reject(error);
    this.#waiters.delete(task);
  }

  #note(connection: Connection, usage: Usage): void {
    this.#usage.set(connection.name, { replica: connection.replica, usage });
  }

  #expire(): void {
    for (const { id, worker } of this.#board.expire(this.#clock.monotonic())) {
      this.#logger.warn({ task: id, worker }, 'lease expired: leasing again');
    }
    this.#handOut();
  }

  /** Breadth first: every worker gets a first task before any gets one to read ahead. */
  #handOut(): void {
    const generation = this.#welcome?.generation;
    if (generation === undefined) return;
    const now = this.#clock.monotonic();
    const ready = [...this.#connections.values()].filter(
      ({ lastSeen }) => now - lastSeen < this.#leaseMilliseconds,
    );
    const most = Math.max(0, ...ready.map(({ slots }) => slots));
    for (let level = 1; level <= most; level++) {
      for (const connection of ready) {
        if (connection.slots < level || this.#board.holdsOf(connection.name) >= level) continue;
        const task = this.#board.lease(connection.name, now + this.#leaseMilliseconds);
        if (task === undefined) return;
        if (this.#board.attemptsOf(task.id) > maximumAttempts) {
          this.#fail(task.id, this.#poison(task));
          continue;
        }
        connection.stream.write({ task: { ...task.body, generation } });
      }
    }
  }

  #poison(task: PooledTask): WsiError {
    return new WsiError(
      'SlideUnreadable',
      `was given to workers ${maximumAttempts} times and none finished it`,
      {
        where: task.subject,
        remedy:
          'See the logs of the workers: this slide ends them. Take it out of the cohort table to go on.',
      },
    );
  }
}

/** proto-loader leaves unset members of a oneof undefined or null. */
function isPresent<T>(member: T | undefined): member is T {
  return member !== undefined && member !== null;
}

function emptyUsage(): Usage {
  return {
    phaseSeconds: {},
    residentBytes: 0,
    peakResidentBytes: 0,
    tiles: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };
}
