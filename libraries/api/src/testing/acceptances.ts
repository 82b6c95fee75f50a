/** Manifests that must be accepted. */
import { OF_FEATURES } from './feature-refusals.ts';
import { WITH_FROZEN } from './frozen-refusals.ts';
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
  { name: 'tissue by otsu', changes: { 'spec.patches.tissue': { method: 'otsu', minimumFraction: 0.5 } } },
  {
    name: 'areas of a pathologist',
    changes: {
      'spec.patches.tissue.annotations': {
        directory: 's3://b1c/areas',
        include: ['Tumor'],
        exclude: ['Fold'],
      },
    },
  },
  {
    name: 'tissue, tuned',
    changes: { 'spec.patches.tissue': { pixelMicrometres: 4, faintestDensity: 0.03, pens: 'keep' } },
  },
  { name: 'folds', changes: { 'spec.cohort.split': { folds: 5, fold: 4, seed: 7 } } },
  {
    name: 'selection within a fold',
    changes: {
      'spec.cohort.split': { folds: 5, fold: 4, validation: 0.2 },
      'spec.training.selection': { metric: 'logLoss', patience: 3 },
    },
  },
  { name: 'split column', changes: { 'spec.cohort.split': { column: 'set' } } },
  { name: 'features', changes: OF_FEATURES },
  { name: 'features of a frozen encoder', changes: { ...OF_FEATURES, 'spec.training.mode': 'frozen' } },
  { name: 'a frozen encoder', changes: WITH_FROZEN },
  {
    name: 'a frozen encoder with parts of an earlier run',
    changes: {
      ...WITH_FROZEN,
      'spec.model.initialFrom': { checkpoint: 'run1', parts: ['aggregator', 'head'] },
    },
  },
  {
    name: 'features with all that needs no pixels',
    changes: {
      ...OF_FEATURES,
      'spec.patches.cacheBytes': '1Gi',
      'spec.model.aggregator': { name: 'mean' },
      'spec.model.initialFrom': { checkpoint: 'run/checkpoints/step-00000010' },
      'spec.training.learningRates': { head: 0.5 },
      'spec.cohort.unreadableSlides': 'skip',
    },
  },
  { name: 'slides skipped', changes: { 'spec.cohort.unreadableSlides': 'skip' } },
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
  {
    name: 'a recipe',
    changes: {
      'spec.training.gradientClipping': 1,
      'spec.training.learningRates': { encoder: 0.1, layerDecay: 0.75 },
      'spec.training.freeze': 2,
      'spec.training.averaging': {},
      'spec.training.labelSmoothing': 0.1,
      'spec.training.classWeights': { method: 'given', weights: { tumour: 2, normal: 0.5 } },
      'spec.training.sampling': 'shuffled',
    },
  },
  { name: 'balanced sampling', changes: { 'spec.training.sampling': 'balanced' } },
  { name: 'cosine', changes: { 'spec.training.schedule': { name: 'cosine', finalFraction: 0.1 } } },
  { name: 'tiny with a tile of 48', changes: { 'spec.model.encoder.name': 'tiny', 'spec.patches.size': 48 } },
  { name: 'instance', changes: { 'spec.model.aggregator.name': 'instance' } },
  { name: 'breslow', base: 'survival', changes: { 'spec.model.head.ties': 'breslow' } },
  { name: 'quantity of a number', changes: { 'spec.patches.cacheBytes': 1048576 } },
  { name: 'generated name', changes: { 'metadata.name': undefined, 'metadata.generateName': 'lung-' } },
  { name: 'longest name', changes: { 'metadata.name': 'a'.repeat(40) } },
  {
    name: 'sidecars, volumes and mounts of its own',
    changes: {
      [containers]: [
        {
          ...trainer,
          env: [
            { name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            { name: 'WSI_TENSORFLOW', value: 'cpu' },
          ],
          volumeMounts: [{ name: 'scratch', mountPath: '/scratch', subPath: 'a' }],
        },
        { name: 'proxy', image: 'x', restartPolicy: 'Always' },
      ],
      'spec.workers.template.spec.initContainers': [{ name: 'fetch', image: 'x', restartPolicy: 'Always' }],
      'spec.workers.template.spec.volumes': [{ name: 'scratch', emptyDir: { sizeLimit: '1Gi' } }],
      'spec.coordinator.template.spec': {
        containers: [{ ...trainer, volumeMounts: [{ name: 'output', mountPath: '/var/lib/wsi/output' }] }],
        volumes: [{ name: 'output', persistentVolumeClaim: { claimName: 'results' } }],
      },
    },
  },
  {
    name: 'templates that only seem to clash',
    changes: {
      'spec.cohort.slides': 's3://cohorts/lung',
      'spec.cohort.s3': { secretName: 'keys' },
      'spec.parameterServers.template.spec.containers': [
        { ...trainer, env: [{ name: 'AWS_SESSION_TOKEN', value: 'x' }] },
      ],
      [containers]: [
        {
          ...trainer,
          env: [{ name: 'AWS_EC2_METADATA_DISABLED', value: 'true' }],
          ports: [{ containerPort: 7070 }],
        },
        {
          name: 'proxy',
          image: 'x',
          env: [{ name: 'AWS_ACCESS_KEY_ID', value: 'x' }],
          ports: [{ containerPort: 7071 }],
        },
      ],
      'spec.workers.template.spec.initContainers': [
        { name: 'fetch', image: 'x', volumeMounts: [{ name: 'wsi-data', mountPath: '/data' }] },
      ],
      'spec.workers.template.metadata': {
        labels: { 'app.kubernetes.io/part-of': 'study', 'example.org/a_b.c': '' },
        annotations: { 'prometheus.io/scrape': 'true' },
      },
    },
  },
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
  {
    name: 'cohort in a bucket',
    changes: {
      'spec.cohort.table': 's3://cohorts/lung/cohort.csv',
      'spec.cohort.slides': 's3://cohorts',
      'spec.cohort.s3': {
        endpoint: 'http://minio.storage.svc:9000',
        insecure: true,
        forcePathStyle: true,
        secretName: 's3',
      },
    },
  },
  { name: 's3 with paths', changes: { 'spec.cohort.s3': { region: 'eu-central-1' } } },
  {
    name: 'weights in a store, aggregator and head of an earlier run',
    changes: {
      'spec.model.encoder': { name: 'resnet18', weights: 's3://models/resnet18.safetensors' },
      'spec.model.initialFrom': { checkpoint: 's3://runs', parts: ['aggregator', 'head'] },
    },
  },
  { name: 'slides below a prefix', changes: { 'spec.cohort.slides': 's3://cohorts/lung/' } },
  {
    name: 'claims',
    changes: { 'spec.storage': { data: { claimName: 'slides' }, output: { claimName: 'runs' } } },
  },
  {
    name: 'output that is made',
    changes: { 'spec.storage.output': { size: '10Gi', storageClassName: 'fast', retain: false } },
  },
  {
    name: 'data at /mnt',
    changes: { 'spec.storage.data': { claimName: 'slides', mountPath: '/mnt/a.b_c-d' } },
  },
  { name: 'Kueue', changes: { 'spec.runPolicy.gang': 'kueue', 'spec.runPolicy.queue': 'research' } },
  { name: "queue of the operator's gang", changes: { 'spec.runPolicy.queue': 'research' } },
  { name: 'managed elsewhere', changes: { 'spec.managedBy': 'kueue.x-k8s.io/multikueue' } },
  { name: 'managed elsewhere, as it was written', changes: { 'spec.runPolicy.managedBy': 'example.org/x' } },
  {
    name: 'a store at an address of IPv6',
    changes: { 'spec.cohort.s3': { endpoint: 'https://[fd00::5]:9000', podPorts: [9000] } },
  },
  ...['http://localhost:9000', 'http://127.0.0.1:9000/', 'http://[::1]:9000'].map((endpoint) => ({
    name: `a store beside its reader, ${endpoint}`,
    changes: { 'spec.cohort.s3': { endpoint } },
  })),
  {
    name: 'a store at a link-local address, on purpose',
    changes: { 'spec.cohort.s3': { endpoint: 'https://169.254.1.1:9000', linkLocal: true } },
  },
  {
    name: 'stores beside link-local addresses',
    changes: { 'spec.cohort.s3': { endpoint: 'https://169.253.169.254.example.org' } },
  },
  {
    name: 'Volcano, its scheduler named',
    changes: { 'spec.runPolicy.gang': 'volcano', 'spec.workers.template.spec': { schedulerName: 'volcano' } },
  },
  { name: 'autoscaling by default', changes: { 'spec.autoscaling': {} } },
  {
    name: 'autoscaling to a deadline',
    changes: {
      'spec.autoscaling': {
        objective: 'deadline',
        deadline: '1h30m',
        minimumWorkers: 2,
        maximumWorkers: 2,
        maximumServers: 4,
        memory: { maximum: '8Gi', headroom: 0.3 },
        stragglers: { replace: false },
      },
    },
  },
  {
    name: 'pod failure policy',
    changes: {
      'spec.runPolicy.podFailurePolicy': {
        rules: [
          { action: 'Ignore', roles: ['worker'], reasons: ['outOfMemory'] },
          { action: 'FailJob', exitCodes: { operator: 'NotIn', values: [0, 137, 143] } },
        ],
      },
    },
  },
  {
    name: 'more of the pod',
    changes: {
      'spec.workers.template.spec': {
        serviceAccountName: 'default',
        hostAliases: [{ ip: '10.0.0.1', hostnames: ['store'] }],
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['10.0.0.10'] },
        resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one-gpu' }],
      },
    },
  },
];
