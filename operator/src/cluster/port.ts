/**
 * What the reconciler needs of a cluster. Two implementations are planned for: `local` (processes and directories on
 * this machine) and a Kubernetes one; the plan does not know which it talks to. Objects are Kubernetes' own.
 */
import type { V1ConfigMap, V1Pod, V1Service } from '../kubernetes-types.ts';
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi/api';
import type { Action, PlanEvent } from '../plan/actions.ts';

/** `NAMESPACE/NAME` of a job. The queue holds keys, never objects: the world is read fresh each time. */
export type JobKey = string;

/** What the coordinator says of itself; see `StatusReply` in the protocol. */
export interface TrainingProgress {
  readonly phase: string;
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly epochs: number;
  /** Of the present phase, 0 to 1. */
  readonly fraction: number;
  readonly tiles: number;
  readonly tilesPerSecond: number;
  readonly etaSeconds?: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Empty until there are parameters. */
  readonly parametersSha256: string;
  /** 0: none yet. */
  readonly checkpointStep: number;
  /** Bytes, by role. */
  readonly peakMemoryBytes: Readonly<Record<string, number>>;
  readonly workersConnected: number;
  readonly message: string;
}

/** Everything about one job at one moment. */
export interface Observed {
  readonly pods: readonly V1Pod[];
  readonly services: readonly V1Service[];
  readonly configMaps: readonly V1ConfigMap[];
  /** Absent while the coordinator does not answer. */
  readonly progress?: TrainingProgress;
}

export interface ObservedJob {
  readonly job: WsiTrainingJob;
  readonly observed: Observed;
}

/** Where progress comes from: the coordinator's gRPC `Status`, or a script in a test. */
export interface ProgressSource {
  /** @param address of the coordinator; undefined is returned when it does not answer (it may be starting) */
  read(address: string): Promise<TrainingProgress | undefined>;
  close(): void;
}

export interface Cluster {
  /** Undefined when the job is gone. */
  observe(key: JobKey): Promise<ObservedJob | undefined>;
  /** Idempotent; a failure is a WsiError and the action is planned again from a fresh look. */
  apply(key: JobKey, action: Action): Promise<void>;
  writeStatus(key: JobKey, status: WsiTrainingJobStatus): Promise<void>;
  emit(key: JobKey, events: readonly PlanEvent[]): Promise<void>;
  /** Yields a key whenever something about that job may have changed, until the signal is aborted. */
  watch(signal: AbortSignal): AsyncIterable<JobKey>;
}
