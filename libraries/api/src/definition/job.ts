/**
 * `WsiTrainingJob`: the whole, put together. Types, defaults, checks, CRD and reference page all come from here.
 *
 *     fields (one file a part, built by schema/build.ts) -> spec --+--> TypeScript types (`ManifestOf`, `JobOf`)
 *     rules over several fields (CEL, rules.ts) -------------------+--> validate() and defaults; CRD; docs/reference
 *
 * A field is `required`, `optional` (may be absent for good) or `defaulted` (never absent once defaults are applied): so a
 * manifest, as a user writes it, and a job, as the code reads it, are two types of one definition.
 */
import { defaulted, flag, object, optional, required, text } from '../schema/build.ts';
import type { JobOf, ManifestOf } from '../schema/types.ts';
import { autoscaling } from './autoscaling.ts';
import { cohort } from './cohort.ts';
import { model } from './model.ts';
import { patches } from './patches.ts';
import { coordinator, parameterServers, workers } from './roles.ts';
import { specRules } from './rules.ts';
import { checkpoint, managedBy, runPolicy } from './run-policy.ts';
import { status } from './status.ts';
import { storage } from './storage.ts';
import { training } from './training.ts';

export const GROUP = 'wsi.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;
export const KIND = 'WsiTrainingJob';
export const PLURAL = 'wsitrainingjobs';

/** Names of pods and host names (`NAME-parameter-server-999`) must fit a DNS label of 63 characters. */
export const LONGEST_JOB_NAME = 40;

export const jobName = text('Name of the job.', {
  maxLength: LONGEST_JOB_NAME,
  pattern: {
    expression: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    means: 'lower-case letters, digits and -, beginning with a letter and ending with a letter or digit',
  },
});

/** What the API server adds to `generateName`; the whole must be a name. */
export const GENERATED_CHARACTERS = 5;

export const generateName = text('Beginning of a name that the API server completes.', {
  maxLength: LONGEST_JOB_NAME - GENERATED_CHARACTERS,
  pattern: {
    expression: '^[a-z][-a-z0-9]*$',
    means: 'lower-case letters, digits and -, beginning with a letter; the API server adds five characters',
  },
});

export const spec = object(
  'What to train, on which data, and with which resources.',
  {
    cohort: required(cohort),
    patches: defaulted(patches, {}),
    model: required(model),
    training: defaulted(training, {}),
    coordinator: defaulted(coordinator, {}),
    parameterServers: defaulted(parameterServers, {}),
    workers: defaulted(workers, {}),
    checkpoint: defaulted(checkpoint, {}),
    storage: defaulted(storage, {}),
    autoscaling: optional(autoscaling),
    runPolicy: defaulted(runPolicy, {}),
    managedBy: optional(managedBy),
    suspend: defaulted(flag('Stops every pod after a checkpoint; false again continues from it.'), false),
  },
  { rules: specRules },
);

export { status };

export type WsiTrainingJobSpec = JobOf<typeof spec>;
export type WsiTrainingJobSpecManifest = ManifestOf<typeof spec>;
export type WsiTrainingJobStatus = JobOf<typeof status>;

/** The part of Kubernetes' ObjectMeta that concerns a job. */
export interface JobMetadata {
  readonly name: string;
  /** Then `name` stands for it until the API server has completed it. */
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

/** A job as a user writes it. */
export interface WsiTrainingJobManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: JobMetadata;
  readonly spec: WsiTrainingJobSpecManifest;
  readonly status?: WsiTrainingJobStatus;
}

/** A job after defaults: every field that has a default is there. */
export interface WsiTrainingJob {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: JobMetadata;
  readonly spec: WsiTrainingJobSpec;
  readonly status?: WsiTrainingJobStatus;
}

export type { RoleField } from './role-fields.ts';
export type PodTemplate = WsiTrainingJobSpec['workers']['template'];
export type RoleStatus = NonNullable<WsiTrainingJobStatus['workers']>;
export type JobCondition = NonNullable<WsiTrainingJobStatus['conditions']>[number];
export type JobProgress = NonNullable<WsiTrainingJobStatus['progress']>;
export type AutoscalingStatus = NonNullable<WsiTrainingJobStatus['autoscaling']>;
export type JobPhase = NonNullable<WsiTrainingJobStatus['phase']>;
export type ConditionType = JobCondition['type'];
