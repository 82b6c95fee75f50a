/**
 * The worker's process: joins the coordinator, does the tasks it is given, and joins again when the stream ends,
 * until it is stopped. It keeps nothing that a task needs, so it may die at any time.
 */
import { randomUUID } from 'node:crypto';
import type grpc from '@grpc/grpc-js';
import { ownText, publicText, systemClock, WsiError, type Logger } from '@wsi-operator/foundation';
import {
  type CoordinatorClient,
  type CoordinatorMessage,
  type Hello,
  type Task,
  type Welcome,
  type WorkerMessage,
} from '@wsi-operator/protocol';
import type { RoleConfig } from '../config.ts';
import { isConnected, lastError, openConnections, type Connections } from '../connections.ts';
import { deviceFromEnvironment } from '../device.ts';
import { exitCodes } from '../exit.ts';
import { DeviceMemory } from '../measurement/device-memory.ts';
import { UsageMeter } from '../usage.ts';
import { TaskRunner } from './task-runner.ts';

type Stream = grpc.ClientDuplexStream<WorkerMessage, CoordinatorMessage>;

/** The pause before joining again, doubled while it fails. */
const rejoinMilliseconds = { first: 200, longest: 2_000 };
/** Of the attempts that fail one after another, one in so many is logged at the default level. */
const loggedAttempts = 10;

/** The last words of a stream take no longer than this. */
const farewellMilliseconds = 1_000;

/** @param hurry aborted when there is no time left to finish what is under way */
export async function runWorker(
  config: RoleConfig,
  logger: Logger,
  signal: AbortSignal,
  hurry: AbortSignal,
): Promise<number> {
  const connections = await openConnections(config.tlsDirectory, logger);
  const usage = new UsageMeter();
  const device = new DeviceMemory(usage, logger);
  if (deviceFromEnvironment() === 'gpu') device.start();
  const worker = new Worker(config, { connections, usage, logger, hurry });
  let pause = rejoinMilliseconds.first;
  try {
    while (!signal.aborted) {
      const joined = await worker.join(signal);
      pause = joined ? rejoinMilliseconds.first : Math.min(pause * 2, rejoinMilliseconds.longest);
      // Rejects at once when stopped.
      await systemClock.sleep(pause, signal).catch(() => undefined);
    }
  } finally {
    device.stop();
    await worker.close();
  }
  return exitCodes.stopped;
}

class Worker {
  readonly #config: RoleConfig;
  readonly #connections: Connections;
  readonly #logger: Logger;
  readonly #instance = randomUUID();
  readonly #usage: UsageMeter;
  readonly #hurry: AbortSignal;
  /** Tasks that were given and are not answered yet; each settles with its answer. */
  readonly #open = new Map<Task, Promise<void>>();
  /** Those of them that nobody waits for any more. */
  readonly #unwanted = new Set<Task>();
  #leaving = false;
  #runner: TaskRunner | undefined;
  /** Attempts to join, one after another, that the coordinator did not answer. */
  #failures = 0;
  /** Welcomes are taken one after another: starting an engine takes a second. */
  #ready: Promise<TaskRunner | undefined> = Promise.resolve(undefined);

  constructor(
    config: RoleConfig,
    parts: { connections: Connections; usage: UsageMeter; logger: Logger; hurry: AbortSignal },
  ) {
    this.#config = config;
    this.#connections = parts.connections;
    this.#logger = parts.logger;
    this.#hurry = parts.hurry;
    this.#usage = parts.usage;
  }

  /**
   * Connects and serves until the stream ends. The name is resolved again each time: the coordinator's pod may not
   * be there yet, or come back under another address.
   * @returns whether the coordinator answered
   */
  async join(signal: AbortSignal): Promise<boolean> {
    const client = this.#connections.coordinator(this.#config.coordinator);
    const abandoned = (): void => client.close();
    signal.addEventListener('abort', abandoned, { once: true });
    try {
      const connected = await isConnected(client);
      // From here on the stream ends in order.
      signal.removeEventListener('abort', abandoned);
      if (signal.aborted) return false;
      const reason = connected
        ? await this.#serve(client, signal)
        : await lastError(client.Status.bind(client), {});
      const answered = reason === undefined;
      this.#failures = answered ? 0 : this.#failures + 1;
      if (!answered) {
        const level = this.#failures % loggedAttempts === 1 ? 'info' : 'debug';
        this.#logger[level](
          {
            coordinator: ownText(this.#config.coordinator),
            reason: ownText(reason),
          },
          'no coordinator: trying again',
        );
      }
      return answered;
    } finally {
      signal.removeEventListener('abort', abandoned);
      client.close();
    }
  }

