/**
 * What a store may answer: as many bytes as were asked for, in a time that goes with them. The SDK itself collects
 * lists and errors without a bound, and has no limit of time for a body.
 */
import { Transform, type Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

/** A page of 1,000 keys of 1,024 bytes, each escaped, with the other fields of an object. */
const LARGEST_PAGE = 2 ** 23;
/** Levels of its XML; S3's own have five. */
const DEEPEST = 32;
/** For a list or an error, from its first line on. */
const ANSWER_MILLISECONDS = 60_000;

export interface BodyBounds {
  /** Bytes; the connection is closed when there are more. */
  readonly longest: number;
  readonly announced: number | undefined;
  /** Until when it must have come. */
  readonly signal: AbortSignal;
}

/**
 * The body, whole.
 * @throws an error of the network (`IncompleteBody`, `ETIMEDOUT`), which may be tried again
 */
export async function readBody(
  body: Readable,
  { longest, announced = 0, signal }: BodyBounds,
): Promise<Buffer> {
  const most = Math.min(longest, announced);
  const stop = (): void => {
    body.destroy(fault('ETIMEDOUT', 'the body took too long'));
  };
  signal.addEventListener('abort', stop, { once: true });
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      if (received > most) throw fault('IncompleteBody', `the answer is longer than ${most} bytes`);
      chunks.push(chunk);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    body.destroy();
  }
  return Buffer.concat(chunks);
}

/** From now on lists and errors of more than {@link LARGEST_PAGE} bytes end with an error. */
export function boundAnswers(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode?: number; body?: Readable };
      const isObject = context.commandName === 'GetObjectCommand' && (response.statusCode ?? 0) < 300;
      if (!isObject && response.body !== undefined) response.body = bounded(response.body);
      return result;
    },
    // Before the SDK's own, which collects the answer, gets to see it.
    { step: 'deserialize', priority: 'low', name: 'boundAnswers' },
  );
}

/** The whole answer, once it has been checked: the SDK's parser is given only what it can take. */
function bounded(body: Readable): Readable {
  const chunks: Uint8Array[] = [];
  let received = 0;
  const counter = new Transform({
    transform(chunk: Uint8Array, _, done): void {
      received += chunk.length;
      chunks.push(chunk);
      if (received <= LARGEST_PAGE) done();
      else done(fault('AnswerTooLong', `the answer is longer than ${LARGEST_PAGE} bytes`));
    },
    flush(done): void {
      const whole = Buffer.concat(chunks);
      const problem = structureProblem(whole.toString('latin1'));
      if (problem === undefined) done(null, whole);
      else done(fault('MalformedAnswer', problem));
    },
  });
  const timer = setTimeout(
    () => body.destroy(fault('ETIMEDOUT', `the answer took longer than ${ANSWER_MILLISECONDS / 1000} s`)),
    ANSWER_MILLISECONDS,
  );
  body.once('error', (error) => counter.destroy(error));
  counter.once('close', () => {
    clearTimeout(timer);
    body.destroy();
  });
  return body.pipe(counter);
}

/** The SDK's parser calls itself for each level, and copies the whole text for each DOCTYPE, which S3 does not send. */
function structureProblem(xml: string): string | undefined {
  if (/<!DOCTYPE/iu.test(xml)) return 'the answer has a DOCTYPE';
  let depth = 0;
  for (const [tag] of xml.matchAll(/<\/|\/>|<[^!?/]/gu)) {
    depth += tag === '</' || tag === '/>' ? -1 : 1;
    if (depth > DEEPEST) return `the answer is nested more than ${DEEPEST} levels deep`;
  }
  return undefined;
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
