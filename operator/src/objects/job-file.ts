/** The ConfigMap with the job as its processes read it. */
import { posix } from 'node:path';
import { withDataPaths, type WsiTrainingJob } from '@wsi-operator/api';
import type { KubernetesObject, V1ConfigMap } from '../kubernetes-types.ts';
import { configMapName, jobLabels, ownedMetadata } from '../job/names.ts';

/** JSON is YAML: the roles read either. */
export const JOB_FILE = 'job.yaml';

/** Where a cohort's relative paths are taken from when the job names no claim: the template may mount data there. */
const DEFAULT_DATA_PATH = '/data';

export function jobFile(job: WsiTrainingJob): KubernetesObject {
  const manifest = {
    apiVersion: job.apiVersion,
    kind: job.kind,
    metadata: { name: job.metadata.name },
    spec: withAbsolutePaths(job),
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(job, configMapName(job), jobLabels(job)),
    data: { [JOB_FILE]: `${JSON.stringify(manifest, null, 2)}\n` },
  } satisfies V1ConfigMap;
}

/** `wsi run` has made them absolute already; on a cluster the manifest has no directory. */
function withAbsolutePaths({ spec }: WsiTrainingJob): WsiTrainingJob['spec'] {
  const base = spec.storage.data?.mountPath ?? DEFAULT_DATA_PATH;
  return withDataPaths(spec, (path) => (path.includes('://') ? path : posix.resolve(base, path)));
}
