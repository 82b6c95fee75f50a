/**
 * Requests to the API server: connections kept alive, a token bucket, deadlines, and bounded retries of what may be
 * repeated. Knows nothing of Kubernetes' resources; those are in ApiClient.
 */
/* eslint-disable max-lines -- deadline, retry and rate limit of a request share its state */
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { systemErrorCode, WsiError, type Clock } from '@wsi-operator/foundation';
import type { Credentials, ServerAccess } from './access.ts';
import { ApiError, isTransient } from './api-error.ts';
import { backOff, TokenBucket } from './rate-limit.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Until when the call must be over, retries included; 60 by default. */
  readonly deadlineSeconds?: number | undefined;
  /** False: one attempt, and what it says is final. */
  readonly retry?: boolean | undefined;
  /** Past the token bucket and the limit of connections: for a leader's lease. */
  readonly urgent?: boolean | undefined;
  /** A longer answer is not read to its end, and is an ApiError with the reason {@link ANSWER_TOO_LARGE}. */
  readonly mostAnswerBytes?: number | undefined;
}

export const ANSWER_TOO_LARGE = 'AnswerTooLarge';

export interface RequestInfo {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete`, `raw`. */
  readonly verb: string;
  /** Plural and subresource: `pods`, `wsitrainingjobs/status`. */
  readonly resource: string;
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  /** Until the headers of the answer for a watch, until its end for all else. */
  readonly seconds: number;
}

export interface HttpCall {
  readonly verb: string;
  readonly resource: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether a second arrival does no harm, so that a lost answer may be asked for again. */
  readonly repeatable: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface HttpClientOptions {
  readonly access: ServerAccess;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly queriesPerSecond: number;
  readonly burst: number;
  readonly onRequest?: ((info: RequestInfo) => void) | undefined;
}

/** Of one attempt, milliseconds: a connection that has gone silent must leave time for another. */
const attemptTime = 30_000;
const longestRetries = 5;
/** Requests under way at once, so that a burst does not become as many TLS handshakes. */
const connections = 32;
/**
 * Idle connections are closed by us before the server (90 s) or a load balancer closes them under a request,
 * milliseconds.
 */
const idleTime = 30_000;

interface Agents {
  readonly fingerprint: string;
  readonly requests: Agent;
  /** For watches, logs and urgent calls: without a limit. */
  readonly unlimited: Agent;
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #base: string;
  #agents: Agents | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#bucket = new TokenBucket(options.clock, options.queriesPerSecond, options.burst);
    this.#base = options.access.server.pathname.replace(/\/$/, '');
  }

  get server(): URL {
    return this.#options.access.server;
  }

  /**
   * The whole answer of a call.
   * @throws ApiError when the last answer is not a success, or none came; WsiError Cancelled when aborted.
   */
  async call(call: HttpCall, options: CallOptions = {}): Promise<HttpAnswer> {
    return this.#retried(call, options, async (signal, report) => {
      const response = await this.#send(call, options.urgent === true, signal);
      const text = await bodyOf(response, where(call), options.mostAnswerBytes);
      report(response.statusCode ?? 0);
      throwUnlessOk(response, text, call);
      return {
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'] ?? '',
        text,
      };
    });
  }

  /**
   * A call whose answer is read as it comes: a watch, a log. It has a deadline only until its headers.
   * @param options - `signal` ends the answer at any time.
   */
  async stream(call: HttpCall, options: CallOptions = {}): Promise<IncomingMessage> {
    return this.#retried(call, options, async (signal, report) => {
      const response = await this.#send(call, true, signal);
      report(response.statusCode ?? 0);
      if (!isOk(response)) throwUnlessOk(response, await bodyOf(response, where(call)), call);
      return response;
    });
  }

  /** Closes all connections; calls under way fail. */
  close(): void {
    this.#agents?.requests.destroy();
    this.#agents?.unlimited.destroy();
    this.#agents = undefined;
  }

  async #retried<Answer>(
    call: HttpCall,
    options: CallOptions,
    send: (signal: AbortSignal, report: (status: number) => void) => Promise<Answer>,
  ): Promise<Answer> {
    const end = this.#clock.monotonic() + (options.deadlineSeconds ?? 60) * 1000;
    const { signal } = options;
    let refused = false;
    for (let failures = 0; ; failures += 1) {
      let wait: number;
      try {
        if (options.urgent !== true) await this.#bucket.take(signal);
        return await this.#attempt(call, end, signal, send);
      } catch (error) {
        if (signal?.aborted === true) throw cancelled(call, signal);
        if (!(error instanceof ApiError) || options.retry === false) throw error;
        if (error.status === 401 && !refused) {
          // The token may have been renewed since it was read. A refused request was not carried out.
          refused = true;
          this.#options.access.invalidate();
          continue;
        }
        const delay = retryDelay(call, error, failures);
        if (delay === undefined || this.#clock.monotonic() + delay >= end) throw error;
        wait = delay;
      }
      await this.#clock.sleep(wait, signal).catch(() => {
        throw cancelled(call, signal);
      });
    }
  }

  /** One attempt under the earliest of its own time, the call's deadline and the caller's signal. */
  async #attempt<Answer>(
    call: HttpCall,
    end: number,
    signal: AbortSignal | undefined,
    send: (signal: AbortSignal, report: (status: number) => void) => Promise<Answer>,
  ): Promise<Answer> {
    if (signal?.aborted === true) throw cancelled(call, signal);
    const start = this.#clock.monotonic();
    const time = Math.max(0, Math.min(attemptTime, end - start));
    const attempt = new AbortController();
    const timer = new AbortController();
    let reported = false;
    const report = (status: number): void => {
      if (reported) return;
      reported = true;
      const seconds = (this.#clock.monotonic() - start) / 1000;
      this.#options.onRequest?.({ verb: call.verb, resource: call.resource, status, seconds });
    };
    const onAbort = (): void => attempt.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const state = { late: false };
    this.#clock.sleep(time, timer.signal).then(
      () => {
        state.late = true;
        attempt.abort(new Error('deadline'));
      },
      () => undefined,
    );
    try {
      const answer = await send(attempt.signal, report);
      // A stream goes on after this attempt: the caller's signal must still end it.
      if (isStream(answer)) answer.once('close', () => signal?.removeEventListener('abort', onAbort));
      else signal?.removeEventListener('abort', onAbort);
      return answer;
    } catch (error) {
      signal?.removeEventListener('abort', onAbort);
      report(error instanceof ApiError ? error.status : 0);
      if (state.late) throw timedOut(call, time);
      throw error;
    } finally {
      timer.abort();
    }
  }

  async #send(call: HttpCall, unlimited: boolean, signal: AbortSignal): Promise<IncomingMessage> {
    const { access, userAgent } = this.#options;
    const credentials = await unlessAborted(access.credentials(), signal);
    const { server } = access;
    const body = call.body === undefined ? undefined : Buffer.from(call.body);
    const options: RequestOptions = {
      method: call.method,
      protocol: server.protocol,
      hostname: server.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: server.port,
      path: this.#base + call.path,
      agent: credentials.agent ?? this.#agent(credentials, unlimited),
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': userAgent,
        ...credentials.headers,
        ...call.headers,
        ...(body === undefined ? {} : { 'content-length': body.length }),
      },
    };
    return new Promise((resolve, reject) => {
      const send = server.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(options, (response) => resolve(response));
      request.on('error', (error) => reject(connectionFailed(error, where(call))));
      request.end(body);
    });
  }

  #agent(credentials: Credentials, unlimited: boolean): Agent {
    if (this.#agents?.fingerprint !== credentials.fingerprint) {
      // Connections under older certificates end by themselves: idle ones by their time-out.
      const make = (maxSockets: number): Agent => {
        const kind = this.server.protocol === 'https:' ? TlsAgent : Agent;
        return new kind({
          ...credentials.tls,
          keepAlive: true,
          keepAliveMsecs: 15_000,
          timeout: idleTime,
          maxSockets,
        });
      };
      this.#agents = {
        fingerprint: credentials.fingerprint,
        requests: make(connections),
        unlimited: make(Number.POSITIVE_INFINITY),
      };
    }
    return unlimited ? this.#agents.unlimited : this.#agents.requests;
  }
}

/** Milliseconds until the next attempt; undefined: the failure is final. */
function retryDelay(call: HttpCall, error: ApiError, failures: number): number | undefined {
  const jittered = backOff(failures, 200, 5000);
  if (error.status === 429) {
    // Not carried out, so anything may be sent again; until the deadline, because the server asked for it.
    return error.retryAfterSeconds === undefined ? jittered : error.retryAfterSeconds * 1000 + jittered / 2;
  }
  if (failures >= longestRetries || error.isExpired) return undefined;
  if (error.unsent) return jittered;
  if (!call.repeatable || !isTransient(error.status)) return undefined;
  return Math.max(jittered, (error.retryAfterSeconds ?? 0) * 1000);
}

/** An exec plug-in may hang, and knows no signal. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) throw signal.reason as Error;
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}

function isOk(response: IncomingMessage): boolean {
  const status = response.statusCode ?? 0;
  return status >= 200 && status < 300;
}

function isStream(answer: unknown): answer is IncomingMessage {
  return typeof answer === 'object' && answer !== null && 'once' in answer;
}

function throwUnlessOk(response: IncomingMessage, text: string, call: HttpCall): void {
  if (isOk(response)) return;
  throw ApiError.fromAnswer(response.statusCode ?? 0, text, where(call), response.headers['retry-after']);
}

async function bodyOf(
  response: IncomingMessage,
  place: string,
  most = Number.POSITIVE_INFINITY,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      // Leaving the loop closes the connection: the rest is not sent.
      if (bytes > most) throw tooLarge(response, place, most);
    }
  } catch (error) {
    throw connectionFailed(error, place);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(response: IncomingMessage, place: string, most: number): ApiError {
  return new ApiError(`the answer is longer than ${most} bytes`, {
    status: response.statusCode ?? 0,
    reason: ANSWER_TOO_LARGE,
    where: place,
  });
}

function where(call: HttpCall): string {
  return `${call.method} ${call.path.split('?')[0] ?? ''}`;
}

function cancelled(call: HttpCall, signal: AbortSignal | undefined): WsiError {
  return new WsiError('Cancelled', 'the request was aborted', { where: where(call), cause: signal?.reason });
}

function timedOut(call: HttpCall, milliseconds: number): ApiError {
  return new ApiError(`no answer within ${Math.round(milliseconds / 1000)} s`, {
    status: 0,
    reason: 'Timeout',
    where: where(call),
  });
}

/** Errors of a connection that was never made: nothing was sent. */
const unsentCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

export function connectionFailed(error: unknown, place: string): ApiError {
  if (error instanceof ApiError) return error;
  const code = systemErrorCode(error);
  const problem = error instanceof Error ? error.message : String(error);
  return new ApiError(`the connection to the API server failed: ${problem}`, {
    status: 0,
    reason: 'ConnectionFailed',
    where: place,
    cause: error,
    unsent: code !== undefined && unsentCodes.has(code),
  });
}
