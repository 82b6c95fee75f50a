/**
 * How a role reaches the others and is reached by them: with mutual TLS where it has certificates. Unix sockets stay
 * without: they never leave the machine, and the permissions of their directory say who may use them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { type Logger, ownText, WsiError } from '@wsi-operator/foundation';
import {
  callUnary,
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
} from '@wsi-operator/protocol';

/**
 * A connection attempt that takes longer is given up, and the name resolved again: packets to the address of a pod
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

/** A parameter server's client, which reconnects when connecting takes too long. */
export class ServerConnection {
  readonly address: string;
  readonly #dial: () => ParameterServerClient;
  readonly #patience: number;
  #client: ParameterServerClient;

  constructor(address: string, dial: () => ParameterServerClient, patience = connectMilliseconds) {
    this.address = address;
    this.#patience = patience;
    this.#dial = dial;
    this.#client = dial();
  }

  get client(): ParameterServerClient {
    return this.#client;
  }

  /** The client once it is connected. @throws WsiError `Unavailable`, retryable, with what the last attempt said */
  async ready(): Promise<ParameterServerClient> {
    const client = this.#client;
    if (await isConnected(client, this.#patience)) return client;
    const problem = await lastError(client.Ping.bind(client), { generation: 0, farewell: false });
    if (client === this.#client) this.redial();
    throw new WsiError('Unavailable', ownText(problem), { where: ownText(this.address), retryable: true });
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

const lookMilliseconds = 20;

/**
 * Waits for a connection, for so long at most; false, too, when the client is closed meanwhile. Looks again and again,
 * because that is what makes grpc-js ask for a name again that was not found: waiting for the state to change does not.
 */
export async function isConnected(
  client: { getChannel(): grpc.ChannelInterface },
  milliseconds = connectMilliseconds,
): Promise<boolean> {
  const channel = client.getChannel();
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === grpc.connectivityState.READY) return true;
    if (state === grpc.connectivityState.SHUTDOWN || performance.now() > deadline) return false;
    await sleep(lookMilliseconds);
  }
}

/** Why there is no connection, by a call that fails: certificates, names and ports are distinguished only there. */
export async function lastError<Request, Reply>(
  method: Parameters<typeof callUnary<Request, Reply>>[0],
  request: Request,
): Promise<string> {
  try {
    await callUnary(method, request, { peer: '', deadlineMilliseconds: 1_000 });
    return 'the connection came too late';
  } catch (error) {
    return error instanceof WsiError && error.cause instanceof Error ? error.cause.message : String(error);
  }
}

function isLocal(address: string): boolean {
  return address.startsWith('unix:');
}
