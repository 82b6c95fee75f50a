/**
 * Objects in S3: ranges of them, their identity, lists of them. Requests are bounded, and tried again with growing pauses
 * when the store is overloaded or the network breaks; an object that is read in parts is pinned by its ETag.
 */
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { type EndpointPermissions, endpointRefusal, Slots, WsiError } from '@wsi-operator/foundation';
import { formatS3Address, type S3Address } from './address.ts';
import { boundAnswers, readBody } from './answers.ts';
import { isTransient, s3Error, type S3Subject } from './faults.ts';
import { EndpointRefused, endpointError, guardedAgents } from './guarded-agents.ts';
import { ListingProgress } from './listing-progress.ts';

/** Where `s3://` leads. Credentials come from the environment, as everywhere: AWS_ACCESS_KEY_ID and so on. */
export interface S3Settings extends EndpointPermissions {
  /** Amazon's for the region by default, or AWS_ENDPOINT_URL_S3. */
  readonly endpoint?: string | undefined;
  /** AWS_REGION by default; us-east-1 for an endpoint of one's own. */
  readonly region?: string | undefined;
  /** Whether the bucket stands in the path; by default for an endpoint from the environment. */
  readonly forcePathStyle?: boolean | undefined;
}

export interface S3StoreOptions extends S3Settings {
  /** The pause before the next attempt, in milliseconds; for tests. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  /** Looks up the store's name in place of the system; for tests. */
  readonly lookup?: LookupFunction;
}

export interface ObjectIdentity {
  readonly bytes: number;
  /** As the store gives it, with its quotes. */
  readonly etag: string;
}

export interface ObjectPart extends ObjectIdentity {
  readonly data: Buffer;
}

export interface ListedObject extends ObjectIdentity {
  readonly key: string;
}

export interface S3Statistics {
  /** Requests that were sent, those of repeated attempts included. */
  readonly requests: number;
  /** Bytes of objects that were received. */
  readonly bytes: number;
}

/** Requests under way at a time. */
const REQUESTS = 16;
/** After the last the error is reported; the pauses between add up to about 12 s. */
const ATTEMPTS = 7;
const PAUSE = { first: 200, longest: 5_000 };
const ATTEMPT_MILLISECONDS = 60_000;
const CONNECT_MILLISECONDS = 5_000;
/** Bytes of what is read in one go, from a store or from a disk: a table, or annotations. */
export const LARGEST_WHOLE = 2 ** 28;

type Commands = typeof import('@aws-sdk/client-s3');

interface Connection {
  readonly client: S3Client;
  readonly commands: Commands;
  readonly region: string;
}

export class S3Store {
  readonly settings: S3Settings;
  readonly #slots = new Slots(REQUESTS);
  readonly #pause: (milliseconds: number) => Promise<void>;
  readonly #lookup: LookupFunction | undefined;
  #connection: Promise<Connection> | undefined;
  #requests = 0;
  #bytes = 0;

  constructor(options: S3StoreOptions = {}) {
    const { pause = sleep, lookup, ...settings } = options;
    this.settings = settings;
    this.#pause = pause;
    this.#lookup = lookup;
  }

  get statistics(): S3Statistics {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  /** The object as it is now. By a byte of it, because the answer to HEAD has no room for a reason. @throws WsiError */
  async identify(address: S3Address): Promise<ObjectIdentity> {
    const { bytes, etag } = await this.read(address, { start: 0, end: 1 });
    return { bytes, etag };
  }

  /**
   * Bytes `start` to `end` (exclusive), fewer where the object ends before; all of it without a range, if that is at
   * most {@link LARGEST_WHOLE}.
   * @param of.etag the object must still have it: `SlideUnreadable` otherwise
   * @throws WsiError that names the object and the remedy
   */
  read(
    address: S3Address,
    range?: { readonly start: number; readonly end: number },
    of: { readonly etag?: string; readonly what?: S3Subject['what'] } = {},
  ): Promise<ObjectPart> {
    return this.#retrying(address, of.what ?? 'slide', async ({ client, commands }, abortSignal) => {
      const command = new commands.GetObjectCommand({
        Bucket: address.bucket,
        Key: address.key,
        ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
        ...((of.etag ?? '') === '' ? {} : { IfMatch: of.etag }),
      });
      const reply = await client.send(command, { abortSignal });
      const part = await received(reply, { range, signal: abortSignal, where: formatS3Address(address) });
      this.#bytes += part.data.length;
      return part;
    });
  }

  /**
   * All objects whose key begins with the address' key, each once.
   * @throws WsiError `Unavailable` for a listing that does not end
   */
  async *list(address: S3Address): AsyncGenerator<ListedObject> {
    const progress = new ListingProgress(formatS3Address(address));
    let token: string | undefined;
    do {
      const page = await this.#retrying(address, 'bucket', ({ client, commands }, abortSignal) =>
        client.send(
          new commands.ListObjectsV2Command({
            Bucket: address.bucket,
            Prefix: address.key,
            ContinuationToken: token,
          }),
          { abortSignal },
        ),
      );
      for (const { Key, Size = 0, ETag = '' } of page.Contents ?? []) {
        if (Key !== undefined && progress.isNew(Key)) yield { key: Key, bytes: Size, etag: ETag };
      }
      token = page.NextContinuationToken;
      progress.endPage(token);
    } while (token !== undefined);
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    connection?.client.destroy();
  }

  async #retrying<T>(
    address: S3Address,
    what: S3Subject['what'],
    attempt: (connection: Connection, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const where = formatS3Address(address);
    this.#connection ??= connect(this.settings, this.#lookup);
    const connection = await this.#connection.catch((error: unknown) => {
      if (error instanceof EndpointRefused) throw endpointError(error, where);
      throw WsiError.from(error, 'Unavailable', { where });
    });
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.#slots.run(() => {
          this.#requests += 1;
          return attempt(connection, AbortSignal.timeout(ATTEMPT_MILLISECONDS));
        });
      } catch (error) {
        if (attempts < ATTEMPTS && isTransient(error)) {
          const longest = Math.min(PAUSE.longest, PAUSE.first * 2 ** attempts);
          // Workers that failed together must not come back together.
          await this.#pause(longest * (0.5 + Math.random() / 2));
          continue;
        }
        const { endpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? '' } = this.settings;
        throw s3Error(error, { where, what, endpoint, region: connection.region });
      }
    }
  }
}

