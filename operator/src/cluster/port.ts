/**
 * What the reconciler needs of a cluster. Two implementations: `local` (processes and directories on this machine) and
 * `kubernetes`; the plan does not know which it talks to. Objects are Kubernetes' own, as on the wire.
 */
import type { KubernetesObject, V1NetworkPolicy, V1Pod } from '../kubernetes-types.ts';
import {
  DEFAULT_ISOLATION,
  type GangName,
  type IsolationSettings,
  type WsiTrainingJob,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';
import type { Action, PlanEvent } from '../plan/actions.ts';
import type { TrainingProgress } from '../progress/training-progress.ts';

export type {
  MeasuredMemory,
  MeasuredWindow,
  MeasuredWorker,
  TrainingMeasurement,
  TrainingProgress,
} from '../progress/training-progress.ts';

/** `NAMESPACE/NAME` of a job. The queue holds keys, never objects: the world is read fresh each time. */
export type JobKey = string;

/** Everything about one job at one moment. */
export interface Observed {
  readonly pods: readonly V1Pod[];
  /** The last that was seen of pods that somebody else has removed: an operator that is started anew knows of none. */
  readonly gone?: readonly V1Pod[];
  /**
   * For how long pods (and those that are gone) have been seen as they are now, by uid: milliseconds of the operator's own
   * steady clock, since times in pods are of other clocks.
   */
  readonly seenFor?: ReadonlyMap<string, number>;
  /**
   * Everything else that the job owns (or, like a claim that outlives it, that carries its labels): ConfigMap, Service,
   * PersistentVolumeClaim, NetworkPolicy, PodDisruptionBudget, the gangs' objects. Never Secrets.
   */
  readonly objects: readonly KubernetesObject[];
  /** Absent while the coordinator does not answer. */
  readonly progress?: TrainingProgress;
  /** Step of the checkpoint that a coordinator wrote when it was stopped: nobody may have asked it since. */
  readonly checkpointLeft?: number;
  /** For how long a coordinator that runs has not answered, in milliseconds. */
  readonly silentFor?: number;
  /** A coordinator that runs has answered last with what no coordinator says: it was not taken. */
  readonly answerRefused?: boolean;
  /** The job's Secret with certificates; absent: there is none. */
  readonly certificates?: {
    /** End of the validity of the certificate that expires first, ISO 8601. */
    readonly notAfter: string;
  };
  /** Gang APIs that the server has. */
  readonly gangs: readonly GangName[];
  /** What the API server refused in the last pass: the reason why something wanted is not there. */
  readonly refusals?: readonly Refusal[];
  /** Objects that somebody else changes or deletes again and again, such as `ConfigMap lung-job`. */
  readonly contested?: readonly string[];
  /** Names of pods that would pass for the job's and were not made for it. */
  readonly foreignPods?: readonly string[];
  /** Of an earlier job that is like this one; asked for only while the job has no model of its own. */
  readonly earlierModel?: EarlierModel;
  /** What is wrong with a stored spec that does not pass validation; then only metadata and status are to be trusted. */
  readonly invalid?: string;
  /** The job could not be looked at, or planned for, by a fault of the operator's own; of what kind. */
  readonly fault?: string;
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

/** `fixed`: user and group of the image; `platform`: none is named, so that the platform may choose. */
export type PodIdentity = 'fixed' | 'platform';

export type EgressRule = NonNullable<NonNullable<V1NetworkPolicy['spec']>['egress']>[number];

/** What the administrator chose for all jobs. */
export interface ClusterSettings {
  /** Image of a trainer container whose template names none. */
  readonly trainerImage: string;
  readonly imagePullPolicy?: string;
  /** Names of Secrets, added to those of the templates. */
  readonly imagePullSecrets: readonly string[];
  /** Mutual TLS between the roles, with certificates for each job. */
  readonly certificates: boolean;
  /** What the Pod Security Standard restricted asks for is set where a template says nothing; see `isolation`. */
  readonly restricted: boolean;
  /** Whether restricted pods run as the image's user or as the one that the platform assigns (OpenShift). */
  readonly podIdentity: PodIdentity;
  /** What templates may ask for; undefined: whatever they like, as on this machine, where they are processes. */
  readonly isolation?: IsolationSettings;
  readonly networkPolicy: boolean;
  /** Ports of name servers, as their pods have them. */
  readonly dnsPorts: readonly number[];
  /** What every job's policy lets out besides: `egress` of a NetworkPolicy. */
  readonly policyEgress: readonly EgressRule[];
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

/** No registry has it: on a cluster the administrator names the one that it was copied to. */
export const DEFAULT_TRAINER_IMAGE = 'REGISTRY/wsi-operator/trainer:0.1.0';

/** On a cluster, unless the administrator chose otherwise. */
export const DEFAULT_SETTINGS: ClusterSettings = {
  trainerImage: DEFAULT_TRAINER_IMAGE,
  imagePullSecrets: [],
  certificates: true,
  restricted: true,
  podIdentity: 'fixed',
  isolation: DEFAULT_ISOLATION,
  networkPolicy: true,
  dnsPorts: [53, 5353],
  policyEgress: [],
  disruptionBudget: true,
  progressIntervalMilliseconds: 10_000,
  resyncMilliseconds: 300_000,
  defaultGang: 'none',
};

const { isolation: _ofClusters, ...withoutIsolation } = DEFAULT_SETTINGS;

/** On this machine: processes of one user, which talk over sockets that nobody else can open. */
export const LOCAL_SETTINGS: ClusterSettings = {
  ...withoutIsolation,
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
  /** Idempotent; a failure is a WsiError and the action is planned again from a fresh observation. */
  apply(key: JobKey, action: Action): Promise<void>;
  writeStatus(key: JobKey, status: WsiTrainingJobStatus): Promise<void>;
  emit(key: JobKey, events: readonly PlanEvent[]): Promise<void>;
  /** Yields a key whenever something about that job may have changed, until the signal is aborted. */
  watch(signal: AbortSignal): AsyncIterable<JobKey>;
}
