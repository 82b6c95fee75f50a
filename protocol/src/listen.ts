/** Starts a gRPC server on `unix:/path` or `host:port`, with TLS or without, and stops it. */
import { rm } from 'node:fs/promises';
import grpc from '@grpc/grpc-js';
import { WsiError } from '@wsi/foundation';
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
  /** Who may call which method where TLS tells the caller's role. */
  readonly callers: MethodCallers;
}

export interface ListenOptions {
  /** Without TLS, and open to everyone who can reach the address, by default. */
  readonly credentials?: grpc.ServerCredentials;
  /** A call by a role that may not make it. */
  readonly onRefused?: (refused: { method: string; peer: string; subject: string }) => void;
}

/** @param address `unix:/path` (a left-over socket there is removed: its owner is dead, names are unique to a role) or `host:port` */
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
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials ?? grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else
        reject(
          new WsiError('Unavailable', `cannot listen: ${error.message}`, {
            where: address,
            remedy: 'Is another process using this address?',
          }),
        );
    });
  });
  return {
    address: address.replace(/:0$/, `:${port}`),
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