interface AskedPart {
  readonly range: { readonly start: number; readonly end: number } | undefined;
  readonly signal: AbortSignal;
  readonly where: string;
}

/** What was asked for, and neither more nor less: other bytes would be taken for those. */
async function received(
  reply: GetObjectCommandOutput,
  { range, signal, where }: AskedPart,
): Promise<ObjectPart> {
  const { Body, ContentLength: announced = 0, ContentRange = '', ETag: etag = '' } = reply;
  const total = /\/(\d+)$/.exec(ContentRange)?.[1];
  if (range !== undefined && total === undefined) throw rangeIgnored(where);
  if (range === undefined && announced > LARGEST_WHOLE) throw tooLarge(where, announced);
  const wanted = range === undefined ? announced : Math.min(range.end, Number(total)) - range.start;
  const data = await readBody(Body as Readable, { longest: wanted, announced, signal });
  if (data.length !== announced || data.length !== wanted) throw incomplete(data.length, wanted);
  return { data, bytes: total === undefined ? data.length : Number(total), etag };
}

let fromEnvironment: S3Store | undefined;

/** Where the environment says that S3 is: AWS_ENDPOINT_URL_S3, AWS_REGION and the credentials. */
export function defaultStore(): S3Store {
  fromEnvironment ??= storeOfEnvironment();
  return fromEnvironment;
}

/** As {@link defaultStore}, to be closed. What a job's `cohort.s3` allows, the environment allows where there is no job. */
export function storeOfEnvironment(): S3Store {
  return new S3Store({
    insecure: process.env['WSI_S3_INSECURE'] === 'true',
    linkLocal: process.env['WSI_S3_LINK_LOCAL'] === 'true',
  });
}

/** Loaded when the first object is read: most runs have their slides on disk. */
async function connect(
  { endpoint, region, forcePathStyle, ...permissions }: S3Settings,
  lookup: LookupFunction | undefined,
): Promise<Connection> {
  const commands = await import('@aws-sdk/client-s3');
  const own = endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  // Before credentials are searched for; endpoints that only the SDK finds are judged where the connection is opened.
  const refusal = own === undefined ? undefined : endpointRefusal(own, permissions);
  if (refusal !== undefined) throw new EndpointRefused(refusal);
  const chosen =
    region ??
    process.env['AWS_REGION'] ??
    process.env['AWS_DEFAULT_REGION'] ??
    // Stores of one's own have no regions, but a signature names one.
    (own === undefined ? undefined : 'us-east-1');
  if (chosen === undefined) {
    throw new WsiError('InvalidArgument', "it is not known in which of Amazon's regions the bucket is.", {
      remedy: "Set the cohort's `s3.region`, or AWS_REGION; for another store `s3.endpoint`.",
    });
  }
  const client = new commands.S3Client({
    region: chosen,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: forcePathStyle ?? own !== undefined,
    // Attempts are counted here, where a body that breaks off counts too.
    maxAttempts: 1,
    // Not every store knows the checksums that Amazon's SDK asks for of its own accord.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: false,
    requestHandler: {
      connectionTimeout: CONNECT_MILLISECONDS,
      socketTimeout: ATTEMPT_MILLISECONDS,
      ...guardedAgents({ ...permissions, lookup }),
    },
  });
  boundAnswers(client);
  return { client, commands, region: chosen };
}

/** Going on would read every slide whole, for each of its tiles. */
function rangeIgnored(where: string): WsiError {
  return new WsiError('SlideUnreadable', 'the store sends whole objects where parts are asked for.', {
    where,
    remedy: 'Use a store that serves HTTP ranges, or copy the slides to a disk.',
  });
}

function tooLarge(where: string, bytes: number): WsiError {
  const problem = `the object has ${bytes} bytes, and ${LARGEST_WHOLE} are the most that is read as a whole`;
  return new WsiError('InvalidArgument', problem, {
    where,
    remedy: 'Check that this is the table, or the file of annotations, that is meant.',
  });
}

function incomplete(received: number, wanted: number): Error {
  const error = new Error(`the answer has ${received} of ${wanted} bytes`);
  return Object.assign(error, { code: 'IncompleteBody' });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
