/** A store that answers otherwise than S3 does: more than was asked for, less, without an end, or slowly. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { WsiError } from '@wsi-operator/foundation';
import { readBody } from './answers.ts';
import { cacheDirectory } from './cache-directory.ts';
import { S3Store } from './store.ts';

const ADDRESS = { bucket: 'slides', key: 'a.svs' };
const RANGE = { start: 0, end: 1000 };

describe('a hostile store', () => {
  let server: Server;
  let store: S3Store;
  let answer: (response: ServerResponse, request: number, url: string) => void;
  let requests = 0;

  beforeAll(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'tester';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'tester-key';
    server = createServer((request, response) => {
      response.on('error', () => undefined);
      answer(response, ++requests, request.url ?? '');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    store = new S3Store({
      endpoint: `http://127.0.0.1:${port}`,
      forcePathStyle: true,
      pause: () => Promise.resolve(),
    });
  });
  beforeEach(() => {
    requests = 0;
  });
  afterAll(async () => {
    await store.close();
    server.closeAllConnections();
    server.close();
  });

  async function refusal(work: Promise<unknown>): Promise<WsiError> {
    const thrown: unknown = await work.then(
      (value) => value,
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(WsiError);
    const error = thrown as WsiError;
    expect(error.where).toMatch(/^s3:\/\/slides\//u);
    expect(error.remedy).toMatch(/\w/u);
    return error;
  }

  /** Writes until the other side has enough; how many bytes were sent. */
  function pour(response: ServerResponse, head: string): { bytes: number } {
    const sent = { bytes: 0 };
    const chunk = Buffer.alloc(2 ** 16, 'x');
    response.write(head);
    const more = (): void => {
      while (!response.destroyed) {
        sent.bytes += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
    };
    more();
    return sent;
  }

  const part = (response: ServerResponse, headers: Record<string, string> = {}): void => {
    response.writeHead(206, { etag: '"x"', 'content-range': 'bytes 0-999/100000', ...headers });
  };

  it('cannot send more than the requested range', async () => {
    let most = 0;
    answer = (response) => {
      part(response);
      const sent = pour(response, '');
      response.once('close', () => (most = Math.max(most, sent.bytes)));
    };
    const { code } = await refusal(store.read(ADDRESS, RANGE));
    expect(code).toBe('Unavailable');
    // What sockets hold.
    expect(most).toBeLessThan(2 ** 25);
  });

  it('cannot have an object of gigabytes read whole', async () => {
    answer = (response) => {
      response.writeHead(200, { etag: '"x"', 'content-length': String(2 ** 33) });
      pour(response, '');
    };
    const { code, message } = await refusal(store.read(ADDRESS, undefined, { what: 'table' }));
    expect(code).toBe('InvalidArgument');
    expect(message).toMatch(/8589934592 bytes, and 268435456 are the most/u);
    expect(requests).toBe(1);
  });

  it('cannot pass a short body off as complete', async () => {
    answer = (response) => {
      part(response, { 'content-length': '10', 'content-range': 'bytes 0-9/100000' });
      response.end('0123456789');
    };
    expect((await refusal(store.read(ADDRESS, RANGE))).message).toMatch(/10 of 1000 bytes/u);
    answer = (response) => {
      part(response, { 'content-length': '10', 'content-range': 'bytes 0-9/10' });
      response.end('0123456789');
    };
    expect((await store.read(ADDRESS, RANGE)).data.toString()).toBe('0123456789');
  });

  const page = (keys: readonly string[], token?: string): string =>
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${token !== undefined}</IsTruncated>` +
    keys.map((key) => `<Contents><Key>${key}</Key><Size>5</Size><ETag>e</ETag></Contents>`).join('') +
    (token === undefined ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`) +
    '</ListBucketResult>';

  async function listed(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list({ bucket: 'slides', key: 'p/' })) keys.push(key);
    return keys;
  }

  it.each([
    ['the same token', (): string => page(['p/a'], 'again')],
    ['new tokens for the same keys', (at: number): string => page(['p/a', 'p/b'], `t${at}`)],
    ['empty pages', (at: number): string => page([], `t${at}`)],
  ])('cannot prolong a listing for ever: %s', async (_, pageOf) => {
    answer = (response, at) => response.end(pageOf(at));
    const { code, message } = await refusal(listed());
    expect(code).toBe('Unavailable');
    expect(message).toMatch(/listing does not end/u);
    expect(requests).toBeLessThan(30);
  });

  it('may send some empty pages and repeated keys, each of which is listed once', async () => {
    const pages = [page(['p/a'], '1'), page([], '2'), page(['p/a', 'p/b'], '3'), page(['p/c'])];
    answer = (response, at) => response.end(pages[at - 1]);
    expect(await listed()).toEqual(['p/a', 'p/b', 'p/c']);
  });

  it('cannot send pages or errors of gigabytes', async () => {
    let most = 0;
    for (const status of [200, 403]) {
      answer = (response) => {
        response.writeHead(status, { 'content-type': 'application/xml' });
        const sent = pour(response, '<?xml version="1.0"?><ListBucketResult><!--');
        response.once('close', () => (most = Math.max(most, sent.bytes)));
      };
      await refusal(listed());
    }
    answer = (response) => {
      response.writeHead(403, { 'content-type': 'application/xml' });
      const sent = pour(response, '<Error><Code>');
      response.once('close', () => (most = Math.max(most, sent.bytes)));
    };
    await refusal(store.read(ADDRESS, RANGE));
    expect(most).toBeLessThan(2 ** 26);
  });

  it('cannot pass a DOCTYPE or deep XML to the parser', async () => {
    for (const [text, problem] of [
      ['<!doctype a [<!ENTITY b "b">]>'.repeat(10_000), /has a DOCTYPE/u],
      ['<a>'.repeat(100_000), /32 levels deep/u],
    ] as const) {
      answer = (response) => response.end(text);
      expect((await refusal(listed())).message).toMatch(problem);
    }
  });

  it('cannot do harm with malformed XML or expanding entities', async () => {
    const lol = Array.from({ length: 12 }, (_, at) => {
      const inside = at === 0 ? 'lol' : `&l${at - 1};`.repeat(10);
      return `<!ENTITY l${at} "${inside}">`;
    }).join('');
    for (const text of [
      'no xml',
      '<ListBucketResult><Contents><Size>many</Size></Contents></ListBucketResult>',
      `<!DOCTYPE x [${lol}]><ListBucketResult><Contents><Key>&l11;</Key></Contents></ListBucketResult>`,
      '<a>'.repeat(100_000),
    ]) {
      answer = (response) => response.end(text);
      const outcome: unknown = await listed().catch((error: unknown) => error);
      if (Array.isArray(outcome)) expect(JSON.stringify(outcome).length).toBeLessThan(2 ** 23);
      else expect(outcome).toBeInstanceOf(WsiError);
    }
  });
});

