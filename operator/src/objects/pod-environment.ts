/** The environment of a trainer's container: its whole configuration. */
import {
  OWN_MOUNTS,
  STORE_VARIABLES,
  TERMINATION_LOG,
  type OwnVariable,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { V1Container, V1EnvVar } from '../kubernetes-types.ts';
import { JOB_FILE } from './job-file.ts';
import { address, jobName, replicasOf, RPC_PORT, type Slot } from '../job/names.ts';
import { outputPath } from './pod-volumes.ts';

/** The user's variables, and ours over them. */
export function trainerEnvironment(
  job: WsiTrainingJob,
  slot: Slot,
  settings: ClusterSettings,
  base: Partial<V1Container> | undefined,
): V1EnvVar[] {
  const ours = [...ownVariables(job, slot, settings, outputPath(base)), ...credentials(job, slot)];
  const taken = new Set(ours.map(({ name }) => name));
  return [...(base?.env ?? []).filter(({ name }) => !taken.has(name)), ...ours];
}

function ownVariables(
  job: WsiTrainingJob,
  slot: Slot,
  settings: ClusterSettings,
  output: string,
): V1EnvVar[] {
  const servers = Array.from({ length: replicasOf(job, 'server') }, (_unused, index) =>
    address(job, { role: 'server', index }),
  );
  // A variable that templates are not refused for cannot be set.
  const variables: Partial<Record<OwnVariable, string>> = {
    WSI_JOB_FILE: `${OWN_MOUNTS.job}/${JOB_FILE}`,
    WSI_JOB_NAME: jobName(job),
    WSI_REPLICA: String(slot.index),
    WSI_TERMINATION_LOG: TERMINATION_LOG,
    // Who reads pods, logs and status need not be allowed to see patients' data.
    WSI_DETAILS: 'hidden',
  };
  if (settings.certificates) variables.WSI_TLS_DIRECTORY = OWN_MOUNTS.certificates;
  // Every address of both families: which of them a cluster gives to pods is its own business.
  if (slot.role !== 'worker') variables.WSI_LISTEN = `[::]:${RPC_PORT}`;
  if (slot.role !== 'server') variables.WSI_SERVERS = servers.join(',');
  if (slot.role === 'worker') variables.WSI_COORDINATOR = address(job, { role: 'coordinator', index: 0 });
  if (slot.role === 'coordinator') variables.WSI_OUTPUT = output;
  // The pod that goes on with the output may be of another user, and share the group at best; others are no business of
  // this job.
  if (settings.outputPersists !== true) variables.WSI_UMASK = '0007';
  return Object.entries(variables).map(([name, value]) => ({ name, value }));
}

/** For who reads the cohort; the rest of `cohort.s3` is in the job file. */
function credentials(job: WsiTrainingJob, { role }: Slot): V1EnvVar[] {
  const name = job.spec.cohort.s3?.secretName;
  if (name === undefined || role === 'server') return [];
  const { keys, token } = STORE_VARIABLES;
  return [
    ...keys.map((key): V1EnvVar => ({ name: key, valueFrom: { secretKeyRef: { name, key } } })),
    { name: token, valueFrom: { secretKeyRef: { name, key: token, optional: true } } },
  ];
}
