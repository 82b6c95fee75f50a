/** What is asked of those who fetch metrics: a token whose account may, or a certificate of the authority of clients. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket, type PeerCertificate } from 'node:tls';
import type { Answer } from '../http-endpoint.ts';
import type { Access, ReviewedAccess } from './reviewed-access.ts';

/** Undefined: it is let in. */
export type Admission = (request: IncomingMessage) => Promise<Answer | undefined>;

const RETRY_SECONDS = { 'retry-after': '1' };

const ANSWERS: Readonly<Record<Exclude<Access, 'allowed'>, Answer>> = {
  unauthenticated: {
    status: 401,
    body: 'a token of an account is needed: Authorization: Bearer TOKEN\n',
    headers: { 'www-authenticate': 'Bearer realm="wsi-operator"' },
  },
  forbidden: {
    status: 403,
    body: 'this account has no right to get /metrics: bind it to the ClusterRole metrics-reader of the operator\n',
  },
  unavailable: {
    status: 503,
    body: "the API server does not say whose this token is: see the operator's log\n",
    headers: RETRY_SECONDS,
  },
  busy: { status: 503, body: 'too many tokens are being reviewed\n', headers: RETRY_SECONDS },
};

export function byToken(access: ReviewedAccess, onOutcome: (outcome: Access) => void): Admission {
  return async (request) => {
    const token = bearerToken(request.headers.authorization);
    const address = request.socket.remoteAddress ?? '';
    const outcome = token === undefined ? 'unauthenticated' : await access.check(token, address);
    onOutcome(outcome);
    return outcome === 'allowed' ? undefined : ANSWERS[outcome];
  };
}

/**
 * The handshake has refused all others by now. A session that is resumed has no certificate, and Node calls it authorized
 * all the same: there are none (see https-server.ts), and one would be refused here.
 */
export function byCertificate(onOutcome: (outcome: Access) => void): Admission {
  return (request) => {
    const { socket } = request;
    const isAdmitted = socket instanceof TLSSocket && socket.authorized && hasCertificate(socket);
    onOutcome(isAdmitted ? 'allowed' : 'unauthenticated');
    const answer = { status: 401, body: 'a certificate of the authority of clients is needed\n' };
    return Promise.resolve(isAdmitted ? undefined : answer);
  };
}

function hasCertificate(socket: TLSSocket): boolean {
  const { raw } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  return raw !== undefined && raw.length > 0;
}

/** RFC 6750: the scheme in any case, and visible characters. */
function bearerToken(header: string | undefined): string | undefined {
  return /^bearer +([\x21-\x7e]+) *$/i.exec(header ?? '')?.[1];
}