describe('a body that does not arrive', () => {
  it('is given up after a timeout', async () => {
    const body = new Readable({ read: () => undefined });
    const time = new AbortController();
    const reading = readBody(body, { longest: 1000, announced: 1000, signal: time.signal });
    body.push('half');
    time.abort();
    await expect(reading).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(body.destroyed).toBe(true);
  });
});

describe('the directory of copies', () => {
  const chosen = process.env['WSI_CACHE_DIRECTORY'];
  let root: string;
  let own: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'wsi-copies-'));
    own = join(root, `wsi-slides-${process.getuid?.() ?? 'user'}`);
    delete process.env['WSI_CACHE_DIRECTORY'];
  });
  afterEach(() => rm(root, { recursive: true }));
  afterAll(() => {
    if (chosen !== undefined) process.env['WSI_CACHE_DIRECTORY'] = chosen;
  });

  it('is private to this user, even if it existed with more permissions', async () => {
    expect(await cacheDirectory(root)).toBe(own);
    expect((await lstat(own)).mode & 0o777).toBe(0o700);
    await chmod(own, 0o777);
    await cacheDirectory(root);
    expect((await lstat(own)).mode & 0o777).toBe(0o700);
  });

  it('is refused if it is a link, even to a directory of this user', async () => {
    await mkdir(join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), own);
    await expect(cacheDirectory(root)).rejects.toThrow(/this is a link of user \d+.*WSI_CACHE_DIRECTORY/su);
  });

  it('is refused if another user created it', async () => {
    if (process.getuid?.() !== 0) {
      process.stdout.write('skipped: giving a directory to another user needs root\n');
      return;
    }
    await mkdir(own);
    await chown(own, 65_534, 65_534);
    await expect(cacheDirectory(root)).rejects.toThrow(/this is a directory of user 65534/u);
  });
});
