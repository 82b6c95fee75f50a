/**
 * The pod of one place: the user's template with the operator's parts laid over it. The operator's parts win where
 * both say something (labels it selects by, WSI_* environment, restart policy, host name); everything else of the
 * template is kept as it is.
 */
import type { V1Container, V1EnvVar, V1Pod, V1PodTemplateSpec, V1Volume } from '../kubernetes-types.ts';
import type { WsiTrainingJob } from '@wsi/api';
import type { ClusterSettings } from '../cluster/port.ts';
import { JOB_FILE } from './owned-objects.ts';
import {
  address,
  configMapName,
  jobName,
  ownedMetadata,
  podName,
  replicasOf,
  REVISION_ANNOTATION,
  RPC_PORT,
  serviceName,
  slotLabels,
  TRAINER_CONTAINER,
  type Role,
  type Slot,
} from './names.ts';
import { revision } from './revision.ts';

export const JOB_MOUNT = '/etc/wsi';
export const OUTPUT_MOUNT = '/var/lib/wsi/output';
export const TERMINATION_LOG = '/dev/termination-log';
const JOB_VOLUME = 'wsi-job';
/** A template may bring its own volume of this name (e.g. a PersistentVolumeClaim); otherwise it is an emptyDir. */
export const OUTPUT_VOLUME = 'output';

/** Time to write a checkpoint, for the coordinator; to end a call, for the others. */
const GRACE_SECONDS: Record<Role, number> = { coordinator: 120, server: 30, worker: 30 };

export function buildPod(job: WsiTrainingJob, slot: Slot, settings: ClusterSettings): V1Pod {
  const template = templateOf(job, slot.role);
  const metadata = ownedMetadata(job, podName(job, slot), {
    ...template.metadata?.labels,
    ...slotLabels(job, slot),
  });
  const base = template.spec;
  const containers = base?.containers ?? [];
  const trainer = containers.find((container) => container.name === TRAINER_CONTAINER) ?? containers[0];
  const sidecars = containers.filter((container) => container !== trainer);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      annotations: { ...template.metadata?.annotations, [REVISION_ANNOTATION]: revision(job) },
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS[slot.role],
      ...base,
      // The operator replaces pods itself: it counts, waits and keeps the order.
      restartPolicy: 'Never',
      hostname: podName(job, slot),
      subdomain: serviceName(job),
      containers: [trainerContainer(job, slot, trainer, settings), ...sidecars],
      volumes: podVolumes(job, slot, base?.volumes ?? []),
    },
  };
}

function templateOf(job: WsiTrainingJob, role: Role): Partial<V1PodTemplateSpec> {
  const { coordinator, parameterServers, workers } = job.spec;
  const template = { coordinator, server: parameterServers, worker: workers }[role].template;
  return template as unknown as Partial<V1PodTemplateSpec>;
}

function trainerContainer(
  job: WsiTrainingJob,
  slot: Slot,
  base: Partial<V1Container> | undefined,
  settings: ClusterSettings,
): V1Container {
  const mounts = (base?.volumeMounts ?? []).filter((mount) => mount.name !== JOB_VOLUME);
  const ownMounts = [{ name: JOB_VOLUME, mountPath: JOB_MOUNT, readOnly: true }];
  const output = mounts.find((mount) => mount.name === OUTPUT_VOLUME);
  if (slot.role === 'coordinator' && output === undefined) {
    ownMounts.push({ name: OUTPUT_VOLUME, mountPath: OUTPUT_MOUNT, readOnly: false });
  }
  return {
    image: settings.trainerImage,
    ...base,
    name: TRAINER_CONTAINER,
    args: base?.args ?? [slot.role],
    env: mergeEnvironment(base?.env ?? [], environment(job, slot, output?.mountPath ?? OUTPUT_MOUNT)),
    ...(slot.role === 'worker' ? {} : { ports: [{ name: 'grpc', containerPort: RPC_PORT }] }),
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [...mounts, ...ownMounts],
  };
}

/** The trainer's whole configuration; see the process contract in docs. */
function environment(job: WsiTrainingJob, slot: Slot, output: string): V1EnvVar[] {
  const servers = Array.from({ length: replicasOf(job, 'server') }, (_unused, index) =>
    address(job, { role: 'server', index }),
  );
  const variables: Record<string, string> = {
    WSI_JOB_FILE: `${JOB_MOUNT}/${JOB_FILE}`,
    WSI_JOB_NAME: jobName(job),
    WSI_REPLICA: String(slot.index),
    WSI_TERMINATION_LOG: TERMINATION_LOG,
  };
  if (slot.role !== 'worker') variables['WSI_LISTEN'] = `0.0.0.0:${RPC_PORT}`;
  if (slot.role !== 'server') variables['WSI_SERVERS'] = servers.join(',');
  if (slot.role === 'worker') variables['WSI_COORDINATOR'] = address(job, { role: 'coordinator', index: 0 });
  if (slot.role === 'coordinator') variables['WSI_OUTPUT'] = output;
  return Object.entries(variables).map(([name, value]) => ({ name, value }));
}

function mergeEnvironment(users: readonly V1EnvVar[], ours: readonly V1EnvVar[]): V1EnvVar[] {
  const taken = new Set(ours.map((variable) => variable.name));
  return [...users.filter((variable) => !taken.has(variable.name)), ...ours];
}

function podVolumes(job: WsiTrainingJob, slot: Slot, users: readonly V1Volume[]): V1Volume[] {
  const volumes = users.filter((volume) => volume.name !== JOB_VOLUME);
  volumes.push({ name: JOB_VOLUME, configMap: { name: configMapName(job) } });
  if (slot.role === 'coordinator' && !volumes.some((volume) => volume.name === OUTPUT_VOLUME)) {
    volumes.push({ name: OUTPUT_VOLUME, emptyDir: {} });
  }
  return volumes;
}
