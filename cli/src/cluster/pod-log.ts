/** The log of one pod as lines, over connections that drop. */
import type { ApiClient } from '@wsi-operator/controller';
import { splitTimestamp } from './log-lines.ts';

export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  /** Of the end of the log only so many lines. */
  readonly tailLines?: number | undefined;
  readonly sinceSeconds?: number | undefined;
  /** Written after this time (RFC 3339); the API takes whole seconds. */
  readonly sinceTime?: string | undefined;
}

export interface LogLine {
  /** When the container wrote it: RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  readonly text: string;
}

export function logPath(request: LogRequest): string {
  const { namespace, pod, container, follow, previous, tailLines, sinceSeconds, sinceTime } = request;
  const query = new URLSearchParams({ container, timestamps: 'true' });
  if (follow) query.set('follow', 'true');
  if (previous) query.set('previous', 'true');
  if (tailLines !== undefined) query.set('tailLines', String(tailLines));
  if (sinceTime !== undefined) query.set('sinceTime', sinceTime);
  else if (sinceSeconds !== undefined) query.set('sinceSeconds', String(sinceSeconds));
  const [place, name] = [namespace, pod].map(encodeURIComponent);
  return `/api/v1/namespaces/${place!}/pods/${name!}/log?${query.toString()}`;
}

/** Lines of one request, until the server ends it. Throws ApiError, also when the connection breaks half-way. */
export async function* readLog(
  client: ApiClient,
  request: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogLine, void> {
  const response = await client.stream(logPath(request), { signal });
  response.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield toLine(line);
    }
    if (rest !== '') yield toLine(rest);
  } finally {
    response.destroy();
  }
}

function toLine(line: string): LogLine {
  return splitTimestamp(line.replace(/\r$/, ''));
}

/**
 * Leaves out what was shown before a connection dropped: the API starts again at a whole second. Lines of the very
 * same time are counted, so that none is shown twice and none is lost.
 */
export class LogPosition {
  #time = '';
  #count = 0;

  /** What to ask for; undefined before the first line. */
  get sinceTime(): string | undefined {
    return this.#time === '' ? undefined : `${this.#time.slice(0, 19)}Z`;
  }

  /** A filter for the lines of the next request. */
  resumed(): (line: LogLine) => boolean {
    const time = this.#time;
    let skip = this.#count;
    return (line) => {
      if (line.time === '' || time === '') return true;
      if (comparable(line.time) < comparable(time)) return false;
      if (line.time === time && skip > 0) {
        skip -= 1;
        return false;
      }
      return true;
    };
  }

  saw({ time }: LogLine): void {
    if (time === '') return;
    this.#count = time === this.#time ? this.#count + 1 : 1;
    this.#time = time;
  }
}

/** Fractions of a second are written without the zeros at their end: `.5Z` is after `.25Z`. */
export function comparable(time: string): string {
  const [whole = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${whole}.${fraction.padEnd(9, '0')}`;
}
