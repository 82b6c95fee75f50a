/** Manifests with one fault each, against a rule over several fields. The API server finds the same. */
import type { Refusal } from './manifests.ts';

export const ruleRefusals: readonly Refusal[] = [
  // Variants and forms.
  {
    name: 'mpp and level',
    changes: { 'spec.patches.mpp': 0.5, 'spec.patches.level': 0 },
    path: 'spec.patches.level',
    says: 'level cannot be combined with mpp',
  },
  {
    name: 'two forms of split',
    changes: { 'spec.cohort.split': { column: 'set', test: 0.2 } },
    path: 'spec.cohort.split.test',
    says: 'test cannot be combined with column',
  },
  {
    name: 'folds and shares',
    changes: { 'spec.cohort.split': { folds: 5, fold: 0, validation: 0.1 } },
    path: 'spec.cohort.split.validation',
    says: 'validation cannot be combined with column or folds or fold',
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
  {
    name: 'survival without cox',
    base: 'survival',
    changes: { 'spec.model.head.name': 'classification' },
    path: 'spec.model.head.name',
    says: 'a survival outcome needs the cox head',
  },
  {
    name: 'cox without survival',
    changes: { 'spec.model.head.name': 'cox' },
    path: 'spec.model.head.name',
    says: 'a classification outcome needs the classification head',
  },
  {
    name: 'instance aggregator for survival',
    base: 'survival',
    changes: { 'spec.model.aggregator.name': 'instance' },
    path: 'spec.model.aggregator.name',
    says: 'the instance aggregator works only with the classification head',
  },
  {
    name: 'risk set of one',
    base: 'survival',
    changes: { 'spec.training.slidesPerStep': 1 },
    path: 'spec.training.slidesPerStep',
    says: 'slidesPerStep of at least 2',
  },
  {
    name: 'block of three shards',
    changes: { 'spec.patches.blockShards': 3 },
    path: 'spec.patches.blockShards',
    says: 'blockShards must be a power of two',
  },
  {
    name: 'tile of 48 for resnet18',
    changes: { 'spec.patches.size': 48 },
    path: 'spec.patches.size',
    says: 'multiple of 32',
  },
  {
    name: 'tile of 40 for tiny',
    changes: { 'spec.patches.size': 40, 'spec.model.encoder.name': 'tiny' },
    path: 'spec.patches.size',
    says: 'multiple of 16',
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
  ...['frozen', 'sampled', 'async'].map((mode) => ({
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
