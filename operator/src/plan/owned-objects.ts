/** The job's ConfigMap (the manifest, as the roles read it) and its headless Service (stable host names). */
import type { V1ConfigMap, V1Service } from '../kubernetes-types.ts';
import type { WsiTrainingJob } from '@wsi/api';
import { canonicalJson } from '@wsi/foundation';
import { configMapName, jobLabels, LABELS, jobName, ownedMetadata, RPC_PORT, serviceName } from './names.ts';
import type { Action } from './actions.ts';

/** JSON is YAML: the roles read either. */
export const JOB_FILE = 'job.yaml';

export function jobConfigMap(job: WsiTrainingJob): V1ConfigMap {
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
  };
}

export function jobService(job: WsiTrainingJob): V1Service {
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
  };
}

/** The actions that bring both to what they should be; none when they are. */
export function objectActions(
  job: WsiTrainingJob,
  configMaps: readonly V1ConfigMap[],
  services: readonly V1Service[],
): Action[] {
  const actions: Action[] = [];
  const configMap = jobConfigMap(job);
  const present = configMaps.find((candidate) => candidate.metadata?.name === configMap.metadata?.name);
  if (canonicalJson(present?.data ?? {}) !== canonicalJson(configMap.data)) {
    actions.push({ kind: 'applyConfigMap', object: configMap });
  }
  const service = jobService(job);
  if (!services.some((candidate) => candidate.metadata?.name === service.metadata?.name)) {
    actions.push({ kind: 'applyService', object: service });
  }
  return actions;
}
