/**
 * The workers of a run as they are connected: who is there, what each holds and has last reported, and who can be given
 * something next. What is given to whom is none of its business.
 */
import type grpc from '@grpc/grpc-js';
import type { Clock } from '@wsi-operator/foundation';
import type { CoordinatorMessage, Hello, Usage, WorkerMessage } from '@wsi-operator/protocol';
import type { WorkerObserver } from '../../measurement/run-measurement.ts';
import { FreeSlots } from './free-slots.ts';

export type WorkerStream = grpc.ServerDuplexStream<WorkerMessage, CoordinatorMessage>;

export interface Connection {
  /** Replica and process: `2/5f1c`. */
  readonly name: string;
  readonly replica: number;
  /** Tasks that it takes at once; 0 while its engine is starting. */
  slots: number;
  readonly stream: WorkerStream;
  /**
   * Tasks that were sent and not answered, by generation and id. A task that nobody waits for any more keeps its slot
   * until the worker says so: one that hangs is given nothing else.
   */
  readonly open: Set<string>;
  lastSeen: number;
  /** It is stopping: it is given no task. */
  leaving: boolean;
}

/** What a process that has reported nothing yet has used. */
export const NO_USAGE: Usage = {
  phaseSeconds: {},
  residentBytes: 0,
  peakResidentBytes: 0,
  tiles: 0,
  bytesSent: 0,
  bytesReceived: 0,
  deviceBytes: 0,
  devicePeakBytes: 0,
  processorSeconds: 0,
};

export class WorkerConnections {
  readonly #clock: Clock;
  /** A worker that was silent for longer is given nothing until it says something. */
  readonly #silenceMilliseconds: number;
  readonly #observer: WorkerObserver | undefined;
  readonly #free = new FreeSlots<Connection>();
  readonly #byStream = new Map<WorkerStream, Connection>();
  readonly #byName = new Map<string, Connection>();
  /** The last usage that each process reported, for ever: totals must not shrink when a worker leaves. */
  readonly #usage = new Map<string, { replica: number; usage: Usage }>();

  constructor(options: { clock: Clock; silenceMilliseconds: number; observer: WorkerObserver | undefined }) {
    this.#clock = options.clock;
    this.#silenceMilliseconds = options.silenceMilliseconds;
    this.#observer = options.observer;
  }

  get count(): number {
    return this.#byStream.size;
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

  of(stream: WorkerStream): Connection | undefined {
    return this.#byStream.get(stream);
  }

  named(name: string): Connection | undefined {
    return this.#byName.get(name);
  }

  /** A process that is not connected by another stream. */
  add(stream: WorkerStream, hello: Hello): Connection {
    const connection = {
      name: nameOf(hello),
      replica: hello.replica,
      slots: hello.slots,
      stream,
      open: new Set<string>(),
      lastSeen: this.#clock.monotonic(),
      leaving: false,
    };
    this.#byStream.set(stream, connection);
    this.#byName.set(connection.name, connection);
    this.#observer?.joined(connection.name, hello);
    this.update(connection);
    if (!this.#usage.has(connection.name)) {
      this.#usage.set(connection.name, { replica: hello.replica, usage: NO_USAGE });
    }
    return connection;
  }

  /** @returns the connection that was there */
  remove(stream: WorkerStream): Connection | undefined {
    const connection = this.#byStream.get(stream);
    if (connection === undefined) return undefined;
    this.#byStream.delete(stream);
    this.#byName.delete(connection.name);
    this.#observer?.left(connection.name);
    this.#free.remove(connection);
    return connection;
  }

  note(connection: Connection, usage: Usage): void {
    this.#usage.set(connection.name, { replica: connection.replica, usage });
    this.#observer?.reported(connection.name, usage);
  }

  completed(connection: Connection): void {
    this.#observer?.completed(connection.name);
  }

  /** After its slots, what it holds, or its leaving has changed. */
  update(connection: Connection): void {
    if (connection.leaving) this.#free.remove(connection);
    else this.#free.update(connection, connection.open.size, connection.slots);
    this.#observer?.busy(connection.name, connection.open.size > 0);
  }

  /** The one that holds the fewest tasks of those that can take another. */
  next(): Connection | undefined {
    for (;;) {
      const connection = this.#free.next();
      if (connection === undefined || !this.#isSilent(connection)) return connection;
      this.#free.remove(connection);
    }
  }

  /** All that can take another task, those that hold the fewest first. */
  free(): Connection[] {
    return [...this.#free.all()].filter((connection) => !this.#isSilent(connection));
  }

  send(name: string, message: CoordinatorMessage): void {
    this.#byName.get(name)?.stream.write(message);
  }

  sendToAll(message: CoordinatorMessage): void {
    for (const { stream } of this.#byStream.values()) stream.write(message);
  }

  close(): void {
    for (const { stream } of this.#byStream.values()) stream.end();
  }

  #isSilent({ lastSeen }: Connection): boolean {
    return this.#clock.monotonic() - lastSeen >= this.#silenceMilliseconds;
  }
}

export function nameOf({ replica, instance }: Hello): string {
  return `${replica}/${instance}`;
}
