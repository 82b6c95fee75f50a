/** The job of a storm on a cluster: that of the suites, with steps, checkpoints and patience as in a storm on one machine. */
import type { WsiTrainingJobManifest } from '@wsi-operator/api';
import { trainingJob } from '../suite/training-job.ts';
import { MARKER_VARIABLE, POD_VARIABLE } from './node-reach.ts';
import { LEASE_MILLISECONDS, STORM_TRAINING } from './storm-job.ts';

export const STORM_NAMESPACE = 'wsi-storm';

export interface ClusterStormJobChoices {
  readonly name: string;
  readonly epochs: number;
  readonly workers: number;
  readonly servers: number;
  /** Marks the processes of the storm's pods. */
  readonly marker: string;
}

export function clusterStormJob(choices: ClusterStormJobChoices): WsiTrainingJobManifest {
  const { name, epochs, workers, servers, marker } = choices;
  const env = [
    { name: MARKER_VARIABLE, value: marker },
    { name: POD_VARIABLE, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'WSI_LEASE_MILLISECONDS', value: LEASE_MILLISECONDS },
  ];
  const resources = { requests: { cpu: '50m', memory: '256Mi' } };
  const template = { spec: { containers: [{ name: 'trainer', resources, env }] } };
  return trainingJob({
    ...{ name, namespace: STORM_NAMESPACE, epochs },
    spec: {
      ...STORM_TRAINING,
      training: { epochs, slidesPerStep: 2, seed: 3, augmentation: 'flips', staleness: 1 },
      coordinator: { template },
      parameterServers: { replicas: servers, template },
      workers: { replicas: workers, template },
    },
  });
}
