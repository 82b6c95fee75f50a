/**
 * A client that asks coordinators for their progress and trusts none of them: what it receives is bounded before it is
 * decoded, and a connection that fails is not dialled again by itself.
 */
import grpc from '@grpc/grpc-js';
import {
  channelOptions,
  coordinatorService,
  type ConnectOptions,
  type CoordinatorClient,
} from './definition.ts';
import { checkReplyBounds, MOST_REPLY_BYTES } from './reply-bounds.ts';

export type StatusClient = grpc.Client & Pick<CoordinatorClient, 'Status'>;

const { Status: status } = coordinatorService as { Status: grpc.MethodDefinition<object, object> };

const Client = grpc.makeGenericClientConstructor(
  {
    Status: {
      ...status,
      responseDeserialize: (bytes: Buffer): object => {
        checkReplyBounds(bytes);
        return status.responseDeserialize(bytes);
      },
    },
  },
  'Coordinator',
);

const OPTIONS: grpc.ChannelOptions = {
  ...channelOptions,
  // Also of what a compressed reply becomes.
  'grpc.max_receive_message_length': MOST_REPLY_BYTES,
  // Mebibytes that a session may hold in all, headers and what is buffered; Node's own limit, which gRPC lifts.
  'grpc-node.max_session_memory': 2,
  'grpc-node.flow_control_window': 65_536,
};

/** @param address `host:port` or `unix:/path`. Connects in the background; the caller closes the client. */
export function connectStatus(
  address: string,
  { credentials = grpc.credentials.createInsecure(), options = {} }: ConnectOptions = {},
): StatusClient {
  return new Client(address, credentials, { ...OPTIONS, ...options }) as unknown as StatusClient;
}

/** Whether a call has failed because the reply was larger than a coordinator's, or is none; not for want of a reply. */
export function isReplyRefused(thrown: unknown): boolean {
  const { code, details = '' } = ((thrown as Error).cause ?? {}) as Partial<grpc.ServiceError>;
  if (code === grpc.status.RESOURCE_EXHAUSTED) return true;
  // gRPC's own words for what a deserializer throws.
  return code === grpc.status.INTERNAL && details.startsWith('Response message parsing error');
}
