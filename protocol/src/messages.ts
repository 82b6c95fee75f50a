/** TypeScript's view of `training.proto`; `messages.test.ts` holds the two together, field by field. */

export interface WorkerMessage {
  hello?: Hello;
  completed?: Completed;
  failed?: Failed;
  heartbeat?: Usage;
  leaving?: Leaving;
  dropped?: Dropped;
}

export interface Hello {
  replica: number;
  instance: string;
  slots: number;
  device: string;
}

export interface Completed {
  task: string;
  generation: number;
  result: TaskResult;
  usage: Usage;
}

export interface Failed {
  task: string;
  generation: number;
  code: string;
  message: string;
  retryable: boolean;
}

export interface Leaving {
  returned: Dropped[];
}

export interface Dropped {
  task: string;
  generation: number;
}

export interface Usage {
  phaseSeconds: Record<string, number>;
  residentBytes: number;
  peakResidentBytes: number;
  tiles: number;
  bytesSent: number;
  bytesReceived: number;
  deviceBytes: number;
  devicePeakBytes: number;
  processorSeconds: number;
}

export interface CoordinatorMessage {
  welcome?: Welcome;
  task?: Task;
  cancel?: { tasks: string[] };
}

export interface Welcome {
  generation: number;
  network: string;
  patches: string;
  batch: number;
  servers: ServerRange[];
  bodyLength: number;
  threads: number;
  cacheBytes: number;
  heartbeatMilliseconds: number;
  versions: number;
  store: string;
}

export interface ServerRange {
  address: string;
  start: number;
  end: number;
}

export interface Task {
  id: string;
  generation: number;
  version: number;
  survey?: { slide: string };
  embed?: EmbedTask;
  gradient?: GradientTask;
}

export interface TileBlock {
  slide: string;
  coordinates: Uint8Array;
  orientationSeed: number;
}

export interface EmbedTask {
  block: TileBlock;
  attention: boolean;
  gather: boolean;
}

export interface GradientTask {
  block: TileBlock;
  step: number;
  leaf: number;
  leaves: number;
  bag?: BagCotangent;
  tiles?: Uint8Array;
}

export interface BagCotangent {
  gradient: Uint8Array;
  embedding: Uint8Array;
  logSumExp: number;
}

export interface TaskResult {
  survey?: SurveyResult;
  embed?: EmbedResult;
  gradient?: Record<string, never>;
}

export interface SurveyResult {
  coordinates: Uint8Array;
  footprintX: number;
  footprintY: number;
  fingerprint: string;
  digest: string;
  width: number;
  height: number;
}

export interface EmbedResult {
  maximum: number;
  sum: number;
  weighted: Uint8Array;
  attention: Uint8Array;
  embeddings: Uint8Array;
}

export type RunPhase =
  'waiting' | 'surveying' | 'training' | 'evaluating' | 'finished' | 'stopping' | 'failed';

export interface StatusReply {
  phase: RunPhase;
  step: number;
  steps: number;
  epoch: number;
  epochs: number;
  tiles: number;
  tilesPerSecond: number;
  etaSeconds: number;
  metrics: Record<string, number>;
  parametersSha256: string;
  checkpointStep: number;
  peakMemoryBytes: Record<string, number>;
  workersConnected: number;
  serversConnected: number;
  message: string;
  fraction: number;
  phaseSeconds: Record<string, number>;
  generation: number;
  elapsedSeconds: number;
  /** Null on the wire until the first step is done. */
  measurement?: Measurement | null;
}

export interface Measurement {
  workload: Workload;
  device: string;
  observations: Observation[];
  window?: Window | null;
  workers: WorkerMeasurement[];
  memory: Record<string, RoleMemory>;
  remainingTiles: number;
  joinSeconds: number;
}

export interface Workload {
  tilesPerStep: number;
  blocksPerStep: number;
  parameterBytes: number;
  patchSize: number;
  batch: number;
}

export interface Observation {
  workers: number;
  servers: number;
  tiles: number;
  steps: number;
  seconds: number;
  phaseSeconds: Record<string, number>;
}

export interface Window {
  workers: number;
  servers: number;
  tiles: number;
  steps: number;
  seconds: number;
  phaseSeconds: Record<string, number>;
  tilesPerSecond: number;
  bytesSent: number;
  bytesReceived: number;
  processorSeconds: number;
}

export interface WorkerMeasurement {
  replica: number;
  instance: string;
  tilesPerSecond: number;
  seconds: number;
  residentBytes: number;
  peakResidentBytes: number;
  deviceBytes: number;
  devicePeakBytes: number;
}

export interface RoleMemory {
  residentBytes: number;
  peakBytes: number;
  deviceBytes: number;
  devicePeakBytes: number;
  peaks: MemoryPeak[];
}

export interface MemoryPeak {
  seconds: number;
  bytes: number;
}

export interface Range {
  start: number;
  end: number;
}

export interface ConfigureRequest {
  generation: number;
  start: number;
  end: number;
  bodyLength: number;
  optimizer: string;
  decay: Range[];
  adoptGeneration: number;
}

export interface ConfigureReply {
  instance: string;
  adopted: boolean;
  newestVersion: number;
  steps: HeldStep[];
}

export interface HeldStep {
  step: number;
  leaves: number[];
}

export interface PingRequest {
  generation: number;
  farewell: boolean;
}

export interface PingReply {
  instance: string;
  generation: number;
  usage: Usage;
  newestVersion: number;
  leaving: boolean;
}

export interface DataChunk {
  offset: number;
  data: Uint8Array;
}

export interface RestoreChunk {
  generation: number;
  version: number;
  tensor: string;
  offset: number;
  data: Uint8Array;
}

export interface SnapshotRequest {
  generation: number;
  version: number;
}

export interface SnapshotChunk {
  tensor: string;
  offset: number;
  data: Uint8Array;
}

export interface PushChunk {
  header?: PushHeader;
  offset: number;
  data: Uint8Array;
}

export type Segment = 'body' | 'head';

export interface PushHeader {
  generation: number;
  step: number;
  segment: Segment;
  leaf: number;
  leaves: number;
  start: number;
  end: number;
}

export interface PullRequest {
  generation: number;
  version: number;
  start: number;
  end: number;
}

export interface CommitRequest {
  generation: number;
  step: number;
  learningRate: number;
  oldestNeeded: number;
  leaves: number;
}
