/**
 * The pod of one slot: the user's template with the operator's parts laid over it. The operator's parts win where
 * both say something (labels it selects by, WSI_* environment, restart policy, host name); everything else of the
 * template is kept as it is.
 */
import { TERMINATION_LOG, type WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { V1Container, V1Pod, V1PodSpec, V1PodTemplateSpec } from '../kubernetes-types.ts';
import {
  ownedMetadata,
  podName,
  REVISION_ANNOTATION,
  RPC_PORT,
  serviceName,
  slotLabels,
  TRAINER_CONTAINER,
  type Role,
  type Slot,
} from '../job/names.ts';
import { trainerEnvironment } from './pod-environment.ts';
import { restrict } from './pod-security.ts';
import { podVolumes, trainerMounts } from './pod-volumes.ts';
import { revision } from './revision.ts';

/**
 * Outside of service meshes unless the template says otherwise. The roles have mutual TLS of their own; a proxy beside them
 * could not reach its control plane under the job's policy, and one that is an ordinary container never ends.
 */
const OUTSIDE_MESHES = {
  labels: {
    'sidecar.istio.io/inject': 'false',
    'istio.io/dataplane-mode': 'none',
    'kuma.io/sidecar-injection': 'disabled',
  },
  annotations: {
    'linkerd.io/inject': 'disabled',
    'consul.hashicorp.com/connect-inject': 'false',
  },
} as const;

/** Time to write a checkpoint, for the coordinator; to end a call, for the others. */
const GRACE_SECONDS: Record<Role, number> = { coordinator: 120, server: 30, worker: 30 };

export function buildPod(job: WsiTrainingJob, slot: Slot, settings: ClusterSettings): V1Pod {
  const template = templateOf(job, slot.role);
  const metadata = ownedMetadata(job, podName(job, slot), {
    ...OUTSIDE_MESHES.labels,
    ...template.metadata?.labels,
    ...slotLabels(job, slot),
  });
  const spec = podSpec(job, slot, settings, template.spec);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      annotations: {
        ...OUTSIDE_MESHES.annotations,
        ...template.metadata?.annotations,
        [REVISION_ANNOTATION]: revision(job),
      },
    },
    spec: settings.restricted ? restrict(spec, settings.podIdentity) : spec,
  };
}

function templateOf(job: WsiTrainingJob, role: Role): Partial<V1PodTemplateSpec> {
  const { coordinator, parameterServers, workers } = job.spec;
  const template = { coordinator, server: parameterServers, worker: workers }[role].template;
  return template as unknown as Partial<V1PodTemplateSpec>;
}

function podSpec(
  job: WsiTrainingJob,
  slot: Slot,
  settings: ClusterSettings,
  base: V1PodSpec | undefined,
): V1PodSpec {
  const containers = base?.containers ?? [];
  const trainer = containers.find((container) => container.name === TRAINER_CONTAINER) ?? containers[0];
  const sidecars = containers.filter((container) => container !== trainer);
  const pullSecrets = [
    ...(base?.imagePullSecrets ?? []),
    ...settings.imagePullSecrets
      .filter((name) => base?.imagePullSecrets?.some((secret) => secret.name === name) !== true)
      .map((name) => ({ name })),
  ];
  return {
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS[slot.role],
    ...base,
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets }),
    // No role ever talks to the API server.
    automountServiceAccountToken: false,
    // The operator replaces pods itself: it counts, waits and keeps the order.
    restartPolicy: 'Never',
    hostname: podName(job, slot),
    subdomain: serviceName(job),
    containers: [trainerContainer(job, slot, settings, trainer), ...sidecars],
    volumes: podVolumes(job, slot, settings, base?.volumes ?? []),
  };
}

function trainerContainer(
  job: WsiTrainingJob,
  slot: Slot,
  settings: ClusterSettings,
  base: Partial<V1Container> | undefined,
): V1Container {
  const { imagePullPolicy } = settings;
  return {
    // The administrator's policy is for the administrator's image.
    ...(imagePullPolicy === undefined || base?.image !== undefined ? {} : { imagePullPolicy }),
    image: settings.trainerImage,
    ...base,
    ...withLimits(base?.resources),
    name: TRAINER_CONTAINER,
    args: base?.args ?? [slot.role],
    env: trainerEnvironment(job, slot, settings, base),
    ...(slot.role === 'worker' ? {} : listening(base)),
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: trainerMounts(job, slot, settings, base),
  };
}

/** Devices cannot be shared: the API server wants a limit for each that is requested, and the same amount. */
function withLimits(resources: V1Container['resources']): Pick<V1Container, 'resources'> {
  const devices = Object.entries(resources?.requests ?? {}).filter(([name]) => name.includes('/'));
  const missing = devices.filter(([name]) => resources?.limits?.[name] === undefined);
  if (resources === undefined || missing.length === 0) return {};
  return { resources: { ...resources, limits: { ...resources.limits, ...Object.fromEntries(missing) } } };
}

/**
 * Ready is who takes connections: a probe cannot speak gRPC without the job's certificate. Nothing is killed by a probe:
 * a process that computes answers late and is not dead, and a worker that hangs loses its leases.
 */
function listening(base: Partial<V1Container> | undefined): Pick<V1Container, 'ports' | 'readinessProbe'> {
  const others = (base?.ports ?? []).filter(
    ({ containerPort, name }) => containerPort !== RPC_PORT && name !== 'grpc',
  );
  return {
    ports: [...others, { name: 'grpc', containerPort: RPC_PORT }],
    readinessProbe: base?.readinessProbe ?? {
      tcpSocket: { port: RPC_PORT },
      periodSeconds: 5,
      timeoutSeconds: 3,
    },
  };
}
