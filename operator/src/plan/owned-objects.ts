/** The job's ConfigMap (the manifest, as the roles read it) and its headless Service (stable host names). */
import type { KubernetesObject, V1ConfigMap, V1Service } from '../kubernetes-types.ts';
import type { WsiTrainingJob } from '@wsi/api';
import { configMapName, jobLabels, LABELS, jobName, ownedMetadata, RPC_PORT, serviceName } from './names.ts';
import type { Action } from './actions.ts';
import { contains } from './contains.ts';

/** JSON is YAML: the roles read either. */
export const JOB_FILE = 'job.yaml';

export function jobConfigMap(job: WsiTrainingJob): KubernetesObject {
  const manifest = {
    apiVersion: job.apiVersion,
    kind: job.kind,
    metadata: { name: job.metadata.name },
    spec: job.spec,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(job, configMapName(job), jobLabels(job)),
    data: { [JOB_FILE]: `${JSON.stringify(manifest, null, 2)}\n` },
  } satisfies V1ConfigMap;
}

export function jobService(job: WsiTrainingJob): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(job, serviceName(job), jobLabels(job)),
    spec: {
      clusterIP: 'None',
      // A role must be found before it is ready: coordinator and servers wait for each other.
      publishNotReadyAddresses: true,
      selector: { [LABELS.job]: jobName(job) },
      ports: [{ name: 'grpc', port: RPC_PORT, targetPort: RPC_PORT, protocol: 'TCP' }],
    },
  } satisfies V1Service;
}

/** The actions that bring the objects to what they should be; none when they are. */
export function objectActions(
  wanted: readonly KubernetesObject[],
  observed: readonly KubernetesObject[],
): Action[] {
  const present = new Map(observed.map((object) => [objectKey(object), object]));
  return wanted
    .filter((object) => !contains(present.get(objectKey(object)), object))
    .map((object) => ({ kind: 'apply', object }));
}

export function objectKey({ apiVersion, kind, metadata }: KubernetesObject): string {
  return `${apiVersion}/${kind}/${metadata.name ?? ''}`;
}
