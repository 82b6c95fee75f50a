/**
 * Mutual TLS: both ends of a connection show a certificate of the job's own authority, and a client checks the name of
 * the host that it dialled. The subject of a leaf is its role, by which a service knows who may call what.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { ROLES, type Role } from '@wsi-operator/api';
import { ownText, publicText, systemErrorCode, WsiError } from '@wsi-operator/foundation';

/** What a certificate's subject (CN) may be: a role of a job, or the operator, which asks the coordinator. */
export type PeerRole = Role | 'operator';
export const peerRoles: readonly PeerRole[] = [...ROLES, 'operator'];

/** The three parts in PEM, as in a directory with the files `ca.crt`, `tls.crt` and `tls.key`. */
export interface TlsPem {
  /** The authority (one or several certificates) that peers must have been certified by. */
  readonly authority: string | Buffer;
  /** The own certificate, with intermediate ones after it if there are any. */
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
  /** Where it came from, for errors. */
  readonly where?: string;
}

const files = { authority: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const;

/** @throws WsiError `Unavailable` that names the file that is missing or cannot be read */
export async function readTlsPem(directory: string): Promise<TlsPem> {
  const read = async (name: string): Promise<Buffer> => {
    const path = join(directory, name);
    return readFile(path).catch((error: unknown) => {
      const missing = systemErrorCode(error) === 'ENOENT';
      const problem = missing ? publicText`there is no such file` : publicText`the file cannot be read`;
      throw new WsiError('Unavailable', problem, {
        where: ownText(path),
        remedy: ownText(
          `A directory for TLS holds ${Object.values(files).join(', ')}, readable by this user.`,
        ),
        cause: error,
      });
    });
  };
  const [authority, certificate, key] = await Promise.all([
    read(files.authority),
    read(files.certificate),
    read(files.key),
  ]);
  return { authority, certificate, key, where: directory };
}

/**
 * Of a listener that requires a client certificate of the same authority.
 * @throws WsiError `Unavailable`, see {@link channelCredentials}
 */
export function serverCredentials(pem: TlsPem): grpc.ServerCredentials {
  requireUsable(pem);
  const pair = { private_key: bytes(pem.key), cert_chain: bytes(pem.certificate) };
  return grpc.ServerCredentials.createSsl(bytes(pem.authority), [pair], true);
}

/**
 * Of a client that shows its certificate, and verifies the server's with the name that it dials (or with the channel
 * option `grpc.ssl_target_name_override`, for one that dials an address).
 * @throws WsiError `Unavailable` for PEM that is none, a key of another certificate, a certificate of another
 *   authority, and one that has expired or is not valid yet
 */
export function channelCredentials(pem: TlsPem): grpc.ChannelCredentials {
  requireUsable(pem);
  return grpc.credentials.createSsl(bytes(pem.authority), bytes(pem.key), bytes(pem.certificate));
}

/**
 * `Unavailable`, because certificates are not the user's input: a new start may find others. TLS itself would say "no start line" and "key values mismatch", and an expired leaf only shows at the peer.
 */
function requireUsable(pem: TlsPem): void {
  const now = new Date();
  const authority = parseCertificate(pem, 'authority');
  const certificate = parseCertificate(pem, 'certificate');
  for (const [part, of] of [
    ['authority', authority],
    ['certificate', certificate],
  ] as const) {
    const name = `the certificate '${subjectOf(of)}'`;
    if (of.validToDate < now) {
      throw invalid(
        pem,
        part,
        `${name} expired at ${of.validToDate.toISOString()}`,
        'Issue new certificates.',
      );
    }
    if (of.validFromDate > now) {
      const problem = `${name} is not valid before ${of.validFromDate.toISOString()}`;
      throw invalid(pem, part, problem, `Is this machine's clock right? It says ${now.toISOString()}.`);
    }
  }
  if (!certificate.checkPrivateKey(parseKey(pem))) {
    throw invalid(pem, 'key', 'this is not the key of the certificate', 'Take both from one Secret.');
  }
  // Only where the authority is a single certificate that issues directly: chains are left to TLS.
  const direct = [pem.authority, pem.certificate].every((part) => countCertificates(part) === 1);
  if (direct && !(certificate.checkIssued(authority) && certificate.verify(authority.publicKey))) {
    const problem = `the certificate '${subjectOf(certificate)}' is not of the authority '${subjectOf(authority)}'`;
    throw invalid(pem, 'certificate', problem, 'Take both from one Secret.');
  }
}

function parseCertificate(pem: TlsPem, part: 'authority' | 'certificate'): X509Certificate {
  try {
    return new X509Certificate(pem[part]);
  } catch (error) {
    throw invalid(
      pem,
      part,
      'this is not a certificate in PEM',
      'It begins with -----BEGIN CERTIFICATE-----.',
      error,
    );
  }
}

function parseKey(pem: TlsPem): KeyObject {
  try {
    return createPrivateKey(bytes(pem.key));
  } catch (error) {
    throw invalid(
      pem,
      'key',
      'this is not a private key in PEM',
      'It begins with -----BEGIN PRIVATE KEY-----.',
      error,
    );
  }
}

function invalid(
  pem: TlsPem,
  part: keyof typeof files,
  problem: string,
  remedy: string,
  cause?: unknown,
): WsiError {
  const where = pem.where === undefined ? files[part] : join(pem.where, files[part]);
  // Where certificates are mounted, and what they are called, is nothing of the patients.
  return new WsiError('Unavailable', ownText(problem), {
    where: ownText(where),
    remedy: ownText(remedy),
    cause,
  });
}

/** The common name, e.g. `worker`. */
function subjectOf(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? certificate.subject;
}

function countCertificates(pem: string | Buffer): number {
  return pem.toString().split('-----BEGIN CERTIFICATE-----').length - 1;
}

function bytes(pem: string | Buffer): Buffer {
  return Buffer.from(pem);
}
