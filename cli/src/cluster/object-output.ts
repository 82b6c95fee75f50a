/** Objects for programs (pure). */
import { dump } from 'js-yaml';
import { GROUP, KIND } from '@wsi-operator/api';
import type { StoredJob } from './wire.ts';

export type ObjectFormat = 'json' | 'yaml' | 'name';

export function isObjectFormat(format: string | undefined): format is ObjectFormat {
  return format === 'json' || format === 'yaml' || format === 'name';
}

/** @param list whether they are given as one List, as kubectl does, or each as a document of its own */
export function formatObjects(jobs: readonly StoredJob[], format: ObjectFormat, list: boolean): string {
  if (format === 'name') {
    return jobs.map(({ metadata }) => `${KIND.toLowerCase()}.${GROUP}/${metadata.name}\n`).join('');
  }
  const objects = jobs.map(withoutManagers);
  const documents: readonly object[] = list ? [{ apiVersion: 'v1', kind: 'List', items: objects }] : objects;
  return format === 'json'
    ? documents.map((document) => `${JSON.stringify(document, undefined, 2)}\n`).join('')
    : documents.map((document) => dump(document, { lineWidth: 110 })).join('---\n');
}

/** Who wrote which field is a page of its own, of interest to controllers only. */
function withoutManagers(job: StoredJob): StoredJob {
  const { managedFields, ...metadata } = job.metadata as StoredJob['metadata'] & {
    readonly managedFields?: unknown;
  };
  return { ...job, metadata };
}
