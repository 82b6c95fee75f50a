import { connect, Server } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type grpc from '@grpc/grpc-js';
import { callUnary } from './calls.ts';
import { connectCoordinator, coordinatorService } from './definition.ts';
import { listen, type ListeningServer } from './listen.ts';

const part = {
  definition: coordinatorService,
  implementation: {
    Status: (_call: unknown, callback: grpc.sendUnaryData<object>) => callback(null, { step: 7 }),
    Work: (stream: grpc.ServerDuplexStream<object, object>) => stream.end(),
  },
  callers: {},
};
let server: ListeningServer | undefined;

afterEach(async () => {
  jest.restoreAllMocks();
  await server?.close();
});

const portOf = ({ address }: ListeningServer): number => Number(address.split(':').at(-1));

async function status(address: string): Promise<unknown> {
  const client = connectCoordinator(address);
  try {
    const target = { peer: address, deadlineMilliseconds: 60_000 };
    return await callUnary(client.Status.bind(client), {}, target);
  } finally {
    client.close();
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Has the system answer as one without IPv6 does. */
function withoutIPv6(code: string): void {
  const original = Object.getOwnPropertyDescriptor(Server.prototype, 'listen')?.value as (
    ...args: unknown[]
  ) => Server;
  jest.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    const [first] = args as [{ host?: string }];
    if (first.host !== '::') return original.apply(this, args);
    const error = Object.assign(new Error(`listen ${code}: :::7070`), { code });
    process.nextTick(() => this.emit('error', error));
    return this;
  } as typeof Server.prototype.listen);
}

describe('a listener on every address', () => {
  it('is reachable over both address families, with and without brackets', async () => {
    server = await listen('[::]:0', [part]);
    const port = portOf(server);
    expect(server.address).toBe(`[::]:${port}`);
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
      expect(await status(`${host}:${port}`)).toMatchObject({ step: 7 });
    }
    expect(await answers('::ffff:127.0.0.1', port)).toBe(true);
  });

  it.each(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])('uses IPv4 alone where there is no IPv6 (%s)', async (code) => {
    withoutIPv6(code);
    server = await listen('[::]:0', [part]);
    expect(server.address).toMatch(/^0\.0\.0\.0:\d+$/);
    expect(await status(`127.0.0.1:${portOf(server)}`)).toMatchObject({ step: 7 });
  });

  it('fails on a port in use, without trying another address', async () => {
    server = await listen('[::]:0', [part]);
    await expect(listen(server.address, [part])).rejects.toThrow(/cannot listen: .*EADDRINUSE/);
  });

  it('does not widen an explicit address', async () => {
    server = await listen('127.0.0.1:0', [part]);
    expect(await answers('127.0.0.1', portOf(server))).toBe(true);
    expect(await answers('::1', portOf(server))).toBe(false);
  });
});
