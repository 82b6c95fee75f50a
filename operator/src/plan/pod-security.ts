/**
 * The Restricted Pod Security Standard, laid under what the template says: a setting of the user's wins, field by field
 * (a policy of the namespace may still refuse the pod). Besides, the root file system is read-only; /tmp is memory or
 * disk of the node that goes with the pod.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type {
  V1Container,
  V1PodSecurityContext,
  V1PodSpec,
  V1SecurityContext,
  V1Volume,
} from '../kubernetes-types.ts';

/** User and group of the images; nobody's on any node. */
const USER = 65532;
export const TEMPORARY_VOLUME = 'wsi-tmp';
const TEMPORARY_MOUNT = '/tmp';

const POD: V1PodSecurityContext = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  // Volumes become writable for the group; by a recursive change only where it is needed.
  fsGroup: USER,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
};

const CONTAINER: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

export function restrict(spec: V1PodSpec): V1PodSpec {
  const { initContainers, volumes = [] } = spec;
  const ownsTemporary = volumes.some(({ name }) => name === TEMPORARY_VOLUME);
  const temporary: V1Volume = { name: TEMPORARY_VOLUME, emptyDir: {} };
  return {
    ...spec,
    securityContext: podContext(spec.securityContext ?? {}),
    containers: spec.containers.map(restrictContainer),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(restrictContainer) }),
    volumes: ownsTemporary ? volumes : [...volumes, temporary],
  };
}

function podContext(users: V1PodSecurityContext): V1PodSecurityContext {
  return withoutContradiction({ ...POD, ...users }, users);
}

function restrictContainer(container: V1Container): V1Container {
  const users = container.securityContext ?? {};
  const merged = withoutContradiction({ ...CONTAINER, ...users }, users);
  const mounts = container.volumeMounts ?? [];
  const hasTemporary = mounts.some(({ mountPath }) => mountPath === TEMPORARY_MOUNT);
  return {
    ...container,
    securityContext: users.privileged === true ? withoutConfinement(merged, users) : merged,
    volumeMounts: hasTemporary ? mounts : [...mounts, { name: TEMPORARY_VOLUME, mountPath: TEMPORARY_MOUNT }],
  };
}

/** Who asks for root and nothing else means it: the kubelet would refuse to start root under `runAsNonRoot`. */
function withoutContradiction<Context extends { runAsUser?: number; runAsNonRoot?: boolean }>(
  merged: Context,
  users: Context,
): Context {
  return users.runAsUser === 0 && users.runAsNonRoot === undefined
    ? { ...merged, runAsNonRoot: false }
    : merged;
}

/** The API server refuses a privileged container whose escalation is forbidden. */
function withoutConfinement(merged: V1SecurityContext, users: V1SecurityContext): V1SecurityContext {
  const { allowPrivilegeEscalation: _forbidden, capabilities: _dropped, ...rest } = merged;
  return { ...rest, ...users };
}
