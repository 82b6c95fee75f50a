/** The job of the suites: short, of many steps, with faults' time in between. */
import { type WsiTrainingJobManifest } from '@wsi-operator/api';
import { COHORT_CLAIM } from './synthetic-cohort.ts';

export interface JobChoices {
  readonly name: string;
  readonly namespace: string;
  readonly workers?: number;
  readonly servers?: number;
  readonly epochs?: number;
  /** Merged over the spec, one level deep. */
  readonly spec?: Partial<WsiTrainingJobManifest['spec']>;
}

/** Sixty steps by default; on a claim that goes with the job. */
export function trainingJob(choices: JobChoices): WsiTrainingJobManifest {
  const { name, namespace, workers = 2, servers = 2, epochs = 20, spec } = choices;
  const resources = { requests: { cpu: '50m', memory: '256Mi' } };
  const template = { spec: { containers: [{ name: 'trainer', resources }] } };
  return {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: 'WsiTrainingJob',
    metadata: { name, namespace },
    spec: {
      cohort: {
        table: 'cohort.csv',
        slides: 'slides',
        outcome: { type: 'classification', column: 'label' },
        split: { column: 'split' },
      },
      patches: { size: 64, level: 0, batch: 5, blockShards: 2 },
      model: {
        encoder: { name: 'tiny' },
        aggregator: { name: 'attention', hidden: 16 },
        head: { name: 'classification', hidden: 8 },
      },
      training: { epochs, slidesPerStep: 2, seed: 3, augmentation: 'flips' },
      coordinator: { template },
      parameterServers: { replicas: servers, template },
      workers: { replicas: workers, template },
      checkpoint: { everySteps: 5, keep: 2 },
      storage: {
        data: { claimName: COHORT_CLAIM },
        output: { size: '1Gi', retain: false },
      },
      ...spec,
    },
  };
}
