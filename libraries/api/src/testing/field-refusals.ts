/** Manifests with one fault each, in a single field. The API server finds the same, in the same words. */
import { ENCODERS } from '../definition/model-parts.ts';
import type { Refusal } from './manifests.ts';
import { listed } from './model-refusals.ts';

const trainer = { name: 'trainer' };
const containers = 'spec.workers.template.spec.containers';

export const fieldRefusals: readonly Refusal[] = [
  // Structure.
  { name: 'no spec', changes: { spec: undefined }, path: 'spec', says: 'Required value' },
  { name: 'spec a text', changes: { spec: 'x' }, path: 'spec', says: 'must be of type object: "string"' },
  { name: 'no cohort', changes: { 'spec.cohort': undefined }, path: 'spec.cohort', says: 'Required value' },
  { name: 'no model', changes: { 'spec.model': undefined }, path: 'spec.model', says: 'Required value' },
  {
    name: 'no head',
    changes: { 'spec.model': {} },
    path: 'spec.model.head',
    says: 'Required value',
  },
  {
    name: 'another policy for slides',
    changes: { 'spec.cohort.unreadableSlides': 'ignore' },
    path: 'spec.cohort.unreadableSlides',
    says: 'supported values: "fail", "skip"',
  },
  {
    name: 'no table',
    changes: { 'spec.cohort.table': undefined },
    path: 'spec.cohort.table',
    says: 'Required value',
  },
  {
    name: 'no outcome type',
    changes: { 'spec.cohort.outcome': { column: 'label' } },
    path: 'spec.cohort.outcome.type',
    says: 'Required value',
  },
  {
    name: 'field beside its object',
    changes: { 'spec.epochs': 3 },
    path: 'spec.epochs',
    says: 'unknown field "spec.epochs"',
    remedy: 'Did you mean spec.training.epochs?',
  },
  {
    name: 'mistyped field',
    changes: { 'spec.trainng': {} },
    path: 'spec.trainng',
    says: 'unknown field',
    remedy: 'Did you mean spec.training?',
  },
  {
    name: 'a stain of two channels',
    changes: {
      'spec.patches.stain': { reference: { haematoxylin: [1, 1], eosin: [1, 1, 1], amounts: [1, 1] } },
    },
    path: 'spec.patches.stain.reference.haematoxylin',
    says: 'should have at least 3 items',
  },
  {
    name: 'another way to find stains',
    changes: { 'spec.patches.stain.method': 'vahadane' },
    path: 'spec.patches.stain.method',
    says: 'supported values: "macenko"',
  },
  {
    name: 'a hue of more than half a turn',
    changes: { 'spec.training.augmentations': { colour: { hue: 0.6 } } },
    path: 'spec.training.augmentations.colour.hue',
    says: 'should be less than or equal to 0.5',
  },
  {
    name: 'a word for augmentations',
    changes: { 'spec.training.augmentations': 'flips' },
    path: 'spec.training.augmentations',
    says: 'must be of type object: "string"',
  },
  {
    name: 'swapped letters',
    changes: { 'spec.training.slidesPreStep': 2 },
    path: 'spec.training.slidesPreStep',
    says: 'unknown field',
    remedy: 'Did you mean spec.training.slidesPerStep?',
  },
  {
    name: 'unknown field of the pod',
    changes: { 'spec.workers.template.spec': { restartPolicy: 'Always' } },
    path: 'spec.workers.template.spec.restartPolicy',
    says: 'unknown field',
  },
  // Names.
  {
    name: 'name too long',
    changes: { 'metadata.name': 'a'.repeat(41) },
    path: 'metadata.name',
    says: 'may not be more than 40',
  },
  {
    name: 'name with capitals',
    changes: { 'metadata.name': 'Example' },
    path: 'metadata.name',
    says: 'should match',
    remedy: 'lower-case',
  },
  {
    name: 'name beginning with a digit',
    changes: { 'metadata.name': '1st' },
    path: 'metadata.name',
    says: 'should match',
  },
  // Types.
  {
    name: 'epochs a text',
    changes: { 'spec.training.epochs': 'ten' },
    path: 'spec.training.epochs',
    says: 'must be of type integer: "string"',
    remedy: 'Write a number alone: ',
  },
  {
    name: 'epochs a fraction',
    changes: { 'spec.training.epochs': 1.5 },
    path: 'spec.training.epochs',
    says: 'must be of type int64: "float64"',
  },
  {
    name: 'suspend a text',
    changes: { 'spec.suspend': 'yes' },
    path: 'spec.suspend',
    says: 'must be of type boolean: "string"',
  },
  {
    name: 'column a number',
    changes: { 'spec.cohort.outcome.column': 3 },
    path: 'spec.cohort.outcome.column',
    says: 'must be of type string: "integer"',
    remedy: 'quotes',
  },
  {
    name: 'null without a default',
    changes: { 'spec.cohort.table': null },
    path: 'spec.cohort.table',
    says: 'Required value',
  },
  {
    name: 'cohort a list',
    changes: { 'spec.cohort': [] },
    path: 'spec.cohort',
    says: 'must be of type object: "array"',
  },
  // Ranges.
  {
    name: 'no epochs',
    changes: { 'spec.training.epochs': 0 },
    path: 'spec.training.epochs',
    says: 'should be greater than or equal to 1',
  },
  {
    name: 'stride of 0',
    changes: { 'spec.patches.stride': 0 },
    path: 'spec.patches.stride',
    says: 'should be greater than or equal to 1',
  },
  {
    name: 'mpp of 0',
    changes: { 'spec.patches.mpp': 0 },
    path: 'spec.patches.mpp',
    says: 'should be greater than 0',
  },
  {
    name: 'negative level',
    changes: { 'spec.patches.level': -1 },
    path: 'spec.patches.level',
    says: 'should be greater than or equal to 0',
  },
  {
    name: 'tissue over 1',
    changes: { 'spec.patches.tissue.minimumFraction': 1.5 },
    path: 'spec.patches.tissue.minimumFraction',
    says: 'should be less than or equal to 1',
  },
  {
    name: 'mask pixels of a millimetre',
    changes: { 'spec.patches.tissue.pixelMicrometres': 1000 },
    path: 'spec.patches.tissue.pixelMicrometres',
    says: 'should be less than or equal to 64',
  },
  {
    name: 'all patients in the test set',
    changes: { 'spec.cohort.split.test': 1 },
    path: 'spec.cohort.split.test',
    says: 'should be less than 1',
  },
  {
    name: 'no workers',
    changes: { 'spec.workers.replicas': 0 },
    path: 'spec.workers.replicas',
    says: 'should be greater than or equal to 1',
  },
  {
    name: 'negative backoff',
    changes: { 'spec.runPolicy.backoffLimit': -1 },
    path: 'spec.runPolicy.backoffLimit',
    says: 'should be greater than or equal to 0',
  },
  {
    name: 'huge staleness',
    changes: { 'spec.training.staleness': 17 },
    path: 'spec.training.staleness',
    says: 'should be less than or equal to 16',
  },
  {
    name: 'no learning rate',
    changes: { 'spec.training.optimizer.learningRate': 0 },
    path: 'spec.training.optimizer.learningRate',
    says: 'should be greater than 0',
  },
  {
    name: 'empty table path',
    changes: { 'spec.cohort.table': '' },
    path: 'spec.cohort.table',
    says: 'should be at least 1 chars long',
  },
  // Words.
  {
    name: 'unknown encoder',
    changes: { 'spec.model.encoder.name': 'resnet81' },
    path: 'spec.model.encoder.name',
    says: listed(Object.keys(ENCODERS)),
    remedy: 'Did you mean resnet18?',
  },
  {
    name: 'unknown optimizer',
    changes: { 'spec.training.optimizer.name': 'adam' },
    path: 'spec.training.optimizer.name',
    says: 'supported values: "sgd", "adamw"',
  },
  {
    name: 'wrong case of a word',
    changes: { 'spec.runPolicy.cleanPodPolicy': 'all' },
    path: 'spec.runPolicy.cleanPodPolicy',
    says: 'supported values: "All", "Running", "None"',
    remedy: 'Did you mean All?',
  },
  // Quantities and texts of Kubernetes.
  {
    name: 'quantity with a wrong suffix',
    changes: { 'spec.patches.cacheBytes': '256MB' },
    path: 'spec.patches.cacheBytes',
    says: 'should match',
    remedy: '512Mi',
  },
  {
    name: 'negative quantity',
    changes: { 'spec.patches.cacheBytes': -5 },
    path: 'spec.patches.cacheBytes',
    says: 'should be greater than or equal to 0',
  },
  {
    name: 'label with a space',
    changes: { 'spec.workers.template.metadata': { labels: { team: 'a b' } } },
    path: 'spec.workers.template.metadata.labels.team',
    says: 'should match',
  },
  {
    name: 'container without name',
    changes: { [containers]: [trainer, { image: 'x' }] },
    path: `${containers}[1].name`,
    says: 'Required value',
  },
  {
    name: 'two containers of one name',
    changes: { [containers]: [trainer, trainer] },
    path: `${containers}[1]`,
    says: 'Duplicate value: {"name":"trainer"}',
  },
  {
    name: 'no containers',
    changes: { [containers]: [] },
    path: containers,
    says: 'should have at least 1 items',
  },
  {
    name: 'no trainer container',
    changes: { [containers]: [{ name: 'main' }] },
    path: containers,
    says: "containers must include the one named 'trainer'",
  },
];
