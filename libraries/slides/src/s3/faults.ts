/** What a failed request to S3 means: whether the same request may succeed soon, and what a person can do about it. */
import { publicText, WsiError, type ErrorCode, type PublicText } from '@wsi-operator/foundation';
import { EndpointRefused, endpointError } from './guarded-agents.ts';

/** What was asked for, for messages. */
export interface S3Subject {
  /** `s3://...`, as the user knows it. */
  readonly where: string;
  readonly what: 'slide' | 'table' | 'bucket' | 'annotations';
  readonly endpoint: string;
  readonly region: string;
}

interface S3Fault {
  /** S3's code (`NoSuchKey`), the SDK's (`CredentialsProviderError`) or the system's (`ECONNREFUSED`). */
  readonly code: string;
  /** Of the HTTP answer; 0 without one. */
  readonly status: number;
  readonly region: string | undefined;
  readonly message: string;
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'TimeoutError',
  'AbortError',
  'ABORT_ERR',
  'ERR_STREAM_PREMATURE_CLOSE',
  'IncompleteBody',
]);
const TRANSIENT_CODES = new Set([
  ...CONNECTION_CODES,
  'SlowDown',
  'RequestTimeout',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
  'InternalError',
  'ServiceUnavailable',
  // The SDK has set its clock by the answer.
  'RequestTimeTooSkewed',
]);

export function isTransient(error: unknown): boolean {
  const { code, status } = readFault(error);
  return status >= 500 || status === 429 || TRANSIENT_CODES.has(code);
}

/** @param error what the SDK or a socket threw */
export function s3Error(error: unknown, subject: S3Subject): WsiError {
  if (error instanceof WsiError) return error;
  return error instanceof EndpointRefused
    ? endpointError(error, subject.where)
    : describedError(error, subject);
}

function describedError(error: unknown, subject: S3Subject): WsiError {
  const fault = readFault(error);
  const described = (
    code: ErrorCode,
    problem: string | PublicText,
    remedy: string | PublicText,
    retryable = false,
  ): WsiError => new WsiError(code, problem, { where: subject.where, remedy, cause: error, retryable });
  // A cohort's table is not a slide, but it cannot be used either way.
  const unreadable = subject.what === 'slide' ? 'SlideUnreadable' : 'NotFound';
  const place = subject.endpoint === '' ? "Amazon's S3" : subject.endpoint;
  switch (fault.code) {
    case 'NoSuchBucket':
      return described(
        'NotFound',
        `there is no such bucket at ${place}.`,
        publicText`Check the name, and the cohort's \`s3\`.`,
      );
    case 'NoSuchKey':
      return described(
        'NotFound',
        `there is no such ${subject.what} in the bucket.`,
        publicText`Check the key: case matters.`,
      );
    case 'PreconditionFailed':
      return replaced(subject.where, error);
    case 'InvalidRange':
      return described(
        unreadable,
        publicText`the object is empty, or shorter than it was.`,
        publicText`Upload it again from its source.`,
      );
    case 'InvalidObjectState':
      return described(
        unreadable,
        publicText`the object is archived.`,
        publicText`Restore it to a storage class that can be read.`,
      );
    case 'InvalidAccessKeyId':
      return described(
        unreadable,
        `${place} does not know the access key.`,
        publicText`Check AWS_ACCESS_KEY_ID.`,
      );
    case 'SignatureDoesNotMatch':
      return described(
        unreadable,
        `${place} refuses the signature.`,
        publicText`Check AWS_SECRET_ACCESS_KEY.`,
      );
    case 'ExpiredToken':
    case 'TokenRefreshRequired':
      return described(
        unreadable,
        publicText`the credentials have expired.`,
        publicText`Renew AWS_SESSION_TOKEN and its keys.`,
      );
    case 'RequestTimeTooSkewed':
      return described(
        'Unavailable',
        publicText`this machine's clock differs from the store's.`,
        publicText`Set the clock (NTP).`,
      );
    case 'CredentialsProviderError':
      return described(
        unreadable,
        publicText`there are no credentials for S3.`,
        publicText`Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; on Kubernetes by \`cohort.s3.secretName\`.`,
      );
    default:
      return otherError(fault, subject, described, unreadable);
  }
}

export function replaced(where: string, cause?: unknown): WsiError {
  return new WsiError('SlideUnreadable', publicText`the slide was replaced or changed during the run.`, {
    where,
    remedy: publicText`Put back the file that the run started with and start again, or train from scratch in another output directory.`,
    cause,
  });
}

function otherError(
  fault: S3Fault,
  { endpoint, region, what }: S3Subject,
  described: (
    code: ErrorCode,
    problem: string | PublicText,
    remedy: string | PublicText,
    retryable?: boolean,
  ) => WsiError,
  unreadable: ErrorCode,
): WsiError {
  const place = endpoint === '' ? "Amazon's S3" : endpoint;
  if (isWrongRegion(fault)) {
    const right = fault.region === undefined ? 'another region' : `the region '${fault.region}'`;
    return described(
      'NotFound',
      `the bucket is in ${right}, not in '${region}'.`,
      `Set the cohort's \`s3.region\`${fault.region === undefined ? '' : ` to ${fault.region}`}.`,
    );
  }
  if (fault.status === 403) {
    const right = what === 'bucket' ? 's3:ListBucket on the bucket' : 's3:GetObject on it';
    return described(unreadable, `these credentials may not read it (${fault.code}).`, `Grant ${right}.`);
  }
  if (fault.status === 404)
    return described('NotFound', `there is no such ${what}.`, publicText`Check bucket and key.`);
  if (/CERT|SELF_SIGNED|ALTNAME/.test(fault.code)) {
    const remedy = 'Name the authority of the store by NODE_EXTRA_CA_CERTS.';
    return described('Unavailable', `the certificate of ${place} is not trusted (${fault.code}).`, remedy);
  }
  if (CONNECTION_CODES.has(fault.code)) {
    const remedy = "Check the cohort's `s3.endpoint`, `s3.forcePathStyle` and the network.";
    return described('Unavailable', `${place} cannot be reached (${fault.message}).`, remedy, true);
  }
  const retryable = fault.status >= 500 || TRANSIENT_CODES.has(fault.code);
  const answer = fault.status === 0 ? fault.message : `${fault.status} ${fault.code}: ${fault.message}`;
  return described(
    'Unavailable',
    `${place} failed (${answer}).`,
    publicText`See the log of the store.`,
    retryable,
  );
}

function isWrongRegion({ code, status }: S3Fault): boolean {
  return status === 301 || code === 'PermanentRedirect' || code === 'AuthorizationHeaderMalformed';
}

/** As the SDK and Node throw them. */
interface ThrownFault {
  readonly name?: string;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly message?: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

function readFault(error: unknown): S3Fault {
  if (typeof error !== 'object' || error === null) {
    return { code: '', status: 0, region: undefined, message: String(error) };
  }
  const thrown: ThrownFault = error;
  const status = thrown.$metadata?.httpStatusCode ?? 0;
  return {
    code: status === 0 ? systemCode(thrown) : answeredCode(thrown),
    status,
    region: thrown.Region ?? thrown.$response?.headers?.['x-amz-bucket-region'],
    message: thrown.message ?? '',
  };
}

function systemCode({ code, message = '', name = '' }: ThrownFault): string {
  if (typeof code === 'string') return code;
  // The SDK may have wrapped a socket's error in words.
  return /\b(E[A-Z]{4,})\b/.exec(message)?.[1] ?? name;
}

function answeredCode({ Code, name = '' }: ThrownFault): string {
  return typeof Code === 'string' ? Code : name;
}
