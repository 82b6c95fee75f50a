/**
 * `validate`: any value in, a complete job or every fault of it out. In the API server's order: the CRD's defaults,
 * the checks of single fields, the rules over several; then the defaults that only we can fill.
 */
import { queueLabelProblem } from './queue-label.ts';
import { storeEndpointProblems } from './store-endpoints.ts';
import { WsiError } from '@wsi-operator/foundation';
import {
  API_VERSION,
  generateName,
  jobName,
  KIND,
  spec as specSchema,
  status as statusSchema,
  type JobMetadata,
  type WsiTrainingJob,
  type WsiTrainingJobManifest,
  type WsiTrainingJobSpec,
} from './definition/job.ts';
import { map, text } from './schema/build.ts';
import { checkRules } from './schema/cel.ts';
import { check, type Fault } from './schema/check.ts';
import { withDefaults } from './schema/defaults.ts';
import { isJsonObject, type JsonObject } from './schema/node.ts';
import { formatProblem, shown, type Problem } from './schema/problem.ts';
import { nearest } from './schema/suggest.ts';

export type Validation =
  | { readonly job: WsiTrainingJob; readonly problems?: undefined }
  | { readonly problems: readonly Problem[]; readonly job?: undefined };

export interface ValidateOptions {
  /** The stored job that this one replaces: rules on changes are then checked, too. */
  readonly old?: unknown;
}

const ROOT_FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];
const METADATA_FIELDS = [
  ...['name', 'namespace', 'labels', 'annotations', 'finalizers', 'uid', 'resourceVersion', 'generation'],
  ...['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'ownerReferences'],
  ...['managedFields', 'generateName', 'selfLink'],
];
const texts = map('Texts by name.', text('A text.', { minLength: 0, maxLength: 262_144 }), 1024);

/** Never throws. `status` is taken as it is: the API server has checked it, and a user's is ignored there. */
export function validate(manifest: unknown, options: ValidateOptions = {}): Validation {
  if (!isJsonObject(manifest)) {
    return { problems: [{ path: 'manifest', problem: 'must be of type object', found: shown(manifest) }] };
  }
  const faults: Fault[] = [];
  const report = (fault: Fault): void => void faults.push(fault);
  checkRoot(manifest, report);
  checkMetadata(manifest['metadata'], report);
  const spec = withDefaults(specSchema.node, manifest['spec'], 'schema');
  if (spec === undefined) report({ path: 'spec', problem: 'Required value' });
  else check(specSchema.node, spec, 'spec', report);
  const oldSpec = isJsonObject(options.old)
    ? withDefaults(specSchema.node, options.old['spec'], 'schema')
    : undefined;
  checkRules(
    specSchema.node,
    { value: spec, old: oldSpec, path: 'spec', faults: faults.filter(({ path }) => path.startsWith('spec')) },
    report,
  );
  if (faults.length > 0) return { problems: faults.map(withoutKind) };
  // Checked above, so that the type holds.
  const job = applyDefaults(manifest as unknown as WsiTrainingJobManifest);
  const problems = [queueLabelProblem(job), ...storeEndpointProblems(job)].filter((one) => one !== undefined);
  return problems.length === 0 ? { job } : { problems };
}

/** What the API server would refuse in a status, and with it the whole write. */
export function statusProblems(status: unknown): readonly Problem[] {
  const faults: Fault[] = [];
  check(statusSchema.node, status, 'status', (fault) => void faults.push(fault));
  return faults.map(withoutKind);
}

/** The job that a valid manifest stands for; fill in before use, check with {@link validate}. */
export function applyDefaults(manifest: WsiTrainingJobManifest): WsiTrainingJob {
  const spec = withDefaults(specSchema.node, manifest.spec, 'all') as WsiTrainingJobSpec;
  const status: unknown = manifest.status;
  const job = {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    metadata: withName(manifest.metadata),
    spec,
  };
  return isJsonObject(status) ? { ...job, status: status } : job;
}

/** On this machine nobody completes a generated name: its beginning is the name. */
function withName(metadata: JobMetadata): JobMetadata {
  const { name, generateName: prefix = '' } = metadata as Partial<JobMetadata>;
  return name === undefined ? { ...metadata, name: prefix.replace(/-+$/, '') } : metadata;
}

/** The faults as one error for the person who wrote the manifest. */
export function manifestError(problems: readonly Problem[], where: string): WsiError {
  const lines = problems.map((problem) => `\n  ${formatProblem(problem)}`).join('');
  const count = problems.length === 1 ? 'one problem' : `${String(problems.length)} problems`;
  return new WsiError('InvalidManifest', `the job has ${count}:${lines}`, { where });
}

function withoutKind(fault: Fault): Problem {
  const { unknown, ...problem } = fault;
  return unknown === undefined ? fault : problem;
}

function checkRoot(manifest: JsonObject, report: (fault: Fault) => void): void {
  for (const [field, wanted] of [
    ['apiVersion', API_VERSION],
    ['kind', KIND],
  ] as const) {
    const value: unknown = manifest[field];
    if (value === undefined) report({ path: field, problem: 'Required value', remedy: `Write ${wanted}.` });
    else if (value !== wanted) report({ path: field, problem: `must be ${wanted}`, found: shown(value) });
  }
  reportUnknown(manifest, ROOT_FIELDS, '', report);
}

function checkMetadata(metadata: unknown, report: (fault: Fault) => void): void {
  if (!isJsonObject(metadata)) {
    const problem = metadata === undefined ? 'Required value' : 'must be of type object';
    report({ path: 'metadata', problem });
    return;
  }
  reportUnknown(metadata, METADATA_FIELDS, 'metadata.', report);
  const { name, generateName: prefix, labels, annotations } = metadata as Readonly<Record<string, unknown>>;
  // As the API server does: a name goes before.
  if (name === undefined && prefix !== undefined) {
    check(generateName.node, prefix, 'metadata.generateName', report);
  } else if (name === undefined) report({ path: 'metadata.name', problem: 'Required value' });
  else check(jobName.node, name, 'metadata.name', report);
  if (labels !== undefined) check(texts.node, labels, 'metadata.labels', report);
  if (annotations !== undefined) check(texts.node, annotations, 'metadata.annotations', report);
}

function reportUnknown(
  value: JsonObject,
  known: readonly string[],
  prefix: string,
  report: (fault: Fault) => void,
): void {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const meant =
      nearest(name, known) ??
      (Object.hasOwn(specFields(), name) && prefix === '' ? `spec.${name}` : undefined);
    const remedy = meant === undefined ? {} : { remedy: `Did you mean ${prefix}${meant}?` };
    report({
      path: `${prefix}${name}`,
      problem: `unknown field "${prefix}${name}"`,
      unknown: true,
      ...remedy,
    });
  }
}

function specFields(): Readonly<Record<string, unknown>> {
  return specSchema.node.kind === 'object' ? specSchema.node.fields : {};
}
