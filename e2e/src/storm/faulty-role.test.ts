/** The proxy under a role: what passes it is held up and broken as the fault says, and never changed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { LinkFault } from './faulty-role.ts';

const role = join(import.meta.dirname, 'faulty-role.ts');

let directory: string;
let child: ChildProcess;
let echo: Server;
const path = (name: string): string => join(directory, name);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-link-'));
  // In place of the coordinator that the worker wants to reach: whatever is said to it comes back.
  // A dropped connection may end as a reset on either side.
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(path('c0.sock'));
  const environment = {
    WSI_STORM_LINKS: directory,
    WSI_REPLICA: '3',
    WSI_COORDINATOR: `unix:${path('c0.sock')}`,
  };
  child = spawn(process.execPath, ['--no-warnings', role, 'worker'], {
    env: { ...process.env, ...environment, WSI_LOG_LEVEL: 'silent' },
    stdio: 'ignore',
  });
});
afterEach(async () => {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  echo.close();
  rmSync(directory, { recursive: true });
});

function inject(fault: LinkFault): void {
  writeFileSync(path('draft'), JSON.stringify(fault));
  renameSync(path('draft'), path('worker-3.json'));
}

/** Connected through the worker's own link, once it listens. */
async function throughLink(): Promise<Socket> {
  for (;;) {
    const socket = connect(path('link-3.sock'));
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (connected) return socket.on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function echoed(socket: Socket, text: string): Promise<string> {
  let heard = '';
  socket.write(text);
  while (heard.length < text.length) heard += String((await once(socket, 'data'))[0]);
  return heard;
}

it('a faulty role holds a partition until its end, breaks connections at a drop, and otherwise passes all bytes', async () => {
  const socket = await throughLink();
  const long = 'abcdefgh'.repeat(20_000);
  expect(await echoed(socket, long)).toBe(long);
  const until = Date.now() + 6_000;
  inject({ kind: 'partition', until, each: 0 });
  // The fault is read as soon as the directory says that it is there, which takes a while on a busy machine; what came
  // before is not held.
  let heard = '';
  while (Date.now() < until - 500) heard += await echoed(socket, 'x');
  expect(Date.now()).toBeGreaterThanOrEqual(until);
  expect(heard).toMatch(/^x+$/);
  inject({ kind: 'delay', until: Date.now() + 60_000, each: 40 });
  expect(await echoed(socket, long)).toBe(long);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  inject({ kind: 'drop', until: 0, each: 0 });
  await closed;
  const again = await throughLink();
  expect(await echoed(again, 'after')).toBe('after');
  again.destroy();
});
