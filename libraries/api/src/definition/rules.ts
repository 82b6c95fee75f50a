/**
 * Every rule over several fields, in one place. CEL is the only text: `validate` evaluates it, the CRD carries it.
 * A rule sees the object after the CRD's own defaults, so a field with a plain default is always there; one whose
 * default depends on others (a variant's, a form's, `stride`) needs `has()`. Rules that follow from the schema's
 * shape (variants, forms, planned fields) are made by `schema/implied-rules.ts`.
 */
import type { Rule } from '../schema/node.ts';
import { featureRules, sourceRules } from './feature-rules.ts';
import { frozenRules } from './frozen-rules.ts';
import { QUEUED_GANGS, QUEUED_GANGS_CEL } from './gangs.ts';
import { modelRules } from './model-rules.ts';
import { ROLE_FIELD_NAMES } from './role-fields.ts';
import { selectionRules } from './selection.ts';
import { storeVariablesRules } from './template-rules.ts';

const URL_SCHEME = '^[A-Za-z][A-Za-z0-9+.-]*://';
const BUCKET = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]';

export const cohortRules: readonly Rule[] = [
  ...sourceRules,
  {
    cel: `!self.table.matches('${URL_SCHEME}') || self.table.matches('^s3://${BUCKET}/.*[^/]$')`,
    message: 'table must be a path or s3://BUCKET/KEY; other addresses cannot be read',
    field: 'table',
  },
  {
    cel: `!has(self.slides) || !self.slides.matches('${URL_SCHEME}') || self.slides.matches('^s3://${BUCKET}(/.*)?$')`,
    message: 'slides must be a path, s3://BUCKET or s3://BUCKET/PREFIX; other addresses cannot be read',
    field: 'slides',
  },
  {
    cel: 'self.patientColumn != self.slideColumn',
    message: 'patientColumn and slideColumn must be different columns',
    field: 'slideColumn',
  },
];

export const splitRules: readonly Rule[] = [
  {
    cel: '!has(self.fold) || !has(self.folds) || self.fold < self.folds',
    message: 'fold must be less than folds (the first fold is 0)',
    field: 'fold',
  },
  {
    cel: 'has(self.column) || has(self.folds) || (has(self.test) ? self.test : 0.25) + self.validation < 1.0',
    message: 'test and validation together must be less than 1, so that patients are left to train on',
    field: 'test',
  },
  {
    cel: '!has(self.folds) || 1.0 / double(self.folds) + self.validation < 1.0',
    message: 'the fold and validation together must be less than 1, so that patients are left to train on',
    field: 'validation',
  },
  {
    cel: '!has(self.column) || self.validation == 0.0',
    message: 'validation cannot be combined with column: the column names the patients of the validation set',
    field: 'validation',
  },
];

export const patchesRules: readonly Rule[] = [
  {
    cel: 'self.blockShards in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]',
    message: 'blockShards must be a power of two',
    field: 'blockShards',
    remedy: 'Blocks are aligned subtrees of the binary sum tree.',
  },
];

export const colourRules: readonly Rule[] = [
  {
    cel: 'self.brightness > 0.0 || self.contrast > 0.0 || self.saturation > 0.0 || self.hue > 0.0',
    message: 'colour must give at least one of brightness, contrast, saturation and hue',
    field: 'brightness',
    remedy: 'Without them nothing changes: give one, for example brightness: 0.1, or leave colour out.',
  },
];

export const annotationRules: readonly Rule[] = [
  {
    cel: `!self.directory.matches('${URL_SCHEME}') || self.directory.matches('^s3://${BUCKET}(/.*)?$')`,
    message: 'directory must be a path, s3://BUCKET or s3://BUCKET/PREFIX; other addresses cannot be read',
    field: 'directory',
  },
  {
    cel: '!has(self.include) || !has(self.exclude) || self.include.all(name, !(name in self.exclude))',
    message: 'a class cannot be in both include and exclude',
    field: 'exclude',
  },
];

/** Directories of the image, and those that the operator mounts. */
const RESERVED_PATHS = '^/(app|bin|dev|etc|lib|lib64|proc|root|run|sbin|sys|tmp|usr|var)(/|$)';

export const dataRules: readonly Rule[] = [
  {
    cel: `!self.mountPath.matches('${RESERVED_PATHS}')`,
    message: 'mountPath must not lie in a directory of the system or of the image',
    field: 'mountPath',
    remedy: 'Write a path such as /data or /mnt/slides.',
  },
  {
    cel: "!self.mountPath.matches('/[.][.]?(/|$)')",
    message: 'mountPath must not have . or .. as a part',
    field: 'mountPath',
  },
];

export const outputRules: readonly Rule[] = [
  {
    cel: 'has(self.claimName) || has(self.size)',
    message: 'output needs claimName, or size to have a claim made',
    field: '',
  },
];

