/**
 * The cluster's keys and certificates: one authority for the components, one for the API server's aggregation front,
 * and the key that signs service-account tokens. All elliptic (P-256), valid for a year, generated for each cluster.
 */
import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { API_SERVER_URL } from './addresses.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MILLISECONDS = 86_400_000;
const VALID_DAYS = 365;

type KeyPair = webcrypto.CryptoKeyPair;

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: KeyPair;
}

export interface CertificateSubject {
  readonly commonName: string;
  /** Kubernetes reads the organisation of a client as its group. */
  readonly organisation?: string;
  readonly use: readonly ('client' | 'server')[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
}

/** Writes NAME.crt and NAME.key files into a folder. */
export class CertificateFolder {
  readonly directory: string;
  readonly #authorities = new Map<string, Authority>();

  constructor(directory: string) {
    this.directory = directory;
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  /** Makes a certificate authority. */
  async authority(name: string): Promise<void> {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(),
      serialNumber: serialNumber(),
      name: [{ CN: [name] }],
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    this.#authorities.set(name, { certificate, keys });
    await this.#write(name, certificate, keys);
  }

  /** Makes a certificate that an authority of this folder signs. */
  async certificate(name: string, subject: CertificateSubject, authorityName = 'ca'): Promise<void> {
    const authority = this.#authorities.get(authorityName)!;
    const keys = await makeKeys();
    const names: x509.JsonGeneralNames = [
      ...(subject.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(subject.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(),
      serialNumber: serialNumber(),
      subject: [
        ...(subject.organisation === undefined ? [] : [{ O: [subject.organisation] }]),
        { CN: [subject.commonName] },
      ],
      issuer: authority.certificate.subject,
      signingKey: authority.keys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(
          subject.use.map((use) => x509.ExtendedKeyUsage[use === 'client' ? 'clientAuth' : 'serverAuth']),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    });
    await this.#write(name, certificate, keys);
  }

  /** The pair that signs service-account tokens: NAME.key and NAME.pub. */
  tokenKeys(name: string): void {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#put(`${name}.key`, privateKey.export({ type: 'sec1', format: 'pem' }));
    this.#put(`${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
  }

  async #write(name: string, certificate: x509.X509Certificate, keys: KeyPair): Promise<void> {
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    this.#put(`${name}.crt`, `${certificate.toString('pem')}\n`);
    this.#put(`${name}.key`, x509.PemConverter.encode(key, 'PRIVATE KEY'));
  }

  #put(name: string, text: string | Buffer): void {
    writeFileSync(this.file(name), text, { mode: 0o600 });
  }
}

/** A kubeconfig that names files of certificates, so that none is copied. */
export function kubeconfig(certificates: CertificateFolder, user: string): string {
  const file = (name: string): string => certificates.file(name);
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'wsi-native',
          cluster: { server: API_SERVER_URL, 'certificate-authority': file('ca.crt') },
        },
      ],
      users: [
        {
          name: user,
          user: { 'client-certificate': file(`${user}.crt`), 'client-key': file(`${user}.key`) },
        },
      ],
      contexts: [{ name: 'wsi-native', context: { cluster: 'wsi-native', user } }],
      'current-context': 'wsi-native',
    },
    null,
    2,
  )}\n`;
}

async function makeKeys(): Promise<KeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function serialNumber(): string {
  // Positive, and never with a zero in front, which some parsers refuse.
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function validity(): { notBefore: Date; notAfter: Date } {
  // An hour back: clocks differ.
  const now = Date.now();
  return {
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + VALID_DAYS * DAY_MILLISECONDS),
  };
}
