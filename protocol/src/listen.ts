/** Starts a gRPC server on `unix:/path` or `host:port`, and stops it. */
import { rm } from 'node:fs/promises';
import grpc from '@grpc/grpc-js';
import { WsiError } from '@wsi/foundation';
import { channelOptions } from './definition.ts';

export interface ListeningServer {
  readonly address: string;
  close(): Promise<void>;
}

interface ServicePart {
  readonly definition: grpc.ServiceDefinition;
  readonly implementation: grpc.UntypedServiceImplementation;
}

/** @param address `unix:/path` (a left-over socket there is removed: its owner is dead, names are unique to a role) or `host:port` */
export async function listen(
  address: string,
  parts: readonly ServicePart[],
  credentials = grpc.ServerCredentials.createInsecure(),
): Promise<ListeningServer> {
  if (address.startsWith('unix:')) await rm(address.slice('unix:'.length), { force: true });
  const server = new grpc.Server(channelOptions);
  for (const part of parts) server.addService(part.definition, part.implementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, credentials, (error) => {
      if (error === null) resolve();
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
    address,
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
