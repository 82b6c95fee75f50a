import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callUnary } from './calls.ts';
import { connectCoordinator, coordinatorService, type ConnectOptions } from './definition.ts';
import { listen, type ListeningServer } from './listen.ts';
import { TestAuthority, writePem } from './testing/certificates.ts';
import { channelCredentials, readTlsPem, serverCredentials, type TlsPem } from './tls.ts';

let authority: TestAuthority;
let other: TestAuthority;
let worker: TlsPem;

beforeAll(async () => {
  [authority, other] = await Promise.all([TestAuthority.create(), TestAuthority.create('another')]);
  worker = await authority.issue('worker');
});

describe('an error about unusable PEM files', () => {
  const past = Date.now() - 1000;

  it.each<[string, () => Promise<TlsPem>, string]>([
    [
      'text that is not PEM',
      async () => ({ ...worker, certificate: 'x' }),
      'tls.crt: this is not a certificate in PEM',
    ],
    ['an empty authority', async () => ({ ...worker, authority: '' }), 'ca.crt: this is not a cert'],
    [
      'a file that is not a key',
      async () => ({ ...worker, key: worker.certificate }),
      'tls.key: this is not a private key',
    ],
    [
      'a key of another certificate',
      async () => ({ ...worker, key: (await authority.issue('worker')).key }),
      'tls.key: this is not the key of the certificate',
    ],
    [
      'a certificate of another authority',
      async () => ({ ...worker, authority: (await other.issue('worker')).authority }),
      "tls.crt: the certificate 'worker' is not of the authority 'another'",
    ],
    [
      'an expired certificate',
      () => authority.issue('worker', { notAfter: past }),
      `tls.crt: the certificate 'worker' expired at ${new Date(past).toISOString().slice(0, 18)}`,
    ],
    [
      'a certificate that is not valid yet',
      () => authority.issue('worker', { notBefore: Date.now() + 60_000 }),
      "tls.crt: the certificate 'worker' is not valid before ",
    ],
  ])('names %s', async (_name, make, message) => {
    const pem = await make();
    expect(() => channelCredentials(pem)).toThrow(message);
    expect(() => serverCredentials(pem)).toThrow(message);
  });

  it('names a missing file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wsi-tls-'));
    await expect(readTlsPem(directory)).rejects.toMatchObject({ code: 'Unavailable' });
    await writePem(directory, worker);
    expect((await readTlsPem(directory)).key.toString()).toBe(worker.key);
    await rm(join(directory, 'tls.key'));
    await expect(readTlsPem(directory)).rejects.toThrow(
      `${join(directory, 'tls.key')}: there is no such file`,
    );
    await rm(directory, { recursive: true });
  });
});

describe('a listener with mutual TLS', () => {
  let server: ListeningServer;
  const refused: string[] = [];

  beforeAll(async () => {
    const pem = await authority.issue('coordinator', { names: ['localhost'] });
    const part = {
      definition: coordinatorService,
      implementation: {
        Status: (_call: unknown, callback: grpc.sendUnaryData<object>) => callback(null, { step: 7 }),
        Work: (stream: grpc.ServerDuplexStream<object, object>) => stream.end(),
      },
      callers: { Status: ['worker', 'operator'], Work: ['worker'] },
    } as const;
    server = await listen('127.0.0.1:0', [part], {
      credentials: serverCredentials(pem),
      onRefused: ({ method, subject }) => refused.push(`${method} ${subject}`),
    });
  });

  afterAll(() => server.close());

  async function status(options: ConnectOptions, host = 'localhost'): Promise<unknown> {
    const client = connectCoordinator(server.address.replace('127.0.0.1', host), options);
    try {
      const target = { peer: 'coordinator', deadlineMilliseconds: 60_000 };
      return await callUnary(client.Status.bind(client), {}, target);
    } finally {
      client.close();
    }
  }

  const name = { 'grpc.ssl_target_name_override': 'localhost' };

  it('answers a role that may call, by name or by address under its name', async () => {
    expect(await status({ credentials: channelCredentials(worker) })).toMatchObject({ step: 7 });
    const credentials = channelCredentials(await authority.issue('operator'));
    expect(await status({ credentials, options: name }, '127.0.0.1')).toMatchObject({ step: 7 });
  });

  it('is refused by a client that connects under another name', async () => {
    const call = status({ credentials: channelCredentials(worker) }, '127.0.0.1');
    await expect(call).rejects.toThrow("IP: 127.0.0.1 is not in the cert's list");
  });

  it.each<[string, () => Promise<grpc.ChannelCredentials>]>([
    ['none', async () => grpc.credentials.createSsl(Buffer.from(worker.authority))],
    ['no TLS', async () => grpc.credentials.createInsecure()],
    ['another authority', async () => unchecked(await other.issue('worker'))],
    [
      'an expired certificate',
      async () => unchecked(await authority.issue('worker', { notAfter: Date.now() - 1 })),
    ],
  ])('refuses a client with %s', async (_name, credentials) => {
    await expect(status({ credentials: await credentials() })).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('refuses a role that may not call, and says which', async () => {
    const parameterServer = { credentials: channelCredentials(await authority.issue('server')) };
    await expect(status(parameterServer)).rejects.toThrow("not for a certificate of 'server'");
    const stranger = { credentials: channelCredentials(await authority.issue('somebody')) };
    await expect(status(stranger)).rejects.toThrow("not for a certificate of 'none'");
    const operator = connectCoordinator(server.address.replace('127.0.0.1', 'localhost'), {
      credentials: channelCredentials(await authority.issue('operator')),
    });
    const error = await new Promise<Partial<grpc.ServiceError>>((resolve) => {
      operator.Work().on('error', resolve).resume();
    });
    operator.close();
    expect(error.code).toBe(grpc.status.PERMISSION_DENIED);
    expect(refused).toEqual(['Status server', 'Status none', 'Work operator']);
  });

  /** A client that does not check its own certificate first, and trusts the server's authority. */
  function unchecked({ certificate, key }: TlsPem): grpc.ChannelCredentials {
    const [authorityPem, keyPem, certificatePem] = [worker.authority, key, certificate].map((of) =>
      Buffer.from(of),
    );
    return grpc.credentials.createSsl(authorityPem, keyPem, certificatePem);
  }
});
