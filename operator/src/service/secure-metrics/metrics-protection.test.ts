/** Metrics over real TLS, with a stand-in for the API server that reviews tokens. */
/* eslint-disable max-lines -- everybody who may ask one server */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { ManualClock, startFakeApiServer } from '@wsi-operator/controller/testing';
import { systemClock } from '@wsi-operator/foundation';
import { issueCertificates } from '../../cluster/kubernetes/certificates.ts';
import { get, handshake as openConnection } from '../../testing/https-requests.ts';
import { until } from '../../testing/kubernetes-bed.ts';
import { refuseBeyondRights } from '../../testing/rights.ts';
import { TokenAccounts } from '../../testing/token-accounts.ts';
import { serve } from '../http-endpoint.ts';
import { OperatorMetrics } from '../metrics.ts';
import type { MetricsSecurity } from '../options.ts';
import { ownSource } from './certificate-sources.ts';
import { metricsProtection } from './metrics-protection.ts';

const DAY_MILLISECONDS = 86_400_000;
const LOOK_MILLISECONDS = 10_000;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'wsi-metrics-test-'));
  cleanUps.push(() => rmSync(directory, { recursive: true }));
  return directory;
}

interface Issued {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** With an authority of its own. */
async function issue(validDays = 30): Promise<Issued> {
  const order = {
    metadata: { name: 'test' },
    roles: { leaf: { dnsNames: ['metrics.test'] } },
    validDays,
  };
  const { files } = await issueCertificates(order, Date.now());
  return { ca: files['ca.crt']!, cert: files['leaf.crt']!, key: files['leaf.key']! };
}

function write(directory: string, { cert, key }: Pick<Issued, 'cert' | 'key'>): void {
  writeFileSync(join(directory, 'tls.crt'), cert);
  writeFileSync(join(directory, 'tls.key'), key);
}

interface Bed {
  readonly port: number;
  readonly log: () => string;
  readonly metrics: OperatorMetrics;
  /** The certificate's files are checked once more. */
  readonly refresh: () => Promise<void>;
}

async function bed(security: MetricsSecurity): Promise<Bed> {
  const accounts = new TokenAccounts();
  accounts.add('good', { user: 'prometheus', mayGetMetrics: true });
  accounts.add('other', { user: 'somebody', mayGetMetrics: false });
  const server = await startFakeApiServer({ authorize: refuseBeyondRights, answerTo: accounts.answerTo });
  cleanUps.push(() => server.close());
  const clock = new ManualClock(Date.now());
  let log = '';
  const logger = pino({ level: 'debug' }, { write: (line: string) => void (log += line) });
  const metrics = new OperatorMetrics();
  const client = server.newClient();
  const parts = { security, identity: 'operator-0', client, metrics, clock, logger };
  const protection = await metricsProtection(parts);
  const routes = { '/metrics': async () => ({ status: 200, body: await metrics.text() }) };
  const endpoint = await serve(0, routes, protection);
  const stop = new AbortController();
  const running = protection.run(stop.signal);
  cleanUps.push(async () => {
    stop.abort();
    await running;
    await endpoint.close();
  });
  const waits = (): Promise<void> => until('it waits', () => clock.nextTime() !== undefined);
  const refresh = async (): Promise<void> => {
    await waits();
    await clock.advance(LOOK_MILLISECONDS);
    await waits();
  };
  return { port: endpoint.port, log: () => log, metrics, refresh };
}

async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = await openConnection(port, options);
  cleanUps.push(() => socket.destroy());
  return socket;
}

async function serialOf(port: number): Promise<string> {
  return (await handshake(port)).getPeerCertificate().serialNumber;
}

