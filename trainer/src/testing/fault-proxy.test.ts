import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { FaultProxy } from './fault-proxy.ts';

let directory: string;
let echo: Server;
let proxy: FaultProxy;
const sockets: Socket[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-proxy-'));
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(join(directory, 'echo'), resolve));
  proxy = await FaultProxy.start(`unix:${join(directory, 'proxy')}`, `unix:${join(directory, 'echo')}`);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

/** Sends, and collects what comes back. */
function dial(): {
  socket: Socket;
  received: () => string;
  until: (text: string) => Promise<void>;
  closed: Promise<unknown>;
} {
  const socket = connect(join(directory, 'proxy'));
  sockets.push(socket);
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (bytes: Buffer) => (received += bytes.toString()));
  const until = async (text: string): Promise<void> => {
    while (received !== text) await new Promise((resolve) => socket.once('data', resolve));
  };
  return { socket, received: () => received, until, closed: new Promise((end) => socket.once('close', end)) };
}

it('the fault proxy carries bytes in order, also slowly', async () => {
  const { socket, until } = dial();
  proxy.delayMilliseconds = 5;
  for (const piece of ['a', 'b', 'c']) socket.write(piece);
  await until('abc');
  proxy.delayMilliseconds = 0;
  const large = 'x'.repeat(1 << 20);
  socket.write(large);
  await until(`abc${large}`);
});

it('the fault proxy cuts connections, and accepts new ones', async () => {
  const first = dial();
  first.socket.write('a');
  await first.until('a');
  proxy.cut();
  await first.closed;
  const second = dial();
  second.socket.write('b');
  await second.until('b');
  expect(proxy.connections).toBe(2);
});

it('the fault proxy silently blocks old and new connections until it is healed', async () => {
  const old = dial();
  old.socket.write('a');
  await old.until('a');
  proxy.partition();
  const during = dial();
  old.socket.write('b');
  during.socket.write('c');
  // What goes around the proxy arrives: there was time for the rest, too.
  await new Promise<void>((resolve) => {
    const direct = connect(join(directory, 'echo'));
    sockets.push(direct);
    direct.write('d');
    direct.once('data', () => resolve());
  });
  expect([old.received(), during.received()]).toEqual(['a', '']);
  proxy.heal();
  await Promise.all([old.until('ab'), during.until('c')]);
});
