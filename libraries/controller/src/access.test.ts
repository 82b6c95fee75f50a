import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import * as x509 from '@peculiar/x509';
import { systemClock, type Clock } from '@wsi-operator/foundation';
import { inClusterAccess, kubeConfigAccess } from './access.ts';
import { ApiClient } from './api-client.ts';
import { Refusal, startFakeApiServer, type FakeApiServer } from './testing/index.ts';

const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

interface Issued {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly cert: string;
  readonly key: string;
}

async function issue(name: string, by?: Issued): Promise<Issued> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${name}`,
    issuer: by?.certificate.subject ?? `CN=${name}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(by === undefined, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  });
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return { certificate, keys, cert: certificate.toString('pem'), key };
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

describe('access to the API server', () => {
  let directory: string;
  let ca: Issued;
  let user: Issued;
  let server: FakeApiServer;
  let accepted: string;
  const clients: ApiClient[] = [];
  // Moved on where a test needs it: on a slow machine nothing expires by itself.
  let ahead = 0;
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'access-'));
    ca = await issue('ca');
    const host = await issue('server', ca);
    user = await issue('user', ca);
    server = await startFakeApiServer({
      tls: { cert: host.cert, key: host.key, ca: ca.cert, requestCert: true, rejectUnauthorized: false },
      authorize: ({ authorization }) =>
        authorization === accepted || accepted === '' ? undefined : new Refusal(401, 'Unauthorized', 'no'),
    });
  });
  afterAll(async () => {
    clients.forEach((client) => client.close());
    await server.close();
    await rm(directory, { recursive: true });
  });

  const kubeConfig = (
    userFields: object,
    cluster: object = { 'certificate-authority-data': encoded(ca.cert) },
  ): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromString(
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: server.url, ...cluster } }],
        users: [{ name: 'u', user: userFields }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    return config;
  };
  const clientOf = (config: KubeConfig): ApiClient => {
    const client = ApiClient.fromKubeConfig(config, { userAgent: 'test', clock });
    clients.push(client);
    return client;
  };
  const works = async (client: ApiClient): Promise<void> => {
    expect(await client.get(pods, 'none', 'n')).toBeUndefined();
  };

  it('trusts only the authority of the kubeconfig', async () => {
    accepted = '';
    await works(clientOf(kubeConfig({})));
    await works(clientOf(kubeConfig({}, { 'insecure-skip-tls-verify': true })));
    await expect(clientOf(kubeConfig({}, {})).get(pods, 'none', 'n', { retry: false })).rejects.toMatchObject(
      {
        reason: 'ConnectionFailed',
      },
    );
  });

  it('shows its certificate', async () => {
    accepted = '';
    const data = { 'client-certificate-data': encoded(user.cert), 'client-key-data': encoded(user.key) };
    await works(clientOf(kubeConfig(data)));
    expect(server.requests.at(-1)).toMatchObject({ certificate: 'user' });
    await works(clientOf(kubeConfig({})));
    expect(server.requests.at(-1)).toMatchObject({ certificate: undefined });
  });

  it('sends a token, or a name and a password', async () => {
    accepted = 'Bearer secret';
    await works(clientOf(kubeConfig({ token: 'secret' })));
    accepted = `Basic ${encoded('me:word')}`;
    await works(clientOf(kubeConfig({ username: 'me', password: 'word' })));
    const refused = clientOf(kubeConfig({ token: 'wrong' })).get(pods, 'none', 'n');
    await expect(refused).rejects.toMatchObject({ status: 401, remedy: expect.stringContaining('Renew') });
  });

  it('asks an exec plug-in once for many calls, and again when its token has expired or is refused', async () => {
    const log = join(directory, 'calls');
    const plugin = (token: string): string => {
      const credential = JSON.stringify({
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        status: { token, expirationTimestamp: new Date(0).toISOString() },
      });
      return `echo x >> "$LOG"; echo '${credential}'`;
    };
    const script = join(directory, 'plugin.sh');
    await writeFile(script, plugin('first'));
    await writeFile(log, '');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: [script],
      env: [{ name: 'LOG', value: log }],
    };
    const client = clientOf(kubeConfig({ exec }));
    accepted = 'Bearer first';
    await Promise.all(Array.from({ length: 10 }, async () => works(client)));
    expect(await readFile(log, 'utf8')).toBe('x\n');
    accepted = 'Bearer second';
    await writeFile(script, plugin('second'));
    await works(client);
    await writeFile(script, 'echo broken >&2; exit 1');
    ahead += 11_000;
    await expect(client.get(pods, 'none', 'n')).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/credentials.*broken/),
    });
  });

  it('reads the service account of a pod, and again when the kubelet has renewed it', async () => {
    const { hostname, port } = new URL(server.url);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    await writeFile(join(directory, 'ca.crt'), ca.cert);
    await writeFile(join(directory, 'token'), 'old\n');
    expect(inClusterAccess(clock, { directory, environment: {} })).toBeUndefined();
    const client = new ApiClient(inClusterAccess(clock, { directory, environment })!, {
      userAgent: 'test',
      clock,
    });
    clients.push(client);
    accepted = 'Bearer old';
    await works(client);
    await writeFile(join(directory, 'token'), 'new\n');
    accepted = 'Bearer new';
    await works(client);
  });
});

describe('addresses of the API server', () => {
  const clock = systemClock;

  it.each([
    ['10.96.0.1', 'https://10.96.0.1/'],
    ['fd00:10:96::1', 'https://[fd00:10:96::1]/'],
  ])('of a pod are of either family: %s', (host, href) => {
    const environment = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '443' };
    expect(inClusterAccess(clock, { environment })?.server.href).toBe(href);
  });

  const accessTo = (server: string): string => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: false }, { name: 'u' });
    return kubeConfigAccess(config, clock).server.href;
  };

  it('of a kubeconfig are URLs', () => {
    expect(accessTo('https://[fd00::1]:6443')).toBe('https://[fd00::1]:6443/');
    for (const server of [
      'https://[fe80::1%25eth0]:6443',
      'https://fd00::1:6443',
      '10.0.0.1:6443',
      'ftp://x',
    ]) {
      expect(() => accessTo(server)).toThrow(`the kubeconfig's server is no address: '${server}'`);
    }
  });
});
