import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateFolder, kubeconfig } from './certificates.ts';

let folder: CertificateFolder;
const read = (name: string): string => readFileSync(folder.file(name), 'utf8');
const certificate = (name: string): X509Certificate => new X509Certificate(read(`${name}.crt`));

beforeAll(async () => {
  folder = new CertificateFolder(mkdtempSync(join(tmpdir(), 'certificates-')));
  await folder.authority('ca');
  await folder.certificate('node1', {
    commonName: 'system:node:node1',
    organisation: 'system:nodes',
    use: ['client'],
  });
  await folder.certificate('apiserver', {
    commonName: 'kube-apiserver',
    use: ['server'],
    dnsNames: ['kubernetes.default.svc'],
    addresses: ['10.96.0.1'],
  });
  folder.tokenKeys('service-accounts');
});
afterAll(() => {
  rmSync(folder.directory, { recursive: true });
});

describe('a certificate', () => {
  it('is signed by the authority, which signs nothing but certificates', () => {
    const ca = certificate('ca');
    expect(ca.ca).toBe(true);
    for (const name of ['node1', 'apiserver']) {
      expect(certificate(name).verify(ca.publicKey)).toBe(true);
      expect(certificate(name).checkIssued(ca)).toBe(true);
      expect(certificate(name).ca).toBe(false);
    }
  });

  it('names the client and its group as Kubernetes reads them', () => {
    expect(certificate('node1').subject.split('\n').sort()).toEqual([
      'CN=system:node:node1',
      'O=system:nodes',
    ]);
    expect(certificate('node1').keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it('names the hosts and addresses of a server', () => {
    expect(certificate('apiserver').checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
    expect(certificate('apiserver').checkIP('10.96.0.1')).toBe('10.96.0.1');
    expect(certificate('apiserver').checkIP('10.96.0.2')).toBeUndefined();
    expect(certificate('apiserver').keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('has a matching key, readable by its owner only', () => {
    for (const name of ['ca', 'node1', 'apiserver']) {
      expect(certificate(name).checkPrivateKey(createPrivateKey(read(`${name}.key`)))).toBe(true);
      expect(statSync(folder.file(`${name}.key`)).mode & 0o777).toBe(0o600);
    }
  });
});

it('the cluster has a key pair for tokens', () => {
  const text = Buffer.from('token');
  const signature = sign('sha256', text, createPrivateKey(read('service-accounts.key')));
  expect(verify('sha256', text, createPublicKey(read('service-accounts.pub')), signature)).toBe(true);
});

it('a kubeconfig refers to certificates by path', () => {
  const config = JSON.parse(kubeconfig(folder, 'node1')) as {
    users: { user: Record<string, string> }[];
    'current-context': string;
  };
  expect(config.users[0]?.user['client-key']).toBe(folder.file('node1.key'));
  expect(config['current-context']).toBe('wsi-native');
});
