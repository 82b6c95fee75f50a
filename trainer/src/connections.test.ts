import dns from 'node:dns';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@wsi-operator/foundation';
import {
  callUnary,
  connectParameterServer,
  listen,
  parameterServerService,
  type ListeningServer,
  type PingReply,
  type PingRequest,
} from '@wsi-operator/protocol';
import { openConnections, ServerConnection } from './connections.ts';
import { ParameterServerService } from './server/service.ts';

const name = 'demo-server-0.demo.default.svc';
const logger = createLogger({ job: 'test', role: 'worker' });
const servers: ListeningServer[] = [];
const connections: ServerConnection[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  for (const connection of connections.splice(0)) connection.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A parameter server; each has an instance of its own. */
async function serve(host: string, port: number): Promise<{ port: number; instance: string }> {
  const service = new ParameterServerService(logger);
  const part = { definition: parameterServerService, implementation: service.implementation(), callers: {} };
  const server = await listen(`${host}:${port}`, [part]);
  servers.push(server);
  return { port: Number(server.address.split(':').at(-1)), instance: service.instance };
}

async function connectionTo(address: string): Promise<ServerConnection> {
  const connection = (await openConnections(undefined, logger)).parameterServer(address);
  connections.push(connection);
  return connection;
}

async function instanceAt(connection: ServerConnection): Promise<string> {
  const client = await connection.ready();
  const target = { peer: 'server', deadlineMilliseconds: 60_000 };
  return (
    await callUnary<PingRequest, PingReply>(
      client.Ping.bind(client),
      { generation: 0, farewell: false },
      target,
    )
  ).instance;
}

/** What the name server says; undefined: there is no such name. */
function resolveTo(address: () => string | undefined): void {
  jest.spyOn(dns.promises, 'lookup').mockImplementation((async () => {
    const found = address();
    if (found === undefined)
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    return [{ address: found, family: 4 }];
  }) as unknown as typeof dns.promises.lookup);
}

describe('a connection to a parameter server', () => {
  it('is made once the name resolves, and follows it to another address', async () => {
    let address: string | undefined;
    let lookups = 0;
    resolveTo(() => (++lookups < 3 ? undefined : address));
    const first = await serve('127.0.0.1', 0);
    address = '127.0.0.1';
    const connection = await connectionTo(`${name}:${first.port}`);
    expect(await instanceAt(connection)).toBe(first.instance);
    expect(lookups).toBeGreaterThanOrEqual(3);

    await servers.pop()?.close();
    const second = await serve('127.0.0.2', first.port);
    address = '127.0.0.2';
    expect(await instanceAt(connection)).toBe(second.instance);
  }, 20_000);

  it('is retried when connecting takes too long', async () => {
    // Takes connections and says nothing, as an address does that is not routed any more.
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const server = await serve('127.0.0.2', port);
    let address = '127.0.0.1';
    resolveTo(() => address);
    const dial = jest.fn(() => connectParameterServer(`${name}:${port}`));
    const connection = new ServerConnection(name, dial, 300);
    connections.push(connection);
    await expect(connection.ready()).rejects.toMatchObject({ code: 'Unavailable', retryable: true });
    address = '127.0.0.2';
    expect(await instanceAt(connection)).toBe(server.instance);
    expect(dial).toHaveBeenCalledTimes(2);
    for (const socket of sockets) socket.destroy();
    mute.close();
  }, 20_000);

  it('is abandoned when it is closed meanwhile', async () => {
    resolveTo(() => undefined);
    const connection = await connectionTo(`${name}:1`);
    const waiting = connection.ready();
    connection.close();
    await expect(waiting).rejects.toMatchObject({ code: 'Unavailable' });
  });
});
