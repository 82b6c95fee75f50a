export { callClientStream, callUnary, fromServiceError, readServerStream, toServiceError } from './calls.ts';
export {
  channelOptions,
  connectCoordinator,
  connectParameterServer,
  coordinatorService,
  parameterServerService,
  protoPath,
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
export type * from './messages.ts';
export { listen, type ListeningServer } from './listen.ts';
