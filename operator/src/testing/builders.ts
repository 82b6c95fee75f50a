/** Jobs and pods for tests, with everything that a test does not care about filled in. */
import type { V1Pod } from '../kubernetes-types.ts';
import { autoscalingDefaults, type WsiTrainingJob, type WsiTrainingJobStatus } from '@wsi-operator/api';
import { LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { Observed } from '../plan/observed.ts';
import type { TrainingProgress } from '../plan/training-progress.ts';
import type { Slot } from '../job/names.ts';
import { desiredObjects } from '../plan/owned-objects.ts';
import { buildPod } from '../objects/pods.ts';

export interface JobChoices {
  readonly workers?: number;
  readonly servers?: number;
  readonly suspend?: boolean;
  /** Fields that are given; the others have their defaults. */
  readonly autoscaling?: object;
  readonly runPolicy?: Partial<WsiTrainingJob['spec']['runPolicy']>;
  readonly status?: WsiTrainingJobStatus;
  readonly cohort?: Partial<WsiTrainingJob['spec']['cohort']>;
  readonly storage?: WsiTrainingJob['spec']['storage'];
  readonly templates?: Partial<Record<'coordinator' | 'server' | 'worker', unknown>>;
}

export function buildJob(choices: JobChoices = {}): WsiTrainingJob {
  const template = (role: 'coordinator' | 'server' | 'worker'): never =>
    (choices.templates?.[role] ?? {}) as never;
  const spec = {
    cohort: {
      table: '/data/cohort.csv',
      slides: '/data/slides',
      bag: 'patient',
      outcome: { type: 'classification', column: 'label' },
      split: { seed: 0, validation: 0 },
      ...choices.cohort,
    },
    patches: { size: 224, level: 0, batch: 16, blockShards: 4, cacheBytes: '32Mi', tissue: {} },
    model: { encoder: { name: 'tiny' }, aggregator: { name: 'attention', hidden: 64 } },
    training: { mode: 'endToEnd', epochs: 1, seed: 1, threads: 1 },
    coordinator: { template: template('coordinator') },
    parameterServers: { replicas: choices.servers ?? 1, template: template('server') },
    workers: { replicas: choices.workers ?? 2, template: template('worker') },
    checkpoint: { everySteps: 10, keep: 3 },
    storage: choices.storage ?? {},
    runPolicy: { backoffLimit: 3, cleanPodPolicy: 'All', ...choices.runPolicy },
    suspend: choices.suspend ?? false,
    ...(choices.autoscaling === undefined ? {} : { autoscaling: autoscalingOf(choices.autoscaling) }),
  };
  return {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: 'WsiTrainingJob',
    metadata: { name: 'lung', namespace: 'default', uid: 'job-uid', generation: 1 },
    // Plans read no more of the numerics than their digest.
    spec: spec as unknown as WsiTrainingJob['spec'],
    ...(choices.status === undefined ? {} : { status: choices.status }),
  };
}

function autoscalingOf(given: object): object {
  return { ...autoscalingDefaults(), ...given };
}

const FAR = Date.UTC(2100, 0);

export interface PodChoices {
  readonly uid?: string;
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly leaving?: boolean;
  /** When it is to be gone; by default so late that it does not count as lost. */
  readonly leavingAt?: number;
}

export function pod(
  job: WsiTrainingJob,
  slot: Slot,
  choices: PodChoices = {},
  settings: ClusterSettings = LOCAL_SETTINGS,
): V1Pod {
  const built = buildPod(job, slot, settings);
  const uid = choices.uid ?? `${slot.role}-${slot.index}-uid`;
  const phase = choices.phase ?? (choices.exitCode === undefined ? 'Running' : 'Failed');
  const terminated = {
    exitCode: choices.exitCode ?? 0,
    startedAt: new Date(choices.startedAt ?? 0).toISOString(),
    finishedAt: new Date(choices.finishedAt ?? 0).toISOString(),
    ...(choices.reason === undefined ? {} : { reason: choices.reason }),
    ...(choices.message === undefined ? {} : { message: choices.message }),
  };
  const ended = phase === 'Succeeded' || phase === 'Failed';
  return {
    ...built,
    metadata: {
      ...built.metadata,
      uid,
      ...(choices.leaving === true
        ? { deletionTimestamp: new Date(choices.leavingAt ?? FAR).toISOString() }
        : {}),
    },
    status: {
      phase,
      ...(ended
        ? {
            containerStatuses: [
              {
                name: 'trainer',
                image: '',
                imageID: '',
                ready: false,
                restartCount: 0,
                state: { terminated },
              },
            ],
          }
        : {}),
    },
  };
}

export function seen(pods: readonly V1Pod[], progress?: TrainingProgress): Observed {
  return { pods, objects: [], gangs: [], ...(progress === undefined ? {} : { progress }) };
}

/** The same in a cluster that has all that the job's pods need: objects and certificates. */
export function ready(
  job: WsiTrainingJob,
  observed: Observed,
  settings: ClusterSettings = LOCAL_SETTINGS,
): Observed {
  const workers = job.spec.workers.replicas;
  const objects = desiredObjects(job, settings, 1 + job.spec.parameterServers.replicas + workers);
  return {
    ...observed,
    objects: [...objects, ...observed.objects],
    ...(settings.certificates ? { certificates: { notAfter: new Date(FAR).toISOString() } } : {}),
  };
}

export function progressAt(step: number): TrainingProgress {
  return {
    phase: 'training',
    step,
    steps: 100,
    epoch: 0,
    epochs: 1,
    fraction: step / 100,
    tiles: step * 64,
    tilesPerSecond: 50,
    metrics: { loss: 0.5 },
    parametersSha256: 'a'.repeat(64),
    checkpointStep: 0,
    peakMemoryBytes: { worker: 1000 },
    workersConnected: 2,
    message: '',
  };
}
