/**
 * Keys and certificates of one job: an authority that exists for this job only and whose key is forgotten as soon as the
 * leaves are signed, and a leaf for each role. Whoever has no leaf of this authority cannot talk to the job's roles. The
 * operator's own certificate for its metrics is made in the same way.
 */
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type * as X509 from '@peculiar/x509';

/** Clocks of nodes differ; a certificate must be valid on all of them at once. */
const BACKDATED_MILLISECONDS = 3_600_000;
const DAY_MILLISECONDS = 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** PEM texts by key of the Secret: `ca.crt`, `ROLE.crt`, `ROLE.key`. */
export type CertificateFiles = Readonly<Record<string, string>>;

export interface CertificateOrder {
  /** Whom they are for; names the authority. */
  readonly metadata: { readonly namespace?: string | undefined; readonly name?: string | undefined };
  /** Empty names: the role only calls others. */
  readonly roles: Readonly<Record<string, { readonly dnsNames: readonly string[] }>>;
  readonly validDays: number;
}

export interface IssuedCertificates {
  readonly files: CertificateFiles;
  /** ISO 8601. */
  readonly notAfter: string;
}

/** @param now milliseconds since the epoch */
export async function issueCertificates(
  { roles, validDays, metadata }: CertificateOrder,
  now: number,
): Promise<IssuedCertificates> {
  const x509 = await library();
  // X.509 has whole seconds.
  const start = Math.floor(now / 1000) * 1000;
  const validity: Validity = {
    notBefore: new Date(start - BACKDATED_MILLISECONDS),
    notAfter: new Date(start + validDays * DAY_MILLISECONDS),
  };
  // A common name has at most 64 characters; the end tells jobs apart better than the beginning.
  const name = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`.slice(-64);
  const issuer = await makeIssuer(x509, name, validity);
  const files: Record<string, string> = { 'ca.crt': pem(issuer.certificate) };
  for (const [role, { dnsNames }] of Object.entries(roles)) {
    const leaf = await makeLeaf(x509, issuer, { role, dnsNames, validity });
    files[`${role}.crt`] = pem(leaf.certificate);
    files[`${role}.key`] = await privateKey(x509, leaf.keys);
  }
  return { files, notAfter: validity.notAfter.toISOString() };
}

/**
 * When the first of a Secret's certificates expires, ISO 8601; undefined when one is missing or is none: the Secret is
 * then as good as absent.
 */
export function earliestExpiry(files: CertificateFiles, roles: readonly string[]): string | undefined {
  try {
    if (roles.some((role) => !(files[`${role}.key`] ?? '').includes('PRIVATE KEY'))) return undefined;
    const names = ['ca.crt', ...roles.map((role) => `${role}.crt`)];
    const ends = names.map((name) => new X509Certificate(files[name] ?? '').validToDate.getTime());
    return new Date(Math.min(...ends)).toISOString();
  } catch {
    return undefined;
  }
}

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

interface Certified {
  readonly certificate: X509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

interface Leaf {
  readonly role: string;
  readonly dnsNames: readonly string[];
  readonly validity: Validity;
}

type Library = typeof X509;

/** Loaded when certificates are made for the first time: an operator that makes none does without its memory. */
async function library(): Promise<Library> {
  // It takes its classes apart and together by their metadata.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

async function makeIssuer(x509: Library, name: string, validity: Validity): Promise<Certified> {
  const keys = await makeKeys(false);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...validity,
      serialNumber: serialNumber(),
      name: [{ CN: [name] }],
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        // Below it there is no other authority.
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate, keys };
}

async function makeLeaf(
  x509: Library,
  issuer: Certified,
  { role, dnsNames, validity }: Leaf,
): Promise<Certified> {
  const keys = await makeKeys(true);
  const names = dnsNames.map((value) => ({ type: 'dns' as const, value }));
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...validity,
      serialNumber: serialNumber(),
      subject: [{ CN: [role] }],
      issuer: issuer.certificate.subjectName,
      signingKey: issuer.keys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey, false, webcrypto),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    },
    webcrypto,
  );
  return { certificate, keys };
}

/** @param extractable whether the private key can ever be written down */
async function makeKeys(extractable: boolean): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, extractable, ['sign', 'verify']);
}

/** PKCS #8. */
async function privateKey(x509: Library, { privateKey: key }: webcrypto.CryptoKeyPair): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function pem(certificate: X509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

/** Positive and without leading zeros: 16 random bytes are unique without a register. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
