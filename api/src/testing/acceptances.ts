/** Manifests that must be accepted. */
import type { Refusal } from './manifests.ts';

const trainer = { name: 'trainer' };
const containers = 'spec.workers.template.spec.containers';

/** Variations that must be accepted, each on the classification job unless it names survival. */
export const acceptances: readonly Pick<Refusal, 'name' | 'base' | 'changes'>[] = [
  { name: 'shortest', changes: {} },
  { name: 'shortest survival', base: 'survival', changes: {} },
  { name: 'mpp', changes: { 'spec.patches.mpp': 0.5 } },
  { name: 'level', changes: { 'spec.patches.level': 2 } },
  { name: 'stride', changes: { 'spec.patches.stride': 112 } },
  { name: 'folds', changes: { 'spec.cohort.split': { folds: 5, fold: 4, seed: 7 } } },
  { name: 'split column', changes: { 'spec.cohort.split': { column: 'set' } } },
  { name: 'shares', changes: { 'spec.cohort.split': { test: 0.25, validation: 0.25 } } },
  { name: 'whole numbers for shares', changes: { 'spec.cohort.split': { test: 0, validation: 0 } } },
  { name: 'null for a default', changes: { 'spec.patches': null, 'spec.training': { epochs: null } } },
  { name: 'null for the other form', changes: { 'spec.patches': { mpp: 0.5, level: null } } },
  { name: 'null for an optional field', changes: { 'spec.workers.template': { spec: null } } },
  {
    name: 'sgd with a step schedule',
    changes: {
      'spec.training.optimizer': { name: 'sgd', learningRate: 0.1, momentum: 0.5 },
      'spec.training.schedule': { name: 'step', everySteps: 10, warmupSteps: 5 },
    },
  },
  { name: 'cosine', changes: { 'spec.training.schedule': { name: 'cosine', finalFraction: 0.1 } } },
  { name: 'tiny with a tile of 48', changes: { 'spec.model.encoder.name': 'tiny', 'spec.patches.size': 48 } },
  { name: 'instance', changes: { 'spec.model.aggregator.name': 'instance' } },
  { name: 'breslow', base: 'survival', changes: { 'spec.model.head.ties': 'breslow' } },
  { name: 'quantity of a number', changes: { 'spec.patches.cacheBytes': 1048576 } },
  {
    name: 'pod template',
    changes: {
      [containers]: [
        {
          ...trainer,
          image: 'example/trainer:1',
          resources: { limits: { 'nvidia.com/gpu': 1, memory: '4Gi' }, requests: { cpu: '500m' } },
          imagePullPolicy: 'Always',
        },
        { name: 'sidecar', image: 'x' },
      ],
      'spec.workers.template.spec.tolerations': [{ key: 'gpu', operator: 'Exists' }],
      'spec.workers.template.metadata': { labels: { team: 'pathology' } },
    },
  },
];