export const failureRuleRules: readonly Rule[] = [
  {
    cel: 'has(self.roles) || has(self.exitCodes) || has(self.reasons)',
    message: 'a rule needs roles, exitCodes or reasons: without them it would match every end',
    field: '',
  },
];

export const runPolicyRules: readonly Rule[] = [
  {
    cel: `!has(self.queue) || !has(self.gang) || self.gang in ${QUEUED_GANGS_CEL}`,
    message: `queue is only for gang ${QUEUED_GANGS.join(' or ')}`,
    field: 'queue',
  },
];

export const autoscalingRules: readonly Rule[] = [
  {
    cel: '!has(self.maximumWorkers) || self.minimumWorkers <= self.maximumWorkers',
    message: 'minimumWorkers must not be more than maximumWorkers',
    field: 'minimumWorkers',
  },
  {
    cel: '!has(self.minimumServers) || has(self.maximumServers)',
    message: 'minimumServers needs maximumServers: without it the number of servers is not chosen',
    field: 'minimumServers',
  },
  {
    cel: '!has(self.minimumServers) || !has(self.maximumServers) || self.minimumServers <= self.maximumServers',
    message: 'minimumServers must not be more than maximumServers',
    field: 'minimumServers',
  },
  {
    cel: "self.objective != 'deadline' || has(self.deadline)",
    message: 'objective deadline needs deadline',
    field: 'deadline',
  },
  {
    cel: "!has(self.deadline) || self.objective in ['deadline', 'cost']",
    message: 'deadline is only for objective deadline or cost',
    field: 'deadline',
  },
  {
    cel: "self.objective != 'cost' || self.workerCostPerHour > 0.0",
    message: 'objective cost needs workerCostPerHour above 0: workers that cost nothing have no best number',
    field: 'workerCostPerHour',
  },
];

/** A field that may be absent, for comparison. */
const valueOf = (object: string, field: string): string =>
  `(has(${object}.${field}) ? ${object}.${field} : '')`;

/** In its old place, too. */
const managerIn = (object: string): string =>
  `(has(${object}.managedBy) ? ${object}.managedBy : ${valueOf(`${object}.runPolicy`, 'managedBy')})`;

const managedByRules: readonly Rule[] = [
  {
    cel: '!has(self.managedBy) || !has(self.runPolicy.managedBy)',
    message: 'managedBy stands in two places',
    field: 'runPolicy.managedBy',
    remedy: 'Leave runPolicy.managedBy out: managedBy of the spec is the one that counts.',
  },
  {
    cel: `${managerIn('self')} == ${managerIn('oldSelf')}`,
    message: 'managedBy cannot change: two controllers would manage the same pods',
    field: 'managedBy',
    remedy: 'Create a new job.',
  },
  {
    cel: `${managerIn('self')} != 'kueue.x-k8s.io/multikueue' || !has(self.runPolicy.gang) || self.runPolicy.gang == 'kueue'`,
    message: 'managedBy kueue.x-k8s.io/multikueue is only for gang kueue',
    field: 'runPolicy.gang',
  },
];

export const specRules: readonly Rule[] = [
  ...storeVariablesRules,
  ...modelRules,
  ...featureRules,
  ...frozenRules,
  ...selectionRules,
  {
    cel: 'self.parameterServers.replicas == oldSelf.parameterServers.replicas || self.suspend',
    message:
      'parameterServers.replicas can change only while suspend is true: parameters are redistributed from a checkpoint',
    field: 'parameterServers.replicas',
  },
  {
    cel: 'self.storage == oldSelf.storage || self.suspend',
    message: 'storage can change only while suspend is true: running pods have it mounted',
    field: 'storage',
  },
  ...(['gang', 'queue'] as const).map((name): Rule => ({
    cel: `${valueOf('self.runPolicy', name)} == ${valueOf('oldSelf.runPolicy', name)} || self.suspend`,
    message: `runPolicy.${name} can change only while suspend is true: running pods were admitted with it`,
    field: `runPolicy.${name}`,
  })),
  ...ROLE_FIELD_NAMES.map((role): Rule => {
    const template = `self.${role}.template`;
    return {
      cel: `!has(self.runPolicy.gang) || self.runPolicy.gang != 'volcano' || !has(${template}.spec) || !has(${template}.spec.schedulerName) || ${template}.spec.schedulerName == 'volcano'`,
      message: `${role}.template.spec.schedulerName cannot be combined with gang volcano, which schedules the pods itself`,
      field: `${role}.template.spec.schedulerName`,
    };
  }),
  ...managedByRules,
  ...(['patches', 'model', 'training'] as const).map((name): Rule => ({
    cel: `self.${name} == oldSelf.${name}`,
    message: `${name} cannot change: checkpoints and results belong to it`,
    field: name,
    remedy: 'Create a new job.',
  })),
];
