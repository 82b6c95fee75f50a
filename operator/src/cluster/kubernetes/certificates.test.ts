import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { connect, createServer, type PeerCertificate } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { issueCertificates, earliestExpiry } from './certificates.ts';

const NOW = Date.parse('2026-11-24T12:00:00.700Z');
const HOST = 'lung-coordinator-0.lung.default.svc';
const servers = Array.from({ length: 64 }, (_unused, index) => `lung-server-${index}.lung.default.svc`);
const request = {
  roles: {
    coordinator: { dnsNames: [HOST] },
    server: { dnsNames: servers },
    worker: { dnsNames: [] },
    operator: { dnsNames: [] },
  },
  validDays: 365,
  metadata: { name: 'lung-tls', namespace: 'default' },
};
const ROLES = Object.keys(request.roles);

function parse(files: Readonly<Record<string, string>>, name: string): X509Certificate {
  return new X509Certificate(files[`${name}.crt`] ?? '');
}

describe('issueCertificates', () => {
  it('gives each role a leaf of the one authority, with its own key, names and both uses', async () => {
    const { files } = await issueCertificates(request, NOW);
    const authority = parse(files, 'ca');
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    for (const role of ROLES) {
      const leaf = parse(files, role);
      expect(leaf.subject).toBe(`CN=${role}`);
      expect(leaf.ca).toBe(false);
      expect(leaf.checkIssued(authority)).toBe(true);
      expect(leaf.verify(authority.publicKey)).toBe(true);
      expect(leaf.checkPrivateKey(createPrivateKey(files[`${role}.key`] ?? ''))).toBe(true);
      expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    }
    expect(parse(files, 'coordinator').checkHost(HOST)).toBe(HOST);
    expect(servers.every((name) => parse(files, 'server').checkHost(name) === name)).toBe(true);
    expect(parse(files, 'server').checkHost(HOST)).toBeUndefined();
    expect(parse(files, 'worker').subjectAltName).toBeUndefined();
  });

  it('is valid from an hour ago, to the second, and beyond the year in which X.509 changes its times', async () => {
    const { files, notAfter } = await issueCertificates(request, NOW);
    expect(notAfter).toBe('2027-11-24T12:00:00.000Z');
    expect(parse(files, 'worker').validToDate.toISOString()).toBe(notAfter);
    expect(parse(files, 'ca').validFromDate.toISOString()).toBe('2026-11-24T11:00:00.000Z');
    const late = await issueCertificates({ ...request, validDays: 365 * 40 }, NOW);
    expect(parse(late.files, 'ca').validToDate.toISOString()).toBe(late.notAfter);
    expect(late.notAfter.slice(0, 4)).toBe('2066');
  });

  it('never gives two authorities or keys that are alike', async () => {
    const [one, other] = [await issueCertificates(request, NOW), await issueCertificates(request, NOW)];
    const contents = [...Object.values(one.files), ...Object.values(other.files)];
    expect(new Set(contents).size).toBe(contents.length);
    expect(parse(one.files, 'worker').verify(parse(other.files, 'ca').publicKey)).toBe(false);
  });

  it('makes a connection with certificates on both ends, and none with those of another job', async () => {
    const { files } = await issueCertificates(request, Date.now());
    const stranger = await issueCertificates(request, Date.now());
    const own = { ca: files['ca.crt'], cert: files['coordinator.crt'], key: files['coordinator.key'] };
    const subjects: string[] = [];
    const server = createServer({ ...own, requestCert: true, rejectUnauthorized: true }, (socket) => {
      subjects.push((socket.getPeerCertificate() as Partial<PeerCertificate>).subject?.CN as string);
      socket.end('welcome');
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as AddressInfo;
    const call = (with_: Readonly<Record<string, string>>, servername: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const { 'ca.crt': ca, 'operator.crt': cert, 'operator.key': key } = with_;
        const socket = connect({ port, host: '127.0.0.1', servername, ca, cert, key });
        let text = '';
        socket.on('data', (chunk) => (text += String(chunk)));
        socket.once('end', () => resolve(text));
        socket.once('error', reject);
      });
    try {
      expect(await call(files, HOST)).toBe('welcome');
      expect(subjects).toEqual(['operator']);
      await expect(call(files, 'lung-worker-0.lung.default.svc')).rejects.toThrow(/altnames/);
      await expect(call(stranger.files, HOST)).rejects.toThrow();
      // The client's side of the handshake is over before the server has checked its certificate.
      const impostor = { ...stranger.files, 'ca.crt': files['ca.crt'] ?? '' };
      expect(await call(impostor, HOST).catch(() => 'refused')).not.toBe('welcome');
      expect(subjects.length).toBe(1);
    } finally {
      server.close();
    }
  });
});

describe('earliestExpiry', () => {
  it('takes the first end, and a Secret that lacks anything for none', async () => {
    const { files, notAfter } = await issueCertificates(request, NOW);
    expect(earliestExpiry(files, ROLES)).toBe(notAfter);
    const sooner = await issueCertificates({ ...request, validDays: 10 }, NOW);
    const mixed = { ...files, 'worker.crt': sooner.files['worker.crt'] ?? '' };
    expect(earliestExpiry(mixed, ROLES)).toBe(sooner.notAfter);
    for (const missing of ['ca.crt', 'server.crt', 'operator.key']) {
      expect(earliestExpiry({ ...files, [missing]: '' }, ROLES)).toBeUndefined();
    }
    expect(earliestExpiry({ ...files, 'worker.crt': 'rubbish' }, ROLES)).toBeUndefined();
    expect(earliestExpiry({}, ROLES)).toBeUndefined();
  });
});
