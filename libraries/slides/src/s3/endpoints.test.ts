/** Where a store may be: at real servers, under names that lead elsewhere, and at addresses in many spellings. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { scratchDirectory } from '../testing/scratch.ts';
import { S3Store, storeOfEnvironment, type S3StoreOptions } from './store.ts';

const scratch = scratchDirectory();
const ADDRESS = { bucket: 'slides', key: 'a.svs' };
const METADATA = '169.254.169.254';

let server: Server;
let port: number;
let requests: string[] = [];
let respond: RequestListener;
const stores: S3Store[] = [];
const before = { ...process.env };

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    respond(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
beforeEach(() => {
  requests = [];
  respond = (_request, response) => {
    response.writeHead(200, { 'content-length': '5', etag: '"1"' }).end('slide');
  };
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'tester',
    AWS_SECRET_ACCESS_KEY: 'tester-key',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: scratch('none'),
  });
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  process.env = { ...before };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Every name leads to these addresses. */
const leadsTo =
  (...addresses: string[]): LookupFunction =>
  (_name, { all }, done) => {
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (all === true) done(null, found);
    else done(null, found[0]!.address, found[0]!.family);
  };

function storeWith(options: S3StoreOptions): S3Store {
  const store = new S3Store({ forcePathStyle: true, pause: () => Promise.resolve(), ...options });
  stores.push(store);
  return store;
}

async function read(store: S3Store): Promise<string> {
  return (await store.read(ADDRESS)).data.toString();
}

async function refusal(store: S3Store): Promise<WsiError> {
  const thrown: unknown = await read(store).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(WsiError);
  const error = thrown as WsiError;
  expect([error.code, error.where, requests]).toEqual(['InvalidArgument', 's3://slides/a.svs', []]);
  // Whoever reads the status of a job learns it, too.
  expect(error.publicMessage).toContain(error.problem);
  return error;
}

describe('an http:// endpoint', () => {
  it('is allowed on this machine, by address and by name', async () => {
    expect(await read(storeWith({ endpoint: `http://127.0.0.1:${port}` }))).toBe('slide');
    const lookup = leadsTo('127.0.0.1');
    expect(await read(storeWith({ endpoint: `http://localhost:${port}`, lookup }))).toBe('slide');
  });

  it('is refused elsewhere unless it is allowed', async () => {
    const options = { endpoint: `http://store.test:${port}`, lookup: leadsTo('127.0.0.1') };
    const error = await refusal(storeWith(options));
    expect(error.message).toMatch(/http:\/\/.*`cohort\.s3\.insecure: true`.*WSI_S3_INSECURE=true/u);
    expect(await read(storeWith({ ...options, insecure: true }))).toBe('slide');
    expect(requests).toEqual(['/slides/a.svs?x-id=GetObject']);
  });

  it.each(['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'])('is refused from %s', async (name) => {
    process.env[name] = `http://store.test:${port}`;
    await refusal(storeWith({ lookup: leadsTo('127.0.0.1') }));
    expect(await read(storeWith({ lookup: leadsTo('127.0.0.1'), insecure: true }))).toBe('slide');
  });

  it('is refused from a profile, which only the SDK reads', async () => {
    mkdirSync(scratch('aws'), { recursive: true });
    writeFileSync(scratch('aws/config'), `[default]\nendpoint_url = http://store.test:${port}\n`);
    process.env['AWS_CONFIG_FILE'] = scratch('aws/config');
    await refusal(storeWith({ lookup: leadsTo('127.0.0.1') }));
    expect(await read(storeWith({ lookup: leadsTo('127.0.0.1'), insecure: true }))).toBe('slide');
  });

  it('is allowed by the environment where there is no job, and not for a job', async () => {
    process.env['WSI_S3_INSECURE'] = 'true';
    process.env['AWS_ENDPOINT_URL_S3'] = `http://store.test:${port}`;
    const store = storeOfEnvironment();
    stores.push(store);
    expect(store.settings).toEqual({ insecure: true, linkLocal: false });
    await refusal(storeWith({}));
  });
});

