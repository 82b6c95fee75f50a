/**
 * A TCP proxy that is a bad network: between a role and the one that it dials, it delays what is sent, cuts connections,
 * or swallows everything in silence for a while. It carries bytes as they are, TLS or not.
 */
import { rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** `unix:/path` or `host:port`. */
type Address = string;

export class FaultProxy {
  /** Where to dial instead of the target. */
  readonly address: Address;
  /** Milliseconds by which every piece that arrives is delayed, in each direction. */
  delayMilliseconds = 0;
  readonly #target: Address;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #partitioned = false;
  #connections = 0;

  /** @param address where it listens; with port 0, one is chosen */
  static async start(address: Address, target: Address): Promise<FaultProxy> {
    const path = pathOf(address);
    if (path !== undefined) await rm(path, { force: true });
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (path === undefined) server.listen(hostAndPort(address), resolve);
      else server.listen(path, resolve);
    });
    const bound = server.address();
    const own =
      bound === null || typeof bound === 'string' ? address : address.replace(/:0$/, `:${bound.port}`);
    return new FaultProxy(own, target, server);
  }

  private constructor(address: Address, target: Address, server: Server) {
    this.address = address;
    this.#target = target;
    this.#server = server;
    server.on('connection', (near) => this.#connect(near));
  }

  /** Connections that were ever made through it. */
  get connections(): number {
    return this.#connections;
  }

  /** Every connection ends at once; new ones are made. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** Nothing gets through and no side notices, until {@link heal}: also to connections made meanwhile. */
  partition(): void {
    this.#partitioned = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** What was held back arrives, unless the ends have given up. */
  heal(): void {
    this.#partitioned = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #connect(near: Socket): void {
    this.#connections += 1;
    const path = pathOf(this.#target);
    const far = path === undefined ? createConnection(hostAndPort(this.#target)) : createConnection(path);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (bytes) => this.#pass(bytes, from, to));
      const ended = (): void => {
        this.#pairs.delete(pair);
        from.destroy();
        to.destroy();
      };
      from.on('error', ended);
      from.on('end', ended);
      from.on('close', ended);
      if (this.#partitioned) from.pause();
    }
  }

  /** In order; a slow reader slows its sender. */
  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    const send = (): void => {
      if (to.destroyed) return;
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => {
          if (!this.#partitioned) from.resume();
        });
      }
    };
    if (this.delayMilliseconds === 0) send();
    else {
      from.pause();
      setTimeout(() => {
        send();
        if (!this.#partitioned && !to.writableNeedDrain) from.resume();
      }, this.delayMilliseconds);
    }
  }
}

function pathOf(address: Address): string | undefined {
  return address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
}

function hostAndPort(address: Address): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
