/** The job that features are extracted for: one that is given, or the smallest with what the options say. */
import { dirname, extname, resolve } from 'node:path';
import {
  API_VERSION,
  ENCODERS,
  jobFromText,
  KIND,
  type EncoderName,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address, storeOfEnvironment, type S3Settings } from '@wsi-operator/slides';
import { resolvePaths } from '../commands/run.ts';
import { manifestName, manifestText } from '../manifest-file.ts';

export interface JobFlags {
  readonly encoder?: EncoderName;
  readonly weights?: string;
  readonly onnx?: string;
  readonly patchSize?: number;
  readonly mpp?: number;
  readonly level?: number;
  readonly stride?: number;
  readonly set?: readonly string[];
}

export type Spec = WsiTrainingJob['spec'];

/** What is given is a job rather than slides. */
export function isJob(given: readonly string[]): boolean {
  const [first = ''] = given;
  const named = first === '-' || ['.yaml', '.yml', '.json'].includes(extname(first).toLowerCase());
  if (named && given.length > 1) {
    throw new WsiError(
      'InvalidArgument',
      'is a job, which has its own slides, and more was given beside it.',
      {
        where: first,
        remedy: 'Give a job, or slides.',
      },
    );
  }
  return named;
}

/** @throws WsiError for a job, or options, that are not valid */
export async function jobOf(given: readonly string[], flags: JobFlags): Promise<Spec> {
  const overrides = overridesOf(flags);
  if (isJob(given)) {
    const [file = ''] = given;
    const job = jobFromText(await manifestText(file), manifestName(file), { overrides });
    if (job.spec.cohort.features !== undefined) throw ofFeatures(manifestName(file));
    return resolvePaths(job, file === '-' ? process.cwd() : dirname(resolve(file))).spec;
  }
  if (flags.encoder === undefined && flags.onnx === undefined) {
    throw new WsiError('InvalidArgument', 'slides were given without an encoder.', {
      remedy: 'Name one with --encoder or --onnx, or give a job.',
    });
  }
  const smallest = JSON.stringify(SMALLEST);
  const job = jobFromText(smallest, 'the options', { overrides: [...fittingEncoder(flags), ...overrides] });
  return resolvePaths(job, process.cwd()).spec;
}

function ofFeatures(where: string): WsiError {
  return new WsiError(
    'InvalidArgument',
    'the cohort of the job is files of features, which need no extraction.',
    {
      where,
      remedy: 'Train on them with wsi run, or give a job with cohort.slides.',
    },
  );
}

/** Where `s3://` leads: what the job says, or for slides the environment. */
export function storeSettings(given: readonly string[], { cohort }: Spec): S3Settings {
  return isJob(given) ? (cohort.s3 ?? {}) : storeOfEnvironment().settings;
}

/** Table and slides are not read. */
const SMALLEST = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'features' },
  spec: {
    cohort: {
      table: 'cohort.csv',
      slides: '.',
      outcome: { type: 'classification', column: 'class' },
    },
    model: { head: { name: 'classification' } },
  },
};

/** A job has an encoder of ours, which must take the tiles that a model of others takes. */
function fittingEncoder({ onnx, patchSize }: JobFlags): string[] {
  if (onnx === undefined || patchSize === undefined) return [];
  const fitting = Object.entries(ENCODERS).find(([, { stride }]) => patchSize % stride === 0);
  return fitting === undefined ? [] : [`model.encoder.name=${fitting[0]}`];
}

function overridesOf({ encoder, weights, patchSize, mpp, level, stride, set = [] }: JobFlags): string[] {
  const field = (path: string, value: unknown): string[] =>
    value === undefined ? [] : [`${path}=${JSON.stringify(value)}`];
  return [
    ...field('model.encoder.name', encoder),
    ...field('model.encoder.weights', weights && (isS3Address(weights) ? weights : resolve(weights))),
    ...field('patches.size', patchSize),
    // One of them is what the job says: the other takes its place.
    ...(mpp === undefined ? [] : ['patches.level=null', ...field('patches.mpp', mpp)]),
    ...(level === undefined ? [] : ['patches.mpp=null', ...field('patches.level', level)]),
    ...field('patches.stride', stride),
    ...set,
  ];
}
