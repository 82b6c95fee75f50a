/** What the administrator chose for all jobs, and what holds where nothing was chosen. */
import { DEFAULT_ISOLATION, type GangName, type IsolationSettings } from '@wsi-operator/api';
import type { V1NetworkPolicy } from '../kubernetes-types.ts';

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
  /** A running job of which nothing is heard is read again after this time: on this machine nobody calls. */
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