  /** One stream, from hello to its end. @returns why it ended when the coordinator never answered */
  #serve(client: CoordinatorClient, signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const stream = client.Work();
      let heartbeat: NodeJS.Timeout | undefined;
      let ended = false;
      let answered = false;
      // A task would wait for the engine to start, and the step for the task: others have to do it meanwhile.
      let slots = this.#runner === undefined ? 0 : this.#config.slots;
      // Once: a task that ends later writes to a stream that is gone, and must not disturb the next connection.
      const finished = (reason?: string): void => {
        if (ended) return;
        ended = true;
        clearInterval(heartbeat);
        signal.removeEventListener('abort', leave);
        this.#runner?.cancelAll();
        resolve(answered ? undefined : reason);
      };
      const gone = new Promise<void>((end) => stream.once('close', end));
      const leave = (): void => {
        void this.#drain(stream, gone).finally(() => {
          stream.cancel();
          finished();
        });
      };
      signal.addEventListener('abort', leave, { once: true });
      stream.on('error', (error: Error) => {
        this.#logger.debug({ reason: ownText(error.message) }, 'the stream broke');
        finished(error.message);
      });
      stream.on('end', () => {
        stream.end();
        finished('the coordinator ended the stream');
      });
      stream.on('data', (message: CoordinatorMessage) => {
        answered = true;
        if (message.welcome) {
          clearInterval(heartbeat);
          heartbeat = setInterval(() => {
            stream.write({ heartbeat: this.#read() });
          }, message.welcome.heartbeatMilliseconds);
        }
        this.#receive(stream, message);
        if (message.welcome && slots === 0) {
          slots = this.#config.slots;
          const ready = (): void => {
            if (!ended && !this.#leaving) stream.write({ hello: this.#hello(slots) });
          };
          // The first task reports an engine that does not start to the coordinator.
          this.#ready.then(ready, ready);
        }
      });
      stream.write({ hello: this.#hello(slots) });
    });
  }

  #hello(slots: number): Hello {
    const { replica } = this.#config;
    return { replica, instance: this.#instance, slots, device: deviceFromEnvironment() };
  }

  async close(): Promise<void> {
    await this.#runner?.close();
  }

  /**
   * On a request to stop: what is being computed is finished, if that is done in time; what only reads ahead goes back at once,
   * and nothing new is taken. Ends, too, with the stream (the coordinator stops first when the whole job does).
   */
  async #drain(stream: Stream, gone: Promise<void>): Promise<void> {
    this.#leaving = true;
    const computing = [...this.#open.keys()].filter((task) => this.#runner?.isComputing(task.id) === true);
    const returned = [...this.#open.keys()].filter((task) => !computing.includes(task));
    for (const task of returned) this.#unwanted.add(task);
    this.#runner?.cancel(returned.map(({ id }) => id));
    stream.write({ leaving: { returned: returned.map(({ id, generation }) => ({ task: id, generation })) } });
    if (computing.length > 0)
      this.#logger.info({ tasks: computing.map(({ id }) => ownText(id)) }, 'finishing first');
    const done = Promise.all(computing.map((task) => this.#open.get(task) ?? Promise.resolve()));
    const { drainMilliseconds } = this.#config;
    await Promise.race([done, gone, systemClock.sleep(drainMilliseconds, this.#hurry)]).catch(
      () => undefined,
    );
    stream.end();
    await Promise.race([gone, systemClock.sleep(farewellMilliseconds, this.#hurry)]).catch(() => undefined);
  }

  #receive(stream: Stream, message: CoordinatorMessage): void {
    const { welcome, task, cancel } = message;
    if (welcome) this.#begin(stream, welcome);
    for (const open of this.#open.keys()) {
      if (cancel?.tasks.includes(open.id) !== true) continue;
      this.#unwanted.add(open);
      this.#runner?.cancel([open.id]);
    }
    if (task && this.#leaving) {
      stream.write({ dropped: { task: task.id, generation: task.generation } });
    } else if (task) {
      const answered = this.#do(stream, task).finally(() => {
        this.#open.delete(task);
        this.#unwanted.delete(task);
      });
      this.#open.set(task, answered);
    }
  }

  #begin(stream: Stream, welcome: Welcome): void {
    this.#ready = this.#ready
      .catch(() => undefined)
      .then(async (current) => {
        const runner =
          current?.fits(welcome) === true
            ? current
            : await TaskRunner.start(welcome, {
                usage: this.#usage,
                connections: this.#connections,
                logger: this.#logger,
                tasks: this.#config.slots,
              });
        if (current !== undefined && runner !== current) await current.close();
        runner.begin(welcome);
        this.#runner = runner;
        // From now on the coordinator counts on this worker.
        stream.write({ heartbeat: this.#read() });
        this.#logger.info(
          { generation: welcome.generation, servers: welcome.servers.length },
          'worker ready',
        );
        return runner;
      });
    this.#ready.catch((error: unknown) => this.#logger.error({ error }, 'the engine did not start'));
  }

  async #do(stream: Stream, task: Task): Promise<void> {
    const { id, generation } = task;
    try {
      const runner = await this.#ready;
      if (runner === undefined) throw new WsiError('Internal', publicText`a task came before the welcome`);
      const result = this.#unwanted.has(task) ? undefined : await runner.run(task);
      stream.write(
        result === undefined
          ? { dropped: { task: id, generation } }
          : { completed: { task: id, generation, result, usage: this.#read() } },
      );
    } catch (thrown) {
      if (this.#unwanted.has(task)) {
        // It failed because it was late: what it needed is gone.
        stream.write({ dropped: { task: id, generation } });
        return;
      }
      const error = WsiError.from(thrown);
      const retryable = error.retryable || error.code === 'StaleGeneration' || error.code === 'Unavailable';
      const level = retryable ? 'info' : 'error';
      this.#logger[level]({ task: ownText(id), code: ownText(error.code), error }, 'task failed');
      const { code, message, publicMessage } = error;
      stream.write({ failed: { task: id, generation, code, message, publicMessage, retryable } });
    }
  }

  #read(): ReturnType<UsageMeter['read']> {
    this.#runner?.measure();
    return this.#usage.read();
  }
}
