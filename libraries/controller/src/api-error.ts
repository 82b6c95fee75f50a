/** What the API server refused, or why it could not be asked. */
import { WsiError, type ErrorCode } from '@wsi-operator/foundation';
import type { Status, StatusCause } from './objects.ts';

export interface ApiErrorDetails {
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  /** Kubernetes' reason (`Conflict`, `AlreadyExists`, `Expired`, ...); ours: `ConnectionFailed`, `Timeout`. */
  readonly reason: string;
  readonly where: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly causes?: readonly StatusCause[] | undefined;
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
  /** The request cannot have reached the server (e.g. connection refused). */
  readonly unsent?: boolean;
}

export class ApiError extends WsiError {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  /** Of a refused object: the fields and what is wrong with each. */
  readonly causes: readonly StatusCause[];
  readonly unsent: boolean;

  constructor(problem: string, details: ApiErrorDetails) {
    super(codeOf(details.status), problem, {
      where: details.where,
      retryable: isTransient(details.status) || details.status === 409,
      ...(details.remedy === undefined ? {} : { remedy: details.remedy }),
      ...(details.cause === undefined ? {} : { cause: details.cause }),
    });
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.causes = details.causes ?? [];
    this.unsent = details.unsent ?? false;
  }

  /**
   * From the server's answer.
   * @param body - Its text; a `Status` object, or whatever a proxy in between wrote.
   */
  static fromAnswer(status: number, body: string, where: string, retryAfter?: string): ApiError {
    const parsed = statusOf(body);
    const seconds = Number(retryAfter);
    return ApiError.fromStatus(parsed ?? { message: body.trim().slice(0, 500) }, where, {
      status,
      // The header may also be an HTTP date, which Kubernetes never sends.
      retryAfterSeconds: retryAfter !== undefined && Number.isFinite(seconds) ? seconds : undefined,
    });
  }

  static fromStatus(
    status: Status,
    where: string,
    answer: { readonly status?: number; readonly retryAfterSeconds?: number | undefined } = {},
  ): ApiError {
    const code = answer.status ?? status.code ?? 500;
    const message = status.message === undefined || status.message === '' ? undefined : status.message;
    return new ApiError(message ?? `the API server answered with HTTP ${code}`, {
      status: code,
      reason: status.reason ?? reasons[code] ?? 'Unknown',
      where,
      retryAfterSeconds: answer.retryAfterSeconds ?? status.details?.retryAfterSeconds,
      causes: status.details?.causes,
      remedy: remedies[code],
    });
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** Somebody else has changed the object since it was read (or another manager owns an applied field). */
  get isConflict(): boolean {
    return this.status === 409 && this.reason !== 'AlreadyExists';
  }

  get isAlreadyExists(): boolean {
    return this.status === 409 && this.reason === 'AlreadyExists';
  }

  /** The resourceVersion or continue token is too old, or of another history: list again. */
  get isExpired(): boolean {
    return (
      this.status === 410 ||
      this.causes.some((cause) => cause.reason === 'ResourceVersionTooLarge') ||
      (this.status === 504 && this.message.includes('Too large resource version'))
    );
  }
}

/** Whether the same request may succeed a moment later. */
export function isTransient(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

const reasons: Partial<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

const remedies: Partial<Record<number, string>> = {
  401: 'Renew the credentials: the API server does not accept them.',
  403: 'Grant this right with a Role or ClusterRole and its binding.',
};

function codeOf(status: number): ErrorCode {
  if (status === 404) return 'NotFound';
  if (status === 422) return 'InvalidManifest';
  if (status === 400 || status === 405 || status === 413 || status === 415) return 'InvalidArgument';
  return 'Unavailable';
}

function statusOf(body: string): Status | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status')
      return parsed as Status;
  } catch {
    // Not JSON: a proxy's or load balancer's own page.
  }
  return undefined;
}
