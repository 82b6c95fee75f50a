/**
 * How a role reaches the others and is reached by them: with mutual TLS where it has certificates. Unix sockets stay
 * without: they never leave the machine, and the permissions of their directory say who may use them.
 */
import type { Logger } from '@wsi/foundation';
import { WsiError } from '@wsi/foundation';
import {
  channelCredentials,
  connectCoordinator,
  connectParameterServer,
  listen,
  readTlsPem,
  serverCredentials,
  type ConnectOptions,
  type CoordinatorClient,
  type ListeningServer,
  type ParameterServerClient,
  type ServicePart,
} from '@wsi/protocol';

/**
 * A connection attempt that takes longer is given up, and the name looked up again: packets to the address of a pod
 * that is gone may be dropped without an answer, and the kernel would go on for two minutes.
 */
export const connectMilliseconds = 10_000;

export interface Connections {
  listen(address: string, part: ServicePart): Promise<ListeningServer>;
  /** The caller closes it. */
  coordinator(address: string): CoordinatorClient;
  parameterServer(address: string): ServerConnection;
}

/**
 * @param tlsDirectory holds ca.crt, tls.crt and tls.key; undefined: no TLS
 * @throws WsiError `Unavailable` when they cannot be used
 */
export async function openConnections(
  tlsDirectory: string | undefined,
  logger: Logger,
): Promise<Connections> {
  const pem = tlsDirectory === undefined ? undefined : await readTlsPem(tlsDirectory);
  const server = pem === undefined ? undefined : serverCredentials(pem);
  const channel = pem === undefined ? undefined : channelCredentials(pem);
  const onRefused = (refused: object): void => logger.warn(refused, 'a call was refused: wrong role');
  const connectOptions = (address: string): ConnectOptions =>
    channel === undefined || isLocal(address) ? {} : { credentials: channel };
  return {
    listen: (address, part) =>
      listen(address, [part], {
        ...(server === undefined || isLocal(address) ? {} : { credentials: server }),
        onRefused,
      }),
    coordinator: (address) => connectCoordinator(address, connectOptions(address)),
    parameterServer: (address) =>
      new ServerConnection(address, () => connectParameterServer(address, connectOptions(address))),
  };
}

/** A parameter server's client, which is dialled anew when connecting takes too long. */
export class ServerConnection {
  readonly address: string;
  readonly #dial: () => ParameterServerClient;
  #client: ParameterServerClient;

  constructor(address: string, dial: () => ParameterServerClient) {
    this.address = address;
    this.#dial = dial;
    this.#client = dial();
  }

  get client(): ParameterServerClient {
    return this.#client;
  }

  /** The client once it is connected. @throws WsiError `Unavailable`, retryable */
  async ready(): Promise<ParameterServerClient> {
    const client = this.#client;
    const failure = await waitUntilConnected(client);
    if (failure === undefined) return client;
    if (client === this.#client) this.redial();
    throw new WsiError('Unavailable', `no connection within ${connectMilliseconds / 1000} s`, {
      where: this.address,
      cause: failure,
      retryable: true,
    });
  }

  /** Forgets the connection and what its name meant. */
  redial(): void {
    this.#client.close();
    this.#client = this.#dial();
  }

  close(): void {
    this.#client.close();
  }
}

/** The error when there is no connection after {@link connectMilliseconds}. */
export function waitUntilConnected(client: {
  waitForReady(deadline: number, callback: (error?: Error) => void): void;
}): Promise<Error | undefined> {
  return new Promise((resolve) => {
    client.waitForReady(Date.now() + connectMilliseconds, resolve);
  });
}

function isLocal(address: string): boolean {
  return address.startsWith('unix:');
}
