/**
 * Messages between simulated processes. Each passes boundaries, before it is sent and after it arrived, at which any
 * process may be made to end; each takes a random time, so that messages of different pairs overtake each other.
 */
import { EventEmitter } from 'node:events';
import grpc from '@grpc/grpc-js';
import { RandomStream } from '@wsi-operator/foundation';
import { parameterServerService, type ParameterServerClient } from '@wsi-operator/protocol';
import type { ParameterServerService } from '../../server/service.ts';
import type { Life, SimulatedTime } from './clock.ts';

/** A server process, or none. */
export interface ServerProcess {
  readonly life: Life;
  readonly service: ParameterServerService;
}

export class SimulatedNetwork {
  readonly #time: SimulatedTime;
  readonly #random: RandomStream;
  readonly #onBoundary: (count: number) => void;
  boundaries = 0;

  constructor(time: SimulatedTime, seed: number, onBoundary: (count: number) => void) {
    this.#time = time;
    this.#random = new RandomStream(seed, 'network');
    this.#onBoundary = onBoundary;
  }

  /** A point at which a process may end. Never resolves for one that has. */
  async boundary(life: Life): Promise<void> {
    this.boundaries += 1;
    this.#onBoundary(this.boundaries);
    await life.of(this.#time.wait(this.#random.integer(5)));
  }

  /** A client in the process `life` of whatever server is at an address. */
  clientOf(life: Life, find: () => ServerProcess | undefined): ParameterServerClient {
    const exchange = async (
      method: string,
      request: unknown,
      chunks: readonly unknown[],
    ): Promise<unknown[]> => {
      await this.boundary(life);
      const server = find();
      if (server?.life.alive !== true) throw refused();
      const lost = server.life.ended.then(() => {
        throw refused();
      });
      const answers = await Promise.race([this.#answer(server, life, { method, request, chunks }), lost]);
      await this.boundary(life);
      if (hasEnded(server.life)) throw refused();
      return answers;
    };
    const unary =
      (method: string) =>
      (
        request: unknown,
        _metadata: unknown,
        _options: unknown,
        callback: (error: unknown, reply?: unknown) => void,
      ): void => {
        exchange(method, request, []).then(
          ([reply]) => callback(null, reply),
          (error: unknown) => callback(error),
        );
      };
    const clientStream =
      (method: string) =>
      (
        _metadata: unknown,
        _options: unknown,
        callback: (error: unknown, reply?: unknown) => void,
      ): unknown => {
        const chunks: unknown[] = [];
        const end = (): void => {
          exchange(method, undefined, chunks).then(
            ([reply]) => callback(null, reply),
            (error: unknown) => callback(error),
          );
        };
        return Object.assign(new EventEmitter(), { write: (chunk: unknown) => chunks.push(chunk) > 0, end });
      };
    const serverStream = (method: string) => (request: unknown) =>
      (async function* answer() {
        yield* await exchange(method, request, []);
      })();
    return {
      ...{
        Configure: unary('Configure'),
        Ping: unary('Ping'),
        Commit: unary('Commit'),
        Measure: unary('Measure'),
      },
      ...{ Restore: clientStream('Restore'), Push: clientStream('Push') },
      ...{ Pull: serverStream('Pull'), Snapshot: serverStream('Snapshot') },
    } as unknown as ParameterServerClient;
  }

  /** The real handler's answers; messages go over the wire format. */
  #answer(
    server: ServerProcess,
    client: Life,
    { method, request, chunks }: { method: string; request: unknown; chunks: readonly unknown[] },
  ): Promise<unknown[]> {
    const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
      parameterServerService[method]!;
    const arrived = (message: unknown): unknown => requestDeserialize(requestSerialize(message));
    const returned = (message: unknown): unknown => responseDeserialize(responseSerialize(message));
    const handler = server.service.implementation()[method] as (call: unknown, callback: unknown) => void;
    return new Promise((resolve, reject) => {
      const answers: unknown[] = [];
      const callback = (error: Error | null, reply: unknown): void => {
        if (error === null) resolve([returned(reply)]);
        else reject(error);
      };
      const call = Object.assign(new EventEmitter(), {
        request: request === undefined ? undefined : arrived(request),
        write: (answer: unknown) => answers.push(returned(answer)) > 0,
        end: () => resolve(answers),
      });
      call.on('error', reject);
      handler(call, callback);
      if (request !== undefined) return;
      void this.#deliver(call, chunks.map(arrived), { server: server.life, client });
    });
  }

  /** A stream, in the middle of which either end may be gone. */
  async #deliver(
    call: EventEmitter,
    chunks: readonly unknown[],
    { server, client }: { server: Life; client: Life },
  ): Promise<void> {
    for (const chunk of chunks) {
      call.emit('data', chunk);
      await this.boundary(server);
      if (client.alive) continue;
      call.emit('cancelled');
      return;
    }
    call.emit('end');
  }
}

/** Asked again: it may have ended meanwhile. */
function hasEnded({ alive }: Life): boolean {
  return !alive;
}

function refused(): Partial<grpc.ServiceError> & Error {
  const details = 'No connection established. Last error: connect ECONNREFUSED';
  return Object.assign(new Error(details), { code: grpc.status.UNAVAILABLE, details });
}
