/** The HTTPS server of the metrics: which TLS it speaks, and how much strangers may take of it. */
import { constants } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { AddressCounts } from './address-counts.ts';
import type { ServingMaterial } from './certificate-sources.ts';
import type { ServingCertificate } from './serving-certificate.ts';

/** Of TLS 1.2, those with forward secrecy and authenticated encryption; those of TLS 1.3 all have both. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** Connections, all and of one address: who holds some open and says nothing must not take all of them. */
const MOST_CONNECTIONS = 128;
const MOST_CONNECTIONS_OF_ADDRESS = 16;
const MOST_HEADER_BYTES = 16_384;
const HANDSHAKE_MILLISECONDS = 10_000;
const REQUEST_MILLISECONDS = 10_000;
/** A scrape each minute or more often keeps its connection. */
const KEEP_ALIVE_MILLISECONDS = 65_000;

/**
 * Does not listen yet. Follows the certificate; while there is none, no handshake succeeds.
 * @param onRefusedHandshake no TLS was agreed upon: plain text, an old version, no certificate of the client's
 */
export function createHttpsServer(
  certificate: ServingCertificate,
  asksForCertificates: boolean,
  listener: RequestListener,
  onRefusedHandshake: () => void,
): Server {
  const server = createServer(
    {
      ...contextOf(certificate.current, asksForCertificates),
      requestCert: asksForCertificates,
      rejectUnauthorized: asksForCertificates,
      handshakeTimeout: HANDSHAKE_MILLISECONDS,
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: REQUEST_MILLISECONDS,
      requestTimeout: REQUEST_MILLISECONDS,
      // How often the two are checked; Node's half a minute would triple them.
      connectionsCheckingInterval: REQUEST_MILLISECONDS / 5,
    },
    listener,
  );
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  server.maxConnections = MOST_CONNECTIONS;
  limitAddresses(server);
  server.on('tlsClientError', onRefusedHandshake);
  certificate.onChange(() => {
    server.setSecureContext(contextOf(certificate.current, asksForCertificates));
    // Who may still come comes back: a connection must not outlive the authority that it was made under.
    server.closeAllConnections();
  });
  return server;
}

/** All of it each time: what is left out falls back to Node's defaults. */
function contextOf(material: ServingMaterial | undefined, asksForCertificates: boolean): ServerOptions {
  const common: ServerOptions = {
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    // No session is resumed: it would be as it was, whatever has become of certificate and authority.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  // Without an authority Node would take the certificates of all public ones.
  const isUsable = material !== undefined && (!asksForCertificates || material.clientAuthority !== undefined);
  if (!isUsable) return common;
  const { certificate: cert, key, clientAuthority } = material;
  return { ...common, cert, key, ...(clientAuthority === undefined ? {} : { ca: clientAuthority }) };
}

function limitAddresses(server: Server): void {
  const connections = new AddressCounts();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    connections.enter(address);
    socket.once('close', () => connections.leave(address));
    if (connections.of(address) > MOST_CONNECTIONS_OF_ADDRESS) socket.destroy();
  });
}
