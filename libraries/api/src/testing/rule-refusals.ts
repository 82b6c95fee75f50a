/** Manifests with one fault each, against a rule over several fields. The API server finds the same. */
import type { Refusal } from './manifests.ts';
import { featureRefusals } from './feature-refusals.ts';
import { frozenRefusals } from './frozen-refusals.ts';
import { modelRefusals } from './model-refusals.ts';

export const ruleRefusals: readonly Refusal[] = [
  ...featureRefusals,
  ...frozenRefusals,
  // Variants and forms.
  {
    name: 'mpp and level',
    changes: { 'spec.patches.mpp': 0.5, 'spec.patches.level': 0 },
    path: 'spec.patches.level',
    says: 'level cannot be combined with mpp',
  },
  {
    name: 'micrometres for otsu',
    changes: { 'spec.patches.tissue': { method: 'otsu', closedGapMicrometres: 8 } },
    path: 'spec.patches.tissue.closedGapMicrometres',
    says: 'closedGapMicrometres is only for method density',
  },
  {
    name: 'a class taken and left out',
    changes: { 'spec.patches.tissue.annotations': { directory: 'a', include: ['x'], exclude: ['x'] } },
    path: 'spec.patches.tissue.annotations.exclude',
    says: 'a class cannot be in both include and exclude',
  },
  {
    name: 'a change of colours that changes nothing',
    changes: { 'spec.training.augmentations': { colour: { per: 'slide' } } },
    path: 'spec.training.augmentations.colour.brightness',
    says: 'colour must give at least one of brightness, contrast, saturation and hue',
    remedy: 'brightness: 0.1',
  },
  {
    name: 'annotations elsewhere',
    changes: { 'spec.patches.tissue.annotations.directory': 'https://example.org/areas' },
    path: 'spec.patches.tissue.annotations.directory',
    says: 'directory must be a path, s3://BUCKET or s3://BUCKET/PREFIX',
  },
  // Where a store may be.
  ...[
    ...['http://minio.storage.svc:9000', 'http://10.1.2.3', 'http://[fd00::5]:9000'],
    ...['http://localhost.example.org', 'http://127.0.0.1.example.org:9000/', 'http://[::11]'],
  ].map((endpoint): Refusal => ({
    name: `a store without encryption, ${endpoint}`,
    changes: { 'spec.cohort.s3': { endpoint, linkLocal: true } },
    path: 'spec.cohort.s3.endpoint',
    says: 'endpoint must be https:// unless insecure is true',
    remedy: 'insecure: true',
  })),
  ...[
    ...[
      '169.254.169.254',
      '100.100.100.200:80',
      '168.63.129.16',
      '192.0.0.192/',
      '[fe80::1]',
      '[FEBF::1]:9000',
    ],
    ...['[fd00:ec2::254]', '[fd00:0EC2:0::23]', '[fd20:ce::254]', '[fd20:00ce:0:0:0:0:0:254]'],
    ...['[::ffff:169.254.169.254]', '[0:0:0:0:0:FFFF:A9FE:1]', '[::ffff:6464:64c8]', '[::a9fe:a9fe]'],
    ...['[64:ff9b::a9fe:a9fe]:80', '[64:ff9b:1::169.254.1.1]', '[2002:a9fe:a9fe::1]', '[::ffff:c000:00c0]'],
  ].map((host): Refusal => ({
    name: `a store at a link-local address, ${host}`,
    changes: { 'spec.cohort.s3': { endpoint: `http://${host}`, insecure: true } },
    path: 'spec.cohort.s3.endpoint',
    says: 'endpoint must not be a link-local address unless linkLocal is true',
    remedy: 'linkLocal: true',
  })),
  ...[
    '0xa9fea9fe',
    '2852039166:80',
    '0251.0376.0251.0376',
    '169.254.43518',
    '169.254.169.254.',
    '1.2.3.4.5',
  ].map((host): Refusal => ({
    name: `an address in other numbers, ${host}`,
    changes: { 'spec.cohort.s3': { endpoint: `https://${host}`, linkLocal: true } },
    path: 'spec.cohort.s3.endpoint',
    says: 'endpoint must spell an address as four decimal numbers',
  })),
  {
    name: 'two forms of split',
    changes: { 'spec.cohort.split': { column: 'set', test: 0.2 } },
    path: 'spec.cohort.split.test',
    says: 'test cannot be combined with column',
  },
  {
    name: 'folds and shares',
    changes: { 'spec.cohort.split': { folds: 5, fold: 0, test: 0.1 } },
    path: 'spec.cohort.split.test',
    says: 'test cannot be combined with column or folds or fold',
  },
  {
    name: 'a column and a share of validation',
    changes: { 'spec.cohort.split': { column: 'set', validation: 0.1 } },
    path: 'spec.cohort.split.validation',
    says: 'validation cannot be combined with column: the column names the patients',
  },
  {
    name: 'folds that leave nobody to train on',
    changes: { 'spec.cohort.split': { folds: 2, fold: 0, validation: 0.5 } },
    path: 'spec.cohort.split.validation',
    says: 'the fold and validation together must be less than 1',
  },
  {
    name: 'selection without a validation set',
    changes: { 'spec.training.selection': { metric: 'auc' } },
    path: 'spec.training.selection',
    says: 'selection needs a validation set',
  },
  {
    name: 'selection by a metric of another outcome',
    changes: {
      'spec.training.selection': { metric: 'cIndex' },
      'spec.cohort.split': { validation: 0.2 },
    },
    path: 'spec.training.selection.metric',
    says: 'a classification outcome is selected by auc or accuracy or logLoss',
  },
  {
    name: 'selection of a survival outcome by a metric of classes',
    base: 'survival',
    changes: {
      'spec.training.selection': { metric: 'auc' },
      'spec.cohort.split': { validation: 0.2 },
    },
    path: 'spec.training.selection.metric',
    says: 'a survival outcome is selected by cIndex',
  },
  {
    name: 'folds without fold',
    changes: { 'spec.cohort.split': { folds: 5 } },
    path: 'spec.cohort.split.fold',
    says: 'fold is required together with folds',
  },
  {
    name: 'fold out of range',
    changes: { 'spec.cohort.split': { folds: 5, fold: 5 } },
    path: 'spec.cohort.split.fold',
    says: 'fold must be less than folds',
  },
  {
    name: 'nobody left to train on',
    changes: { 'spec.cohort.split': { test: 0.5, validation: 0.5 } },
    path: 'spec.cohort.split.test',
    says: 'test and validation together must be less than 1',
  },
  {
    name: 'nobody left to train on, with the default test share',
    changes: { 'spec.cohort.split': { validation: 0.75 } },
    path: 'spec.cohort.split.test',
    says: 'test and validation together must be less than 1',
  },
  {
    name: 'class column of a survival outcome',
    base: 'survival',
    changes: { 'spec.cohort.outcome.column': 'label' },
    path: 'spec.cohort.outcome.column',
    says: 'column is only for type classification',
  },
  {
    name: 'survival without event',
    base: 'survival',
    changes: { 'spec.cohort.outcome.event': undefined },
    path: 'spec.cohort.outcome.event',
    says: 'event is required for type survival',
  },
  {
    name: 'momentum of adamw',
    changes: { 'spec.training.optimizer.momentum': 0.9 },
    path: 'spec.training.optimizer.momentum',
    says: 'momentum is only for name sgd',
  },
  {
    name: 'step schedule without steps',
    changes: { 'spec.training.schedule': { name: 'step' } },
    path: 'spec.training.schedule.everySteps',
    says: 'everySteps is required for name step',
  },
  {
    name: 'ties of a classification head',
    changes: { 'spec.model.head.ties': 'efron' },
    path: 'spec.model.head.ties',
    says: 'ties is only for name cox',
  },
  // Rules over several objects.
  ...modelRefusals,
  {
    name: 'block of three shards',
    changes: { 'spec.patches.blockShards': 3 },
    path: 'spec.patches.blockShards',
    says: 'blockShards must be a power of two',
  },
  {
    name: 'one column for two things',
    changes: { 'spec.cohort.slideColumn': 'patient' },
    path: 'spec.cohort.slideColumn',
    says: 'must be different columns',
  },
  // Autoscaling.
  {
    name: 'fewest workers above the most',
    changes: { 'spec.autoscaling': { minimumWorkers: 4, maximumWorkers: 2 } },
    path: 'spec.autoscaling.minimumWorkers',
    says: 'minimumWorkers must not be more than maximumWorkers',
  },
  {
    name: 'fewest servers without most',
    changes: { 'spec.autoscaling': { minimumServers: 2 } },
    path: 'spec.autoscaling.minimumServers',
    says: 'minimumServers needs maximumServers',
  },
  {
    name: 'fewest servers above the most',
    changes: { 'spec.autoscaling': { minimumServers: 4, maximumServers: 2 } },
    path: 'spec.autoscaling.minimumServers',
    says: 'minimumServers must not be more than maximumServers',
  },
  {
    name: 'objective deadline without one',
    changes: { 'spec.autoscaling': { objective: 'deadline' } },
    path: 'spec.autoscaling.deadline',
    says: 'objective deadline needs deadline',
  },
  {
    name: 'deadline of another objective',
    changes: { 'spec.autoscaling': { deadline: '2h' } },
    path: 'spec.autoscaling.deadline',
    says: 'deadline is only for objective deadline or cost',
  },
  {
    name: 'cost of workers that cost nothing',
    changes: { 'spec.autoscaling': { objective: 'cost', workerCostPerHour: 0 } },
    path: 'spec.autoscaling.workerCostPerHour',
    says: 'objective cost needs workerCostPerHour above 0',
  },
  // What comes later.
  ...['sampled', 'async'].map((mode) => ({
    name: `mode ${mode}`,
    changes: { 'spec.training.mode': mode },
    path: 'spec.training.mode',
    says: `mode ${mode} is not implemented yet`,
  })),
  {
    name: 'halo',
    changes: { 'spec.patches.halo': 16 },
    path: 'spec.patches.halo',
    says: 'halo is not implemented yet',
  },
  {
    name: 'maximumPerSlide',
    changes: { 'spec.patches.maximumPerSlide': 1000 },
    path: 'spec.patches.maximumPerSlide',
    says: 'maximumPerSlide is not implemented yet',
  },
];
