export { callClientStream, callUnary, fromServiceError, readServerStream, toServiceError } from './calls.ts';
export {
  channelOptions,
  connectCoordinator,
  connectParameterServer,
  coordinatorService,
  parameterServerService,
  type ConnectOptions,
  type CoordinatorClient,
  type ParameterServerClient,
} from './definition.ts';
export {
  bytesOf,
  chunkBytes,
  float32From,
  float64From,
  floatChunks,
  int32From,
  placeChunk,
  requireLittleEndian,
} from './floats.ts';
export { protoPath } from './loader-options.ts';
export type * from './messages.ts';
export { listen, type ListeningServer, type ListenOptions, type ServicePart } from './listen.ts';
export type { MethodCallers } from './peers.ts';
export { checkReplyBounds, MOST_REPLY_BYTES, MOST_REPLY_FIELDS } from './reply-bounds.ts';
export { connectStatus, isReplyRefused, type StatusClient } from './status-client.ts';
export {
  channelCredentials,
  peerRoles,
  readTlsPem,
  serverCredentials,
  type PeerRole,
  type TlsPem,
} from './tls.ts';
