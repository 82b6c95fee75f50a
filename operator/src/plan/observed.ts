/** What a plan is made from besides the job: what is there now. Objects are Kubernetes' own, as on the wire. */
import type { GangName } from '@wsi-operator/api';
import type { EarlierModel } from '../autoscaling/index.ts';
import type { Refusal } from '../job/actions.ts';
import type { ObservedPods } from '../job/snapshot.ts';
import type { KubernetesObject } from '../kubernetes-types.ts';
import type { TrainingProgress } from './training-progress.ts';

/** Everything about one job at one moment. */
export interface Observed extends ObservedPods {
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
  /** What the API server refused in the last pass: the reason why something desired is not there. */
  readonly refusals?: readonly Refusal[];
  /** Objects that somebody else changes or deletes again and again, such as `ConfigMap lung-job`. */
  readonly contested?: readonly string[];
  /** Names of pods that would pass for the job's and were not made for it. */
  readonly foreignPods?: readonly string[];
  /** Of an earlier job that is like this one; asked for only while the job has no model of its own. */
  readonly earlierModel?: EarlierModel;
  /** What is wrong with a stored spec that does not pass validation; then only metadata and status are to be trusted. */
  readonly invalid?: string;
  /** The job could not be observed, or planned for, by a fault of the operator's own; of what kind. */
  readonly fault?: string;
}
