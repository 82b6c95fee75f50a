/** Starts a gRPC server on `unix:/path` or `host:port`, with TLS or without, and stops it. */
import { rm } from 'node:fs/promises';
import grpc from '@grpc/grpc-js';
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import { channelOptions } from './definition.ts';
import { guarded, type MethodCallers } from './peers.ts';

export interface ListeningServer {
  /** As given, but with the port that was chosen for port 0. */
  readonly address: string;
  close(): Promise<void>;
}

export interface ServicePart {
  readonly definition: grpc.ServiceDefinition;
  readonly implementation: grpc.UntypedServiceImplementation;
  /** Who may call which method where TLS authenticates the caller's role. */
  readonly callers: MethodCallers;
}

export interface ListenOptions {
  /** Without TLS, and open to everyone who can reach the address, by default. */
  readonly credentials?: grpc.ServerCredentials;
  /** A call by a role that may not make it. */
  readonly onRefused?: (refused: { method: string; peer: string; subject: string }) => void;
}

/**
 * @param address `unix:/path` (a left-over socket there is removed: its owner is dead, names are unique to a role) or
 *   `host:port`; `[::]:port` is every address of both families, or of IPv4 alone where this machine has no IPv6
 */
export async function listen(
  address: string,
  parts: readonly ServicePart[],
  { credentials, onRefused = () => undefined }: ListenOptions = {},
): Promise<ListeningServer> {
  if (address.startsWith('unix:')) await rm(address.slice('unix:'.length), { force: true });
  const server = new grpc.Server(channelOptions);
  for (const { definition, implementation, callers } of parts) {
    const open = credentials === undefined;
    server.addService(definition, open ? implementation : guarded(implementation, callers, onRefused));
  }
  const bind = (at: string): Promise<string> => bound(server, at, credentials);
  const own = await bind(address).catch((error: unknown) => {
    const everywhere = /^\[::\](:\d+)$/.exec(address);
    if (everywhere === null || !FAMILY_MISSING.test(WsiError.from(error).message)) throw error;
    return bind(`0.0.0.0${everywhere[1] ?? ''}`);
  });
  return {
    address: own,
    close: () =>
      new Promise((resolve) => {
        // Open worker streams would keep a graceful shutdown waiting for ever.
        const forced = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, 500);
        server.tryShutdown(() => {
          clearTimeout(forced);
          resolve();
        });
      }),
  };
}

/** What the system says to a socket of IPv6 on a machine without it. */
const FAMILY_MISSING = /EAFNOSUPPORT|EADDRNOTAVAIL|EPROTONOSUPPORT/;

/** @returns the address, with the port that was chosen for port 0 */
function bound(
  server: grpc.Server,
  address: string,
  credentials: grpc.ServerCredentials | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials ?? grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(address.replace(/:0$/, `:${port}`));
      else
        reject(
          new WsiError('Unavailable', ownText(`cannot listen: ${error.message}`), {
            where: ownText(address),
            remedy: publicText`Is another process using this address?`,
          }),
        );
    });
  });
}
