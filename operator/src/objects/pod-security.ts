/**
 * The Restricted Pod Security Standard, laid under what the template says: a setting of the user's wins, field by field.
 * What contradicts the standard is refused before (isolation.ts) where the administrator's profile is `restricted`, so that
 * every pod that is made then meets it. Besides, the root file system is read-only; /tmp is memory or
 * disk of the node that goes with the pod. Where the platform assigns users (OpenShift gives each namespace a range, and
 * refuses all others), none is named.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { PodIdentity } from '../job/settings.ts';
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

/** Whoever is chosen to run it. */
const ANYBODY: V1PodSecurityContext = {
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const FIXED: V1PodSecurityContext = {
  ...ANYBODY,
  runAsUser: USER,
  runAsGroup: USER,
  // Volumes become writable for the group; by a recursive change only where it is needed.
  fsGroup: USER,
  fsGroupChangePolicy: 'OnRootMismatch',
};

const CONTAINER: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

export function restrict(spec: V1PodSpec, identity: PodIdentity): V1PodSpec {
  const { initContainers, volumes = [] } = spec;
  const ownsTemporary = volumes.some(({ name }) => name === TEMPORARY_VOLUME);
  const temporary: V1Volume = { name: TEMPORARY_VOLUME, emptyDir: {} };
  return {
    ...spec,
    securityContext: podContext(spec.securityContext ?? {}, identity),
    containers: spec.containers.map(restrictContainer),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(restrictContainer) }),
    volumes: ownsTemporary ? volumes : [...volumes, temporary],
  };
}

function podContext(users: V1PodSecurityContext, identity: PodIdentity): V1PodSecurityContext {
  const own = withoutNulls(users);
  return withoutContradiction({ ...(identity === 'fixed' ? FIXED : ANYBODY), ...own }, own);
}

function restrictContainer(container: V1Container): V1Container {
  const users = withoutNulls(container.securityContext ?? {});
  const capabilities = { ...CONTAINER.capabilities, ...users.capabilities };
  const merged = withoutContradiction({ ...CONTAINER, ...users, capabilities }, users);
  const mounts = container.volumeMounts ?? [];
  const hasTemporary = mounts.some(({ mountPath }) => mountPath === TEMPORARY_MOUNT);
  return {
    ...container,
    securityContext: users.privileged === true ? withoutConfinement(merged, users) : merged,
    volumeMounts: hasTemporary ? mounts : [...mounts, { name: TEMPORARY_VOLUME, mountPath: TEMPORARY_MOUNT }],
  };
}

/** Null is what is not there; it must not stand over what is set here. */
function withoutNulls<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_name, item: unknown) => item ?? undefined) as Value;
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
