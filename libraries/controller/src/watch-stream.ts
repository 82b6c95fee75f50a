/** A watch's answer: one JSON object a line, for as long as the server likes. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@wsi-operator/foundation';
import { ApiError } from './api-error.ts';
import { connectionFailed } from './http-client.ts';
import type { Status } from './objects.ts';

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing has changed up to this resourceVersion. */
  | {
      readonly type: 'BOOKMARK';
      readonly object: { readonly metadata: { readonly resourceVersion: string } };
    };

export interface WatchReading<T> {
  readonly clock: Clock;
  /** A watch without one byte for this long is dead (half-open): milliseconds. */
  readonly idleTime: number;
  readonly where: string;
  readonly onEvent: (event: WatchEvent<T>) => void;
}

const newLine = 0x0a;

/**
 * Reads until the server ends the watch.
 * @throws ApiError of an ERROR event (410: too old), of a lost or silent connection, and of a line that is not JSON:
 * an event that cannot be read is an event lost, so the watch must not go on.
 */
export async function readWatch<T>(response: IncomingMessage, reading: WatchReading<T>): Promise<void> {
  const { clock, idleTime, where } = reading;
  let last = clock.monotonic();
  const state = { silent: false, handling: false };
  const done = new AbortController();
  const watchdog = async (): Promise<void> => {
    for (;;) {
      const left = last + idleTime - clock.monotonic();
      if (left <= 0) {
        state.silent = true;
        response.destroy();
        return;
      }
      await clock.sleep(left, done.signal);
    }
  };
  watchdog().catch(() => undefined);
  const lines = new LineSplitter();
  try {
    for await (const chunk of response) {
      last = clock.monotonic();
      for (const line of lines.push(chunk as Buffer)) {
        const event = eventOf<T>(line, where);
        state.handling = true;
        reading.onEvent(event);
        state.handling = false;
      }
    }
    if (state.silent) throw silence(where, idleTime);
  } catch (error) {
    if (state.silent) throw silence(where, idleTime);
    // What the handler throws is not the connection's fault.
    throw state.handling ? error : connectionFailed(error, where);
  } finally {
    done.abort();
    response.destroy();
  }
}

function silence(where: string, idleTime: number): ApiError {
  const problem = `the watch was silent for ${Math.round(idleTime / 1000)} s`;
  return new ApiError(problem, { status: 0, reason: 'WatchSilent', where });
}

function eventOf<T>(line: string, where: string): WatchEvent<T> {
  let event: WatchEvent<T> | { readonly type: 'ERROR'; readonly object: Status };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (error) {
    const problem = `the watch sent a line that is not JSON: ${line.slice(0, 80)}`;
    throw new ApiError(problem, { status: 0, reason: 'UnreadableEvent', where, cause: error });
  }
  if (event.type === 'ERROR') throw ApiError.fromStatus(event.object, where);
  return event;
}

/** Cuts chunks of bytes into lines; a byte is read once, however a line is spread over chunks. */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** The lines that this chunk completes, without their ends; empty ones are left out. */
  *push(chunk: Buffer): Generator<string, void> {
    let start = 0;
    for (let end = chunk.indexOf(newLine); end !== -1; end = chunk.indexOf(newLine, start)) {
      const line = this.#complete(chunk, start, end);
      if (line !== '') yield line;
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(start === 0 ? chunk : chunk.subarray(start));
  }

  #complete(chunk: Buffer, start: number, end: number): string {
    if (this.#rest.length === 0) return chunk.toString('utf8', start, end);
    const line = Buffer.concat([...this.#rest, chunk.subarray(start, end)]).toString('utf8');
    this.#rest = [];
    return line;
  }
}
