/**
 * What the reconciler needs of a cluster. Two implementations: `local` (processes and directories on this machine) and
 * `kubernetes`; the plan does not know which it talks to. Objects are Kubernetes' own, as on the wire.
 */
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
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
  /** Absent until the first step is done. */
  readonly measurement?: TrainingMeasurement;
}

/** What the coordinator measured: counters and sums, no decision. See `Measurement` in the protocol. */
export interface TrainingMeasurement {
  /** The autoscaler's `Workload`. */
  readonly workload: {
    readonly tilesPerStep: number;
    readonly blocksPerStep: number;
    readonly parameterBytes: number;
    readonly patchSize: number;
    readonly batch: number;
  };
  /** `cpu` or `gpu`. */
  readonly device: string;
  /** One a size, kept by the autoscaler's `withObservation()`; restored from the checkpoint. */
  readonly observations: readonly MeasuredWindow[];
  /** The newest window that is closed. */
  readonly window?: MeasuredWindow & {
    readonly tilesPerSecond: number;
    readonly bytesSent: number;
    readonly bytesReceived: number;
    /** Time on processors, of all workers' threads. */
    readonly processorSeconds: number;
  };
  /** Connected now. */
  readonly workers: readonly MeasuredWorker[];
  /** By role: `coordinator`, `server`, `worker`. */
  readonly memory: Readonly<Record<string, MeasuredMemory>>;
  /** Of training and evaluations, not done yet. */
  readonly remainingTiles: number;
  /** Between a worker's joining and its first completed task, mean of the newest; 0: not known. */
  readonly joinSeconds: number;
}

export interface MeasuredWindow {
  readonly workers: number;
  readonly servers: number;
  readonly tiles: number;
  readonly steps: number;
  readonly seconds: number;
  /** Summed over the workers: about workers * seconds in all. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
}

export interface MeasuredWorker {
  readonly replica: number;
  readonly instance: string;
  /** While it computes; 0: not known. */
  readonly tilesPerSecond: number;
  /** Of computation, that the rate was measured over. */
  readonly seconds: number;
  readonly residentBytes: number;
  readonly peakResidentBytes: number;
  readonly deviceBytes: number;
  readonly devicePeakBytes: number;
}

/** The largest of a role's processes. */
export interface MeasuredMemory {
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly deviceBytes: number;
  readonly devicePeakBytes: number;
  /** Recent peaks, oldest first; seconds since the coordinator started. */
  readonly peaks: readonly { readonly seconds: number; readonly bytes: number }[];
}

/** Who starts all pods of a job together or none; the job's `runPolicy.gang`. */
export type GangName = 'kueue' | 'volcano' | 'coscheduling' | 'native';

/** Everything about one job at one moment. */
export interface Observed {
  readonly pods: readonly V1Pod[];
  /**
   * Everything else that the job owns (or, like a claim that outlives it, that carries its labels): ConfigMap, Service,
   * PersistentVolumeClaim, NetworkPolicy, PodDisruptionBudget, the gangs' objects. Never Secrets.
   */
  readonly objects: readonly KubernetesObject[];
  /** Absent while the coordinator does not answer. */
  readonly progress?: TrainingProgress;
  /** The job's Secret with certificates; absent: there is none. */
  readonly certificates?: {
    /** End of the validity of the certificate that expires first, ISO 8601. */
    readonly notAfter: string;
  };
  /** Gang APIs that the server has. */
  readonly gangs: readonly GangName[];
  /** What the API server refused in the last pass: the reason why something wanted is not there. */
  readonly refusals?: readonly Refusal[];
  /** Of an earlier job that is like this one; asked for only while the job has no model of its own. */
  readonly earlierModel?: EarlierModel;
  /** What is wrong with a stored spec that does not pass validation; then only metadata and status are to be trusted. */
  readonly invalid?: string;
}

export interface EarlierModel {
  /** The job that it was measured on. */
  readonly job: string;
  /** JSON, see `serialiseModel`; perhaps torn. */
  readonly model: string;
}

export interface Refusal {
  /** What could not be done, such as `create pod lung-worker-0`. */
  readonly what: string;
  /** In the words of the API server. */
  readonly message: string;
}

/** What the administrator chose for all jobs. */
export interface ClusterSettings {
  /** Image of a trainer container whose template names none. */
  readonly trainerImage: string;
  readonly imagePullPolicy?: string;
  /** Names of Secrets, added to those of the templates. */
  readonly imagePullSecrets: readonly string[];
  /** Mutual TLS between the roles, with certificates for each job. */
  readonly certificates: boolean;
  /** Pods conform to the Restricted Pod Security Standard unless their template says otherwise. */
  readonly restricted: boolean;
  readonly networkPolicy: boolean;
  readonly disruptionBudget: boolean;
  /** Where the operator runs and what its pods are labelled with: it asks coordinators for their progress. */
  readonly operatorNamespace?: string;
  readonly operatorLabels?: Readonly<Record<string, string>>;
  /** The output directory outlives the pods whatever the job says: on this machine it is a directory of the user's. */
  readonly outputPersists?: boolean;
  /** Progress is asked for and written to the status so often at most. */
  readonly progressIntervalMilliseconds: number;
  /** A running job of which nothing is heard is looked at again after this time: on this machine nobody calls. */
  readonly resyncMilliseconds: number;
  /** For jobs that do not say. */
  readonly defaultGang: 'none' | GangName;
  readonly defaultQueue?: string;
  /** Scheduler that runs the coscheduling plug-in; a template's own goes before it. */
  readonly coschedulingSchedulerName?: string;
}

export const DEFAULT_TRAINER_IMAGE = 'wsi-operator/trainer:0.1.0';

/** On a cluster, unless the administrator chose otherwise. */
export const DEFAULT_SETTINGS: ClusterSettings = {
  trainerImage: DEFAULT_TRAINER_IMAGE,
  imagePullSecrets: [],
  certificates: true,
  restricted: true,
  networkPolicy: true,
  disruptionBudget: true,
  progressIntervalMilliseconds: 10_000,
  resyncMilliseconds: 300_000,
  defaultGang: 'none',
};

/** On this machine: processes of one user, which talk over sockets that nobody else can open. */
export const LOCAL_SETTINGS: ClusterSettings = {
  ...DEFAULT_SETTINGS,
  certificates: false,
  restricted: false,
  networkPolicy: false,
  disruptionBudget: false,
  outputPersists: true,
  progressIntervalMilliseconds: 1_000,
  resyncMilliseconds: 1_000,
};

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
