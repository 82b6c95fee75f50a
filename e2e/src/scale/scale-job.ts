/** A job whose pods are put on nodes that only pretend to run them. */
import type { WsiTrainingJobManifest } from '@wsi-operator/api';
import { FAKE_NODE } from '@wsi-operator/cluster';

/** One coordinator, one server, and workers for the rest. */
export function scaleJob(name: string, namespace: string, pods: number): WsiTrainingJobManifest {
  const template = {
    spec: {
      nodeSelector: { [FAKE_NODE.key]: FAKE_NODE.value },
      tolerations: [{ key: FAKE_NODE.key, operator: 'Exists' }],
      containers: [{ name: 'trainer', resources: { requests: { cpu: '100m', memory: '128Mi' } } }],
    },
  };
  return {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: 'WsiTrainingJob',
    metadata: { name, namespace },
    spec: {
      cohort: {
        table: 'cohort.csv',
        slides: 'slides',
        outcome: { type: 'classification', column: 'label' },
      },
      patches: { size: 64, level: 0 },
      model: {
        encoder: { name: 'tiny' },
        aggregator: { name: 'attention', hidden: 16 },
        head: { name: 'classification', hidden: 8 },
      },
      training: { epochs: 10, slidesPerStep: 2, seed: 3 },
      coordinator: { template },
      parameterServers: { replicas: 1, template },
      workers: { replicas: pods - 2, template },
    },
  };
}
