/**
 * The workers of a run: their streams on one side, promises of task results on the other. Which task goes to whom is
 * decided by {@link TaskBoard}; this adds the messages, the clock and the errors.
 */
/* eslint-disable max-lines -- messages and clock change board, connections and promises together */
import { ownText, publicText, WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import type {
  Completed,
  Dropped,
  Failed,
  Hello,
  Leaving,
  TaskResult,
  Usage,
  Welcome,
  WorkerMessage,
} from '@wsi-operator/protocol';
import type { WorkerObserver } from '../../measurement/run-measurement.ts';
import type { TaskBody, TaskOptions, TaskPool } from '../../scoring/task-pool.ts';
import { defaultLimits } from './lateness.ts';
import { TaskBoard, type BoardTask } from './task-board.ts';
import { poisonError, taskError } from '../../slide-files/unreadable-slide.ts';
import { nameOf, WorkerConnections, type Connection, type WorkerStream } from './worker-connections.ts';

interface PooledTask extends BoardTask {
  readonly body: TaskBody;
  /** Named in errors: the slide. */
  readonly subject: string;
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
/** How often the pool checks for late tasks. */
const lookMilliseconds = 500;

export class WorkerPool implements TaskPool {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leaseMilliseconds: number;
  readonly #board: TaskBoard<PooledTask>;
  readonly #workers: WorkerConnections;
  readonly #closed = new AbortController();
  readonly #waiters = new Map<string, Waiter>();
  #welcome: Welcome | undefined;
  /** Why no task is taken now. */
  #cancelled: WsiError | undefined;

  constructor(options: {
    clock: Clock;
    logger: Logger;
    leaseMilliseconds: number;
    observer?: WorkerObserver;
  }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#leaseMilliseconds = options.leaseMilliseconds;
    this.#workers = new WorkerConnections({
      clock: options.clock,
      silenceMilliseconds: options.leaseMilliseconds,
      observer: options.observer,
    });
    const unknownMilliseconds = Math.min(
      defaultLimits.unknownMilliseconds,
      Math.max(defaultLimits.floorMilliseconds, 4 * options.leaseMilliseconds),
    );
    this.#board = new TaskBoard({ ...defaultLimits, unknownMilliseconds });
    this.#every(Math.max(50, options.leaseMilliseconds / 4), () => this.#expire());
    this.#every(lookMilliseconds, () => this.#speculate());
  }

  get connected(): number {
    return this.#workers.count;
  }

  /** Every process that ever said hello, with its last usage. */
  usages(): { replica: number; usage: Usage }[] {
    return this.#workers.usages();
  }

  /** How often workers came back as a new process. */
  get restarts(): number {
    return this.#workers.restarts;
  }

  /** Starts a generation: open tasks of the one before are rejected as cancelled, workers are notified. */
  begin(welcome: Welcome): void {
    this.cancelAll(
      new WsiError('Cancelled', publicText`the run went back to its last checkpoint`, { retryable: true }),
    );
    this.#cancelled = undefined;
    this.#welcome = welcome;
    this.#workers.sendToAll({ welcome });
  }

  /**
   * Rejects every open task with `reason` and takes them off the board; until the next generation begins, new ones are
   * rejected too: a step that was waiting for something else would leave tasks that can never be done.
   */
  cancelAll(reason: WsiError): void {
    this.#cancelled = reason;
    for (const id of this.#waiters.keys()) this.#cancel(this.#board.holdersOf(id), id);
    this.#board.clear();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(reason);
  }

  /** Resolves with the first result of the task; rejects when it cannot be done or the generation ends. */
  run(body: TaskBody, options: TaskOptions): Promise<TaskResult> {
    if (this.#cancelled !== undefined) return Promise.reject(this.#cancelled);
    return new Promise((resolve, reject) => {
      this.#waiters.set(body.id, { resolve, reject, subject: options.subject });
      this.#board.submit({ id: body.id, kind: kindOf(body), body, ...options });
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
    this.#closed.abort();
    this.#workers.close();
  }

  #receive(stream: WorkerStream, message: WorkerMessage): void {
    if (isPresent(message.hello)) {
      this.#join(stream, message.hello);
      return;
    }
    const connection = this.#workers.of(stream);
    if (connection === undefined)
      throw new WsiError('InvalidArgument', publicText`a worker says hello first`);
    connection.lastSeen = this.#clock.monotonic();
    this.#board.renew(connection.name, connection.lastSeen + this.#leaseMilliseconds);
    const { completed, failed, dropped } = message;
    const answered = [completed, failed, dropped].find(isPresent);
    if (answered !== undefined) connection.open.delete(keyOf(answered.generation, answered.task));
    this.#workers.update(connection);
    if (isPresent(completed)) this.#completed(connection, completed);
    else if (isPresent(failed)) this.#failed(connection, failed);
    else if (isPresent(dropped)) this.#dropped(connection, dropped);
    else if (isPresent(message.leaving)) this.#leaving(connection, message.leaving);
    else if (isPresent(message.heartbeat)) this.#workers.note(connection, message.heartbeat);
    this.#handOut();
  }

  #join(stream: WorkerStream, hello: Hello): void {
    const joined = this.#workers.of(stream);
    if (joined !== undefined) {
      joined.slots = hello.slots;
      this.#workers.update(joined);
      this.#handOut();
      return;
    }
    // It joins again before the end of its last stream was noticed: what it was given there is lost.
    const before = this.#workers.named(nameOf(hello));
    if (before !== undefined) this.#disconnect(before.stream);
    this.#workers.add(stream, hello);
    this.#logger.info({ worker: hello.replica, workers: this.connected }, 'worker joined');
    if (this.#welcome !== undefined) stream.write({ welcome: this.#welcome });
    this.#handOut();
  }

  #disconnect(stream: WorkerStream): void {
    const connection = this.#workers.remove(stream);
    if (connection === undefined) return;
    const released = this.#board.release(connection.name);
    this.#logger.info(
      { worker: connection.replica, released: released.length, workers: this.connected },
      'worker left',
    );
    this.#handOut();
  }

  #completed(connection: Connection, completed: Completed): void {
    this.#workers.note(connection, completed.usage);
    this.#workers.completed(connection);
    if (completed.generation !== this.#welcome?.generation) return;
    const { completion, others } = this.#board.complete(
      completed.task,
      connection.name,
      this.#clock.monotonic(),
    );
    if (completion === 'duplicate') return;
    this.#logger.debug({ task: ownText(completed.task), worker: connection.replica }, 'task done');
    this.#cancel(others, completed.task);
    this.#waiters.get(completed.task)?.resolve(completed.result);
    this.#waiters.delete(completed.task);
  }

  /** It ended a task that nobody waited for; should somebody wait again, it waits for a worker. */
  #dropped(connection: Connection, dropped: Dropped): void {
    if (dropped.generation === this.#welcome?.generation) this.#board.fail(dropped.task, connection.name);
  }

  /** It ends soon: it finishes what it has begun to compute, and the rest goes to others at once. */
  #leaving(connection: Connection, { returned }: Leaving): void {
    connection.leaving = true;
    this.#workers.update(connection);
    const { generation } = this.#welcome ?? {};
    for (const { task } of returned.filter((of) => of.generation === generation)) {
      this.#board.fail(task, connection.name);
    }
    this.#logger.info({ worker: connection.replica, returned: returned.length }, 'worker is about to leave');
  }

  #cancel(workers: readonly string[], task: string): void {
    for (const worker of workers) this.#workers.send(worker, { cancel: { tasks: [task] } });
  }

  #failed(connection: Connection, failed: Failed): void {
    if (failed.generation !== this.#welcome?.generation) return;
    if (!failed.retryable) {
      const subject = this.#waiters.get(failed.task)?.subject ?? '';
      this.#fail(failed.task, taskError(failed, subject));
      return;
    }
    this.#logger.info(
      { worker: connection.replica, task: ownText(failed.task), reason: failed.message },
      'task failed: retrying',
    );
    const { generation } = failed;
    const retry = (): void => {
      if (generation === this.#welcome?.generation && this.#board.fail(failed.task, connection.name))
        this.#handOut();
    };
    this.#clock.sleep(retryMilliseconds, this.#closed.signal).then(retry, () => undefined);
  }

  #fail(task: string, error: WsiError): void {
    this.#cancel(this.#board.remove(task), task);
    this.#waiters.get(task)?.reject(error);
    this.#waiters.delete(task);
  }

  #expire(): void {
    for (const { id, worker } of this.#board.expire(this.#clock.monotonic())) {
      this.#logger.warn({ task: ownText(id), worker: ownText(worker) }, 'lease expired: leasing again');
    }
    this.#handOut();
  }

  /** Every worker gets a first task before any gets one to read ahead. */
  #handOut(): void {
    const now = this.#clock.monotonic();
    while (this.#welcome !== undefined && this.#board.waiting > 0) {
      const connection = this.#workers.next();
      if (connection === undefined) return;
      const task = this.#board.lease(connection.name, now, now + this.#leaseMilliseconds);
      if (task !== undefined) this.#send(connection, task, this.#welcome.generation);
    }
  }

  /** Workers with nothing to do take tasks that others hold for too long. */
  #speculate(): void {
    this.#handOut();
    if (this.#welcome === undefined || this.#board.waiting > 0) return;
    const now = this.#clock.monotonic();
    for (const connection of this.#workers.free()) {
      const task = this.#board.speculate(connection.name, now, now + this.#leaseMilliseconds);
      if (task === undefined) continue;
      this.#logger.info(
        { task: ownText(task.id), worker: connection.replica },
        'task is late: leased once more',
      );
      this.#send(connection, task, this.#welcome.generation);
    }
  }

  #send(connection: Connection, task: PooledTask, generation: number): void {
    if (this.#board.attemptsOf(task.id) > maximumAttempts) {
      this.#fail(task.id, poisonError(task.subject, maximumAttempts));
      return;
    }
    connection.open.add(keyOf(generation, task.id));
    this.#workers.update(connection);
    this.#logger.debug({ task: ownText(task.id), worker: connection.replica }, 'task leased');
    connection.stream.write({ task: { ...task.body, generation } });
  }

  #every(milliseconds: number, action: () => void): void {
    const { signal } = this.#closed;
    const loop = async (): Promise<void> => {
      while (!signal.aborted) {
        await this.#clock.sleep(milliseconds, signal);
        action();
      }
    };
    // Ends when the pool is closed.
    loop().catch(() => undefined);
  }
}

function keyOf(generation: number, task: string): string {
  return `${generation} ${task}`;
}

function kindOf(body: TaskBody): string {
  return ['gradient', 'embed', 'survey'].find((kind) => isPresent(body[kind as 'embed'])) ?? '';
}

/** proto-loader leaves unset members of a oneof undefined or null. */
function isPresent<T>(member: T | undefined): member is NonNullable<T> {
  return member !== undefined && member !== null;
}
