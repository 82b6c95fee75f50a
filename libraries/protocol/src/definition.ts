/** Loads `training.proto`: service definitions for servers, and typed clients. */
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { loaderOptions, protoPath } from './loader-options.ts';
import type {
  CommitRequest,
  MeasureReply,
  MeasureRequest,
  ConfigureReply,
  ConfigureRequest,
  CoordinatorMessage,
  DataChunk,
  PingReply,
  PingRequest,
  PullRequest,
  PushChunk,
  RestoreChunk,
  SnapshotChunk,
  SnapshotRequest,
  StatusReply,
  WorkerMessage,
} from './messages.ts';

const loaded = grpc.loadPackageDefinition(loadSync(protoPath, loaderOptions));

interface LoadedPackage {
  readonly wsi: {
    readonly v1alpha1: {
      readonly Coordinator: grpc.ServiceClientConstructor;
      readonly ParameterServer: grpc.ServiceClientConstructor;
    };
  };
}

const services = (loaded as unknown as LoadedPackage).wsi.v1alpha1;

export const coordinatorService = services.Coordinator.service;
export const parameterServerService = services.ParameterServer.service;

type Callback<Reply> = (error: grpc.ServiceError | null, reply?: Reply) => void;
type Unary<Request, Reply> = (
  request: Request,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  callback: Callback<Reply>,
) => grpc.ClientUnaryCall;
type ClientStream<Chunk, Reply> = (
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  callback: Callback<Reply>,
) => grpc.ClientWritableStream<Chunk>;

export interface CoordinatorClient extends grpc.Client {
  Work(metadata?: grpc.Metadata): grpc.ClientDuplexStream<WorkerMessage, CoordinatorMessage>;
  Status: Unary<object, StatusReply>;
}

export interface ParameterServerClient extends grpc.Client {
  Configure: Unary<ConfigureRequest, ConfigureReply>;
  Restore: ClientStream<RestoreChunk, object>;
  Ping: Unary<PingRequest, PingReply>;
  Push: ClientStream<PushChunk, object>;
  Pull(request: PullRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<DataChunk>;
  Measure: Unary<MeasureRequest, MeasureReply>;
  Commit: Unary<CommitRequest, { version: number }>;
  Snapshot(request: SnapshotRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<SnapshotChunk>;
}

/**
 * Large messages are bounded: a survey of 100,000 tiles is 0.8 MB, a gathered block far less than 64 MiB. Pods come late
 * and come back under other addresses, so names are looked up again soon, and a peer that vanished without a word is
 * noticed by pings.
 */
export const channelOptions: grpc.ChannelOptions = {
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_send_message_length': 64 * 1024 * 1024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // The default of 30 s is how long a replaced pod would stay unreachable.
  'grpc.dns_min_time_between_resolutions_ms': 1_000,
  // Nobody publishes service configs in TXT records here: one query less.
  'grpc.service_config_disable_resolution': 1,
  // Roles talk to each other directly, whatever proxy their environment names for the world outside.
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
};

export interface ConnectOptions {
  /** Without TLS by default. */
  readonly credentials?: grpc.ChannelCredentials;
  /** Over the project's own, e.g. `grpc.ssl_target_name_override` for a client that dials an address. */
  readonly options?: grpc.ChannelOptions;
}

/** @param address `host:port` or `unix:/path`. Connects in the background; the caller closes the client. */
export function connectCoordinator(address: string, options: ConnectOptions = {}): CoordinatorClient {
  return connect(services.Coordinator, address, options) as unknown as CoordinatorClient;
}

/** As {@link connectCoordinator}. */
export function connectParameterServer(address: string, options: ConnectOptions = {}): ParameterServerClient {
  return connect(services.ParameterServer, address, options) as unknown as ParameterServerClient;
}

function connect(
  Service: grpc.ServiceClientConstructor,
  address: string,
  { credentials = grpc.credentials.createInsecure(), options = {} }: ConnectOptions,
): grpc.Client {
  return new Service(address, credentials, { ...channelOptions, ...options });
}
