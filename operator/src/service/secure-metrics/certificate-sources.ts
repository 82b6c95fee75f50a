/** Where the certificate comes from that the metrics are served with: from mounted files, or made here. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readBoundedFile, systemErrorCode, WsiError, type Clock } from '@wsi-operator/foundation';
import { issueCertificates } from '../../cluster/kubernetes/certificates.ts';

/** All PEM. */
export interface ServingMaterial {
  /** With intermediate ones after it if there are any. */
  readonly certificate: string;
  readonly key: string;
  /** Of clients; absent: they show no certificates. */
  readonly clientAuthority?: string;
  /** Of the certificate, milliseconds since the epoch. */
  readonly notAfter: number;
}

/**
 * What is to be used now.
 * @param current what was used until now
 * @throws WsiError `Unavailable` when there is nothing that could be used
 */
export type CertificateSource = (current: ServingMaterial | undefined) => Promise<ServingMaterial>;

const DAY_MILLISECONDS = 86_400_000;
/** Of one that is made here, and how long before its end another is made. */
const VALID_DAYS = 30;
const RENEW_BEFORE_MILLISECONDS = 10 * DAY_MILLISECONDS;
const MOST_BYTES = 2 ** 20;

/**
 * `tls.crt` and `tls.key` of a directory, as in a Secret of the type kubernetes.io/tls: an expired certificate, or a key that is
 * another's (half of the two was written), is refused.
 */
export function filesSource(directory: string, clock: Clock): CertificateSource {
  return async () => {
    const [certificate, key] = await Promise.all(
      ['tls.crt', 'tls.key'].map((name) => readText(join(directory, name))),
    );
    return checkedPair(certificate ?? '', key ?? '', directory, clock);
  };
}

/** Kept in memory only: each replica and each start has another, whose authority nobody knows. */
export function ownSource(name: string, clock: Clock): CertificateSource {
  return async (current) => {
    const now = clock.now();
    if (current !== undefined && current.notAfter - now > RENEW_BEFORE_MILLISECONDS) return current;
    const { files, notAfter } = await issueCertificates(
      { metadata: { name }, roles: { metrics: { dnsNames: [name] } }, validDays: VALID_DAYS },
      now,
    );
    const [certificate = '', key = ''] = [files['metrics.crt'], files['metrics.key']];
    return { certificate, key, notAfter: Date.parse(notAfter) };
  };
}

/** The same with the authority (one or several certificates) of those who may fetch. */
export function withClientAuthority(source: CertificateSource, path: string): CertificateSource {
  return async (current) => {
    const [material, clientAuthority] = await Promise.all([source(current), readText(path)]);
    const blocks = clientAuthority.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0 || !blocks.every(isCertificate)) {
      throw unusable(path, 'there is no authority of clients in it, or one that cannot be read');
    }
    return { ...material, clientAuthority };
  };
}

function checkedPair(certificate: string, key: string, where: string, clock: Clock): ServingMaterial {
  const leaf = parsed(() => new X509Certificate(certificate), join(where, 'tls.crt'));
  const privateKey = parsed(() => createPrivateKey(key), join(where, 'tls.key'));
  if (!leaf.checkPrivateKey(privateKey)) throw unusable(where, 'the key is not that of the certificate');
  const notAfter = leaf.validToDate.getTime();
  if (notAfter <= clock.now()) {
    throw unusable(where, `the certificate has expired on ${leaf.validToDate.toISOString()}`);
  }
  return { certificate, key, notAfter };
}

function parsed<Value>(parse: () => Value, where: string): Value {
  try {
    return parse();
  } catch {
    // What the library says is of no use to people, and nothing of a key belongs into a log.
    throw unusable(where, 'it cannot be read as PEM');
  }
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return (await readBoundedFile(path, MOST_BYTES)).toString('utf8');
  } catch (error) {
    if (error instanceof WsiError) throw error;
    const code = systemErrorCode(error);
    throw unusable(path, code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code ?? '?'})`);
  }
}

function unusable(where: string, problem: string): WsiError {
  return new WsiError('Unavailable', problem, {
    where,
    remedy: 'Check the Secrets that metrics.secure names; what is written there is taken without a restart.',
  });
}
