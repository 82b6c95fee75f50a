/** Calls as promises, with deadlines, and the one place where gRPC's faults and ours are translated. */
import grpc from '@grpc/grpc-js';
import { publicText, WsiError, type ErrorCode } from '@wsi-operator/foundation';

/** Status codes by our codes; the code itself travels in the metadata, so nothing is lost. */
const statusByCode: Partial<Record<ErrorCode, grpc.status>> = {
  InvalidArgument: grpc.status.INVALID_ARGUMENT,
  NotFound: grpc.status.NOT_FOUND,
  StaleGeneration: grpc.status.FAILED_PRECONDITION,
  Unavailable: grpc.status.UNAVAILABLE,
  Cancelled: grpc.status.CANCELLED,
  StorageFailed: grpc.status.RESOURCE_EXHAUSTED,
};

const codeKey = 'wsi-error-code';

/** What a service handler gives to its callback or stream when it fails. */
export function toServiceError(thrown: unknown): Partial<grpc.StatusObject> & Error {
  const error = WsiError.from(thrown);
  const metadata = new grpc.Metadata();
  metadata.set(codeKey, error.code);
  const status = statusByCode[error.code] ?? grpc.status.INTERNAL;
  return Object.assign(new Error(error.message), { code: status, details: error.message, metadata });
}

/** What a failed call means: our own code if the peer sent one, otherwise by status; lost peers are retryable. */
export function fromServiceError(thrown: unknown, peer: string): WsiError {
  if (thrown instanceof WsiError) return thrown;
  const error = thrown as Partial<grpc.ServiceError> & Error;
  const sent = error.metadata?.get(codeKey)[0];
  const detail = error.details ?? error.message;
  if (typeof sent === 'string') return new WsiError(sent as ErrorCode, detail, { cause: thrown });
  const lost =
    error.code === grpc.status.UNAVAILABLE ||
    error.code === grpc.status.DEADLINE_EXCEEDED ||
    error.code === grpc.status.CANCELLED;
  return new WsiError(lost ? 'Unavailable' : 'Internal', detail, {
    where: peer,
    cause: thrown,
    retryable: lost,
  });
}

interface CallTarget {
  /** Shown in errors, e.g. the server's address. */
  readonly peer: string;
  readonly deadlineMilliseconds: number;
}

type UnaryMethod<Request, Reply> = (
  request: Request,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  callback: (error: grpc.ServiceError | null, reply?: Reply) => void,
) => grpc.ClientUnaryCall;

/** A unary call. The method must be bound to its client. */
export function callUnary<Request, Reply>(
  method: UnaryMethod<Request, Reply>,
  request: Request,
  target: CallTarget,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + target.deadlineMilliseconds;
    method(request, new grpc.Metadata(), { deadline }, (error, reply) => {
      if (error !== null) reject(fromServiceError(error, target.peer));
      else if (reply === undefined)
        reject(new WsiError('Internal', publicText`empty reply`, { where: target.peer }));
      else resolve(reply);
    });
  });
}

type ClientStreamMethod<Chunk, Reply> = (
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  callback: (error: grpc.ServiceError | null, reply?: Reply) => void,
) => grpc.ClientWritableStream<Chunk>;

/** Sends chunks with back-pressure and waits for the reply. */
export function callClientStream<Chunk, Reply>(
  method: ClientStreamMethod<Chunk, Reply>,
  chunks: Iterable<Chunk>,
  target: CallTarget,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + target.deadlineMilliseconds;
    let ended = false;
    const stream = method(new grpc.Metadata(), { deadline }, (error, reply) => {
      ended = true;
      if (error !== null) reject(fromServiceError(error, target.peer));
      else if (reply === undefined)
        reject(new WsiError('Internal', publicText`empty reply`, { where: target.peer }));
      else resolve(reply);
    });
    // The callback reports every failure; without a listener a write to a dead stream would end the process.
    stream.on('error', () => undefined);
    const iterator = chunks[Symbol.iterator]();
    const pump = (): void => {
      while (!ended) {
        const next = iterator.next();
        if (next.done === true) {
          stream.end();
          return;
        }
        if (!stream.write(next.value)) {
          stream.once('drain', pump);
          return;
        }
      }
    };
    pump();
  });
}

/** Reads a server stream to its end. */
export async function readServerStream<Chunk>(
  stream: grpc.ClientReadableStream<Chunk>,
  peer: string,
  onChunk: (chunk: Chunk) => void,
): Promise<void> {
  try {
    for await (const chunk of stream) onChunk(chunk as Chunk);
  } catch (error) {
    throw fromServiceError(error, peer);
  }
}
