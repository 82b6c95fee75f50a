/** Valid jobs and how to change them, for the tests here and on a real cluster. */
import { API_VERSION, KIND } from '../definition/job.ts';
import type { Json, JsonObject } from '../schema/node.ts';

/** The shortest valid classification job. */
export const classificationJob = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'example' },
  spec: {
    cohort: {
      table: 'cohort.csv',
      slides: 'slides',
      outcome: { type: 'classification', column: 'label' },
    },
    model: { head: { name: 'classification' } },
  },
} as const;

/** The shortest valid survival job. */
export const survivalJob = {
  ...classificationJob,
  spec: {
    ...classificationJob.spec,
    cohort: {
      ...classificationJob.spec.cohort,
      outcome: { type: 'survival', time: 'months', event: 'dead' },
    },
    model: { head: { name: 'cox' } },
  },
} as const;

/** A copy of `manifest` with the field at `path` set; undefined removes it. */
export function withField(manifest: JsonObject, path: string, value: Json | undefined): JsonObject {
  const [name = '', ...rest] = path.split('.');
  const { [name]: old, ...others } = manifest;
  if (rest.length === 0) return value === undefined ? others : { ...others, [name]: value };
  const inner = typeof old === 'object' && old !== null && !Array.isArray(old) ? (old as JsonObject) : {};
  return { ...others, [name]: withField(inner, rest.join('.'), value) };
}

export function withFields(
  manifest: JsonObject,
  changes: Readonly<Record<string, Json | undefined>>,
): JsonObject {
  return Object.entries(changes).reduce(
    (changed, [path, value]) => withField(changed, path, value),
    manifest,
  );
}

export interface Refusal {
  readonly name: string;
  readonly base?: 'survival';
  readonly changes: Readonly<Record<string, Json | undefined>>;
  readonly path: string;
  /** A part of the problem's text; the API server says it, too. */
  readonly says: string;
  /** A part of the remedy, which is ours alone. */
  readonly remedy?: string;
}

export function refusedManifest({ base, changes }: Refusal): JsonObject {
  return withFields(base === 'survival' ? survivalJob : classificationJob, changes);
}