describe('a link-local address', () => {
  it.each([
    METADATA,
    '169.254.0.0',
    '100.100.100.200',
    'fe80::a9fe:a9fe',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
  ])('is refused if a name resolves to it: %s', async (address) => {
    for (const protocol of ['http', 'https']) {
      const endpoint = `${protocol}://store.test:${port}`;
      const error = await refusal(storeWith({ endpoint, lookup: leadsTo(address), insecure: true }));
      expect(error.message).toContain('`cohort.s3.linkLocal: true`');
    }
  });

  it('is skipped among several addresses of a name', async () => {
    const lookup = leadsTo('fe80::1', METADATA, '127.0.0.1');
    const endpoint = `http://store.test:${port}`;
    expect(await read(storeWith({ endpoint, lookup, insecure: true }))).toBe('slide');
  });

  it('is refused even if a name resolves to it only for a later connection', async () => {
    let address = '127.0.0.1';
    const lookup: LookupFunction = (...asked) => leadsTo(address)(...asked);
    const store = storeWith({ endpoint: `http://store.test:${port}`, lookup, insecure: true });
    respond = (_request, response) =>
      void response.writeHead(200, { 'content-length': '5', connection: 'close' }).end('slide');
    expect(await read(store)).toBe('slide');
    address = METADATA;
    requests = [];
    await refusal(store);
  });

  it.each([
    `http://${METADATA}`,
    'https://169.254.1.1:9000',
    'http://0xa9fea9fe',
    'http://2852039166',
    'http://0251.0376.0251.0376',
    'http://169.254.43518.',
    'http://[fe80::1]:9000',
    'http://[::ffff:a9fe:a9fe]',
    'http://[0:0:0:0:0:FFFF:169.254.169.254]',
    'https://[64:ff9b::a9fe:a9fe]',
    'https://[fd00:0ec2:0::0254]',
    'https://100.100.100.200',
  ])('is refused as an endpoint: %s', async (endpoint) => {
    expect((await refusal(storeWith({ endpoint, insecure: true }))).problem).toContain('link-local');
    process.env['AWS_ENDPOINT_URL'] = endpoint;
    await refusal(storeWith({ insecure: true }));
  });

  it('is used when it is allowed', async () => {
    const lookup = leadsTo('127.0.0.1');
    const endpoint = `http://store.test:${port}`;
    expect(await read(storeWith({ endpoint, lookup, insecure: true, linkLocal: true }))).toBe('slide');
  });

  it('is not reached by a redirect, which is not followed', async () => {
    const store = storeWith({ endpoint: `http://127.0.0.1:${port}` });
    respond = (_request, response) =>
      void response.writeHead(307, { location: `http://${METADATA}/latest/meta-data/` }).end();
    await expect(read(store)).rejects.toThrow('307');
    expect(requests).toEqual(['/slides/a.svs?x-id=GetObject']);
  });
});

describe('the credentials of a store', () => {
  // 0.0.0.0 is this machine, but no loopback: a store there would be refused.
  const bare = (): string => `http://0.0.0.0:${port}`;
  const role = JSON.stringify({
    Code: 'Success',
    AccessKeyId: 'of-the-role',
    SecretAccessKey: 'secret',
    Token: 'token',
    Expiration: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const authorizations: string[] = [];

  beforeEach(() => {
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = scratch('none');
    respond = (request, response) => {
      const { url = '' } = request;
      authorizations.push(request.headers.authorization ?? '');
      if (url.endsWith('/api/token')) response.end('token');
      else if (url.endsWith('/security-credentials/')) response.end('role');
      else if (/security-credentials|container/u.test(url)) response.end(role);
      else response.writeHead(200, { 'content-length': '5', etag: '"1"' }).end('slide');
    };
  });

  it("are read from the machine's role, whose metadata service may be link-local", async () => {
    process.env['AWS_EC2_METADATA_DISABLED'] = 'false';
    process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = bare();
    expect(await read(storeWith({ endpoint: `http://127.0.0.1:${port}` }))).toBe('slide');
    expect(authorizations.at(-1)).toContain('Credential=of-the-role/');
    await expect(read(storeWith({ endpoint: bare() }))).rejects.toThrow('`cohort.s3.insecure: true`');
  });

  it('are read from an agent beside the container', async () => {
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `http://127.0.0.1:${port}/container`;
    expect(await read(storeWith({ endpoint: `http://127.0.0.1:${port}` }))).toBe('slide');
    expect(authorizations.at(-1)).toContain('Credential=of-the-role/');
  });
});

it('the checked address is the one that is connected to, also with TLS', async () => {
  const tls = createTlsServer().listen(0, '127.0.0.1');
  await once(tls, 'listening');
  let connections = 0;
  tls.on('connection', (socket) => {
    connections += 1;
    socket.destroy();
  });
  const endpoint = `https://store.test:${(tls.address() as AddressInfo).port}`;
  await expect(read(storeWith({ endpoint, lookup: leadsTo('127.0.0.1') }))).rejects.toThrow(
    /cannot be reached|failed/u,
  );
  expect(connections).toBeGreaterThan(0);
  connections = 0;
  await refusal(storeWith({ endpoint, lookup: leadsTo(METADATA) }));
  expect(connections).toBe(0);
  tls.close();
});