describe('metrics for accounts that may', () => {
  it('are given for a token with the right, and otherwise 401 or 403', async () => {
    const { port, metrics } = await bed({});
    const served = await get(port, { token: 'good' });
    expect(served.status).toBe(200);
    expect(served.text).toContain('process_resident_memory_bytes');
    expect((await get(port, { token: 'other' })).status).toBe(403);
    for (const authorization of ['Bearer made-up', 'Basic Z29vZDo=', 'Bearer', 'Bearer a b', 'good', '']) {
      const refused = await get(port, { headers: { authorization } });
      expect([authorization, refused.status]).toEqual([authorization, 401]);
      expect(refused.headers['www-authenticate']).toMatch(/^Bearer /);
      expect(refused.text).not.toContain('process_');
    }
    expect((await get(port)).status).toBe(401);
    // The scheme is not case-sensitive.
    expect((await get(port, { headers: { authorization: 'bearer good' } })).status).toBe(200);
    const text = await metrics.text();
    expect(text).toContain('wsi_operator_metrics_requests_total{outcome="allowed"} 2');
    expect(text).toContain('wsi_operator_metrics_requests_total{outcome="forbidden"} 1');
    expect(text).toContain('wsi_operator_metrics_requests_total{outcome="unauthenticated"} 7');
  });

  it('have nothing but the one path, and are only read', async () => {
    const { port } = await bed({});
    expect((await get(port, { path: '/healthz', token: 'good' })).status).toBe(404);
    expect((await get(port, { method: 'POST', token: 'good' })).status).toBe(405);
    expect((await get(port, { method: 'HEAD', token: 'good' })).text).toBe('');
    expect((await get(port, { method: 'HEAD' })).status).toBe(401);
  });

  it('are not served in plain text, nor over what is older than TLS 1.2', async () => {
    const { port, metrics } = await bed({});
    const plain = await new Promise<string>((resolve) => {
      let heard = '';
      const socket = connectPlain(port, '127.0.0.1', () => {
        socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n');
      });
      socket.on('data', (chunk) => (heard += String(chunk)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(heard));
    });
    expect(plain).not.toContain('process_');
    // Lets this client speak the old one at all.
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(port, old)).rejects.toThrow(/version|protocol/);
    expect((await handshake(port, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:ECDHE-ECDSA-AES128-SHA' } as const;
    await expect(handshake(port, weak)).rejects.toThrow(/handshake/);
    const text = await metrics.text();
    expect(text).toMatch(/wsi_operator_metrics_requests_total\{outcome="handshake"\} [3-9]/);
  });

  it('take headers of 16 KiB at most, and 16 connections of one address', async () => {
    const { port } = await bed({});
    const long = { headers: { authorization: `Bearer ${'x'.repeat(20_000)}` } };
    expect((await get(port, long)).status).toBe(431);
    const held = await Promise.all(Array.from({ length: 16 }, () => handshake(port)));
    await expect(get(port, { token: 'good' })).rejects.toThrow(/hang up|reset|disconnected/i);
    held[0]?.destroy();
    await until('there is room again', async () => {
      return get(port, { token: 'good' }).then(
        ({ status }) => status === 200,
        () => false,
      );
    });
  });
});

describe('the certificate', () => {
  it('is made here where none is given, once', async () => {
    const { port, refresh } = await bed({});
    const first = await serialOf(port);
    await refresh();
    expect(await serialOf(port)).toBe(first);
    const other = await bed({});
    expect(await serialOf(other.port)).not.toBe(first);
  });

  it('that is made here is renewed ten days before it expires', async () => {
    const now = Date.now();
    const clock = { ...systemClock, now: () => now + days * DAY_MILLISECONDS };
    let days = 0;
    const source = ownSource('operator-0', clock);
    const first = await source(undefined);
    expect(first.notAfter).toBeGreaterThan(now + 29 * DAY_MILLISECONDS);
    days = 19;
    expect(await source(first)).toBe(first);
    days = 21;
    const next = await source(first);
    expect(next.key).not.toBe(first.key);
    expect(next.notAfter).toBeGreaterThan(first.notAfter + 20 * DAY_MILLISECONDS);
  });

  it('of files is read again when they change; half of a pair keeps the one of before', async () => {
    const directory = temporaryDirectory();
    const [one, other] = [await issue(), await issue()];
    write(directory, one);
    const { port, refresh, log, metrics } = await bed({ certificateDirectory: directory });
    const trusting = { ca: one.ca, rejectUnauthorized: true, servername: 'metrics.test', token: 'good' };
    expect((await get(port, trusting)).status).toBe(200);
    writeFileSync(join(directory, 'tls.crt'), other.cert);
    await refresh();
    expect(log()).toContain('the key is not that of the certificate');
    expect((await get(port, trusting)).status).toBe(200);
    for (const broken of ['', 'no PEM', other.key.slice(0, 60)]) {
      writeFileSync(join(directory, 'tls.key'), broken);
      await refresh();
    }
    expect(log()).toContain('it cannot be read as PEM');
    rmSync(join(directory, 'tls.key'));
    await refresh();
    expect(log()).toContain('there is no such file');
    const { length } = log();
    await refresh();
    // The same is reported once, and counted each time.
    expect(log()).toHaveLength(length);
    expect(await metrics.text()).toContain('wsi_operator_metrics_certificates_total{outcome="refused"} 6');
    expect((await get(port, trusting)).status).toBe(200);
    write(directory, other);
    await refresh();
    await expect(get(port, trusting)).rejects.toThrow(/certificate/);
    expect((await get(port, { ...trusting, ca: other.ca })).status).toBe(200);
    expect(await metrics.text()).toContain('wsi_operator_metrics_certificates_total{outcome="taken"} 2');
    expect(log()).not.toContain('PRIVATE KEY');
  });

  it('of files ends the connections under the one of before', async () => {
    const directory = temporaryDirectory();
    write(directory, await issue());
    const { port, refresh } = await bed({ certificateDirectory: directory });
    const socket = await handshake(port);
    let heard = '';
    socket.on('data', (chunk) => (heard += String(chunk)));
    let isClosed = false;
    socket.once('close', () => (isClosed = true));
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('it is answered', () => heard.includes('a token of an account is needed'));
    write(directory, await issue());
    await refresh();
    // Sooner than it would be for having been idle.
    await until('it is closed', () => isClosed, 20_000);
  });

  it('that has expired is not taken; without one nobody is served, until there is one', async () => {
    const directory = temporaryDirectory();
    write(directory, await issue(-1 / 48));
    const { port, refresh, log } = await bed({ certificateDirectory: directory });
    expect(log()).toContain('has expired on');
    expect(log()).toContain('nobody can fetch them');
    await expect(get(port, { token: 'good' })).rejects.toThrow();
    write(directory, await issue());
    await refresh();
    expect((await get(port, { token: 'good' })).status).toBe(200);
  });
});

describe('metrics for certificates of an authority', () => {
  async function withAuthority(...authorities: readonly string[]): Promise<Bed & { readonly path: string }> {
    const path = join(temporaryDirectory(), 'ca.crt');
    writeFileSync(path, authorities.join(''));
    return { ...(await bed({ clientAuthority: path })), path };
  }

  it('are given to clients of it without a token, and to nobody else', async () => {
    const [client, stranger] = [await issue(), await issue()];
    const { port } = await withAuthority(client.ca);
    expect((await get(port, { cert: client.cert, key: client.key })).status).toBe(200);
    await expect(get(port, { cert: stranger.cert, key: stranger.key })).rejects.toThrow();
    // By an alert of TLS, which is what `helm test` of the chart looks for.
    const alert = { code: expect.stringMatching(/^(ERR_SSL_|EPROTO)/) };
    await expect(get(port, { token: 'good' })).rejects.toMatchObject(alert);
    // TLS 1.2 has another handshake.
    const old = { maxVersion: 'TLSv1.2' } as const;
    expect((await get(port, { cert: client.cert, key: client.key, ...old })).status).toBe(200);
    await expect(get(port, old)).rejects.toMatchObject(alert);
  });

  it('are for those of the authority that the file holds now', async () => {
    const [client, next] = [await issue(), await issue()];
    const { port, path, refresh, log } = await withAuthority(client.ca);
    writeFileSync(path, 'nothing');
    await refresh();
    expect(log()).toContain('no authority of clients');
    expect((await get(port, { cert: client.cert, key: client.key })).status).toBe(200);
    writeFileSync(path, next.ca);
    await refresh();
    expect((await get(port, { cert: next.cert, key: next.key })).status).toBe(200);
    await expect(get(port, { cert: client.cert, key: client.key })).rejects.toThrow();
  });

  it('are for nobody while there is no authority', async () => {
    const client = await issue();
    const { port, log } = await withAuthority('');
    expect(log()).toContain('nobody can fetch them');
    await expect(get(port, { cert: client.cert, key: client.key })).rejects.toThrow();
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resume no session of %s', async (version) => {
    const client = await issue();
    const { port } = await withAuthority(client.ca);
    const own = { cert: client.cert, key: client.key, maxVersion: version };
    const first = await handshake(port, own);
    const sessions: Buffer[] = [];
    first.on('session', (session: Buffer) => void sessions.push(session));
    first.write('GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await new Promise((resolve) => first.once('close', resolve).resume());
    for (const session of [first.getSession(), ...sessions].filter((each) => each !== undefined)) {
      const second = await handshake(port, { ...own, session });
      expect(second.isSessionReused()).toBe(false);
    }
  });
});
