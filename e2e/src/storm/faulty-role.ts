/**
 * A role of the trainer behind a network that can be disturbed: the command of a storm's pods. What it is given to listen on
 * becomes a proxy to where the trainer really listens, and a worker reaches its coordinator through one of its own. All
 * bytes pass through unchanged; a fault holds them up or breaks the connections.
 *
 * WSI_STORM_LINKS is a directory with one file a link (`worker-2.json`: {@link LinkFault}), the newest fault on it.
 */
import { readFileSync, rmSync, watch } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';

export interface LinkFault {
  readonly kind: 'delay' | 'drop' | 'partition';
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** Milliseconds that each piece of a stream is held up by a delay. */
  readonly each: number;
}

class Link {
  readonly #name: string;
  readonly #directory: string;
  readonly #sockets = new Set<Socket>();
  #fault: LinkFault | undefined;

  constructor(name: string, directory: string) {
    this.#name = name;
    this.#directory = directory;
    const file = `${name}.json`;
    watch(directory, { persistent: false }, (_event, changed) => {
      if (changed === file) this.#read();
    });
  }

  /** Takes connections on one socket and hands them on to another. */
  forward(from: string, to: string): void {
    rmSync(from, { force: true });
    const server = createServer({ allowHalfOpen: true }, (inbound) => {
      const outbound = connect({ path: to, allowHalfOpen: true });
      this.#join(inbound, outbound);
      this.#join(outbound, inbound);
    });
    server.listen(from);
    server.unref();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    const held = new Transform({
      transform: (piece, _encoding, done) => {
        const wait = this.#wait();
        if (wait <= 0) done(null, piece);
        else setTimeout(() => done(null, piece), wait);
      },
    });
    from.pipe(held).pipe(to);
    const broken = (): void => {
      this.#sockets.delete(from);
      from.destroy();
      to.destroy();
    };
    from.on('error', broken);
    from.on('close', () => this.#sockets.delete(from));
  }

  /** Milliseconds that a piece which came now has to wait. */
  #wait(): number {
    const fault = this.#fault;
    const left = (fault?.until ?? 0) - Date.now();
    if (fault === undefined || left <= 0 || fault.kind === 'drop') return 0;
    return fault.kind === 'delay' ? Math.min(fault.each, left) : left;
  }

  #read(): void {
    try {
      const text = readFileSync(join(this.#directory, `${this.#name}.json`), 'utf8');
      this.#fault = JSON.parse(text) as LinkFault;
    } catch {
      // Being replaced: the next event tells.
      return;
    }
    if (this.#fault.kind !== 'drop') return;
    for (const socket of this.#sockets) socket.destroy();
  }
}

const PREFIX = 'unix:';
const environment = process.env;
const directory = environment['WSI_STORM_LINKS'] ?? '';
const role = process.argv[2] ?? '';
const link = new Link(`${role}-${environment['WSI_REPLICA'] ?? 0}`, directory);

const listen = pathOf(environment['WSI_LISTEN']);
const coordinator = pathOf(environment['WSI_COORDINATOR']);
if (role === 'worker' && coordinator !== undefined) {
  const own = join(dirname(coordinator), `link-${environment['WSI_REPLICA'] ?? 0}.sock`);
  link.forward(own, coordinator);
  environment['WSI_COORDINATOR'] = `${PREFIX}${own}`;
} else if (listen !== undefined) {
  const own = join(dirname(listen), `own-${basename(listen)}`);
  link.forward(listen, own);
  environment['WSI_LISTEN'] = `${PREFIX}${own}`;
}
const main = new URL('../../../trainer/src/main.ts', import.meta.url).href;
await import(main);

function pathOf(address: string | undefined): string | undefined {
  return address?.startsWith(PREFIX) === true ? address.slice(PREFIX.length) : undefined;
}
