/** The job of a storm: small, of many short steps, with a checkpoint at every second one. */
import { join } from 'node:path';
import type { WsiTrainingJobManifest } from '@wsi-operator/api';
import { synthesizeCohort, type SynthesisOptions } from '@wsi-operator/cohort';

/** Small enough for a thousand faults in an hour, large enough that a step has many tasks. */
export const STORM_COHORT: Omit<SynthesisOptions, 'output'> = {
  slides: 8,
  width: 384,
  height: 320,
  task: 'cooccurrence',
  seed: 2,
};

export interface StormCohort {
  readonly table: string;
  readonly slides: string;
}

export async function makeStormCohort(directory: string): Promise<StormCohort> {
  const { table } = await synthesizeCohort({ ...STORM_COHORT, output: directory });
  return { table, slides: join(directory, 'slides') };
}

/** Short, so that hung workers lose their leases within a storm; long enough for a machine that is busy. */
export const LEASE_MILLISECONDS = '5000';

export const STORM_TRAINING = {
  patches: { size: 64, level: 0, batch: 5, blockShards: 2 },
  model: {
    encoder: { name: 'tiny' },
    aggregator: { name: 'attention', hidden: 16 },
    head: { name: 'classification', hidden: 8 },
  },
  checkpoint: { everySteps: 2, keep: 3 },
  // What a storm does to a job in a minute, no cluster does in a year.
  runPolicy: { backoffLimit: 1000 },
} as const;

/** @param command of the roles, in place of the trainer's own */
export function stormManifest(
  name: string,
  { table, slides }: StormCohort,
  epochs: number,
  command?: readonly string[],
): WsiTrainingJobManifest {
  const template =
    command === undefined
      ? {}
      : { template: { spec: { containers: [{ name: 'trainer', command: [...command] }] } } };
  return {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: 'WsiTrainingJob',
    metadata: { name },
    spec: {
      cohort: {
        ...{ table, slides },
        outcome: { type: 'classification', column: 'label' },
        split: { column: 'split' },
      },
      ...STORM_TRAINING,
      training: { epochs, slidesPerStep: 2, seed: 3, augmentation: 'flips', staleness: 1 },
      coordinator: { ...template },
      parameterServers: { replicas: 1, ...template },
      workers: { replicas: 1, ...template },
    },
  };
}
