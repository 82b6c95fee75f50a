/**
 * The worker's process: joins the coordinator, does the tasks it is given, and joins again when the stream ends,
 * until it is stopped. It keeps nothing that a task needs, so it may die at any time.
 */
import { randomUUID } from 'node:crypto';
import type grpc from '@grpc/grpc-js';
import { systemClock, WsiError, type Logger } from '@wsi/foundation';
import {
  connectCoordinator,
  type CoordinatorClient,
  type CoordinatorMessage,
  type Task,
  type Welcome,
  type WorkerMessage,
} from '@wsi/protocol';
import type { RoleConfig } from '../config.ts';
import { exitCodes } from '../exit.ts';
import { UsageMeter } from '../usage.ts';
import { TaskRunner } from './task-runner.ts';

const rejoinMilliseconds = 200;

export async function runWorker(config: RoleConfig, logger: Logger, signal: AbortSignal): Promise<number> {
  const worker = new Worker(config, logger);
  const client = connectCoordinator(config.coordinator);
  try {
    while (!signal.aborted) {
      await worker.serve(client, signal);
      // Rejects at once when stopped.
      await systemClock.sleep(rejoinMilliseconds, signal).catch(() => undefined);
    }
  } finally {
    client.close();
    await worker.close();
  }
  return exitCodes.stopped;
}

class Worker {
  readonly #config: RoleConfig;
  readonly #logger: Logger;
  readonly #instance = randomUUID();
  readonly #usage = new UsageMeter();
  #runner: TaskRunner | undefined;
  /** Welcomes are taken one after another: starting an engine takes a second. */
  #ready: Promise<TaskRunner | undefined> = Promise.resolve(undefined);

  constructor(config: RoleConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  /** One connection, from hello to the end of the stream. */
  serve(client: CoordinatorClient, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stream = client.Work();
      let heartbeat: NodeJS.Timeout | undefined;
      let ended = false;
      // Once: a task that ends later writes to a stream that is gone, and must not disturb the next connection.
      const finished = (): void => {
        if (ended) return;
        ended = true;
        clearInterval(heartbeat);
        signal.removeEventListener('abort', leave);
        this.#runner?.cancelAll();
        resolve();
      };
      const leave = (): void => {
        stream.cancel();
        finished();
      };
      signal.addEventListener('abort', leave, { once: true });
      stream.on('error', (error: Error) => {
        this.#logger.debug({ reason: error.message }, 'no coordinator');
        finished();
      });
      stream.on('end', () => {
        stream.end();
        finished();
      });
      stream.on('data', (message: CoordinatorMessage) => {
        if (message.welcome) {
          clearInterval(heartbeat);
          heartbeat = setInterval(() => {
            stream.write({ heartbeat: this.#read() });
          }, message.welcome.heartbeatMilliseconds);
        }
        this.#receive(stream, message);
      });
      stream.write({
        hello: { replica: this.#config.replica, instance: this.#instance, slots: this.#config.slots },
      });
    });
  }

  async close(): Promise<void> {
    await this.#runner?.close();
  }

  #receive(
    stream: grpc.ClientDuplexStream<WorkerMessage, CoordinatorMessage>,
    message: CoordinatorMessage,
  ): void {
    const { welcome, task, cancel } = message;
    if (welcome) this.#begin(welcome);
    if (cancel) this.#runner?.cancel(cancel.tasks);
    if (task) void this.#do(stream, task);
  }

  #begin(welcome: Welcome): void {
    this.#ready = this.#ready
      .catch(() => undefined)
      .then(async (current) => {
        const runner =
          current?.fits(welcome) === true ? current : await TaskRunner.start(welcome, this.#usage);
        if (current !== undefined && runner !== current) await current.close();
        runner.begin(welcome);
        this.#runner = runner;
        this.#logger.info(
          { generation: welcome.generation, servers: welcome.servers.length },
          'worker ready',
        );
        return runner;
      });
    this.#ready.catch((error: unknown) => this.#logger.error({ error }, 'the engine did not start'));
  }

  async #do(stream: grpc.ClientDuplexStream<WorkerMessage, CoordinatorMessage>, task: Task): Promise<void> {
    const { id, generation } = task;
    try {
      const runner = await this.#ready;
      if (runner === undefined) throw new WsiError('Internal', 'a task came before the welcome');
      const result = await runner.run(task);
      if (result === undefined) return;
      stream.write({ completed: { task: id, generation, result, usage: this.#read() } });
    } catch (thrown) {
      const error = WsiError.from(thrown);
      const retryable = error.retryable || error.code === 'StaleGeneration' || error.code === 'Unavailable';
      const level = retryable ? 'info' : 'error';
      this.#logger[level]({ task: id, code: error.code, error }, 'task failed');
      stream.write({ failed: { task: id, generation, code: error.code, message: error.message, retryable } });
    }
  }

  #read(): ReturnType<UsageMeter['read']> {
    this.#runner?.measure();
    return this.#usage.read();
  }
}
