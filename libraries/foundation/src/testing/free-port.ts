/** Ports for processes that tests start, which must know their port before they listen. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Ports that one worker of the test runner has for itself, and the lowest of the first one's. */
const SHARE = 500;
const LOWEST = 12_000;
/** Linux' own lower end of the ports that it gives to connections, where the machine does not say another. */
const USUAL_EPHEMERAL = 32_768;

let next: number | undefined;

/**
 * A port of this machine on which nobody listens. It is below those that the kernel gives to connections and to
 * `listen(0)`: one of these, free now, may be another process' when the one that is started comes to listen on it.
 * Test files that run at the same time have shares of their own.
 *
 * @throws Error when none of the share is free
 */
export async function freePort(): Promise<number> {
  const first = firstOf(Number(process.env['JEST_WORKER_ID'] ?? 0));
  next ??= Math.floor(Math.random() * SHARE);
  for (let tried = 0; tried < SHARE; tried++) {
    const port = first + (next++ % SHARE);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of the ports ${first} to ${first + SHARE - 1} is free`);
}

function firstOf(worker: number): number {
  const shares = Math.max(1, Math.floor((ephemeralFrom() - LOWEST) / SHARE));
  return LOWEST + (worker % shares) * SHARE;
}

function ephemeralFrom(): number {
  try {
    const [lowest] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/);
    return Number(lowest);
  } catch {
    return USUAL_EPHEMERAL;
  }
}

/** On every address, of both families where the machine has them: roles listen on `localhost`, which may be either. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
