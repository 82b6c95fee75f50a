export {
  inClusterAccess,
  kubeConfigAccess,
  type Credentials,
  type ServerAccess,
  type Tls,
} from './access.ts';
export { ASSIGNING_API, assignsUsers } from './assigned-users.ts';
export { ApiClient, type ApiClientOptions, type DeleteOptions, type WatchOptions } from './api-client.ts';
export type { Selection } from './api-call.ts';
export { ApiError, type ApiErrorDetails } from './api-error.ts';
export type { CallOptions, RequestInfo } from './http-client.ts';
export {
  apiVersionOf,
  keyOf,
  objectKey,
  resourcePath,
  type KubernetesObject,
  type ObjectMeta,
  type ObjectReference,
  type OwnerReference,
  type Resource,
  type Status,
  type StatusCause,
  type WithMetadata,
} from './objects.ts';
export { WorkQueue, type QueueOptions } from './queue.ts';
export { backOff, TokenBucket } from './rate-limit.ts';
export type { WatchEvent } from './watch-stream.ts';
export { Informer, type InformerEvent, type InformerOptions } from './informer.ts';
export { ObjectCache, type CacheChange, type Indexer } from './object-cache.ts';
export { LeaderElector, type LeaderElectorOptions } from './leader-elector.ts';
export { EventRecorder, type EventRecorderOptions, type EventText } from './event-recorder.ts';
