/**
 * The Pod Security Standard `restricted` as its page says it, independent of the rules of isolation: what of a pod does not
 * meet it. Only what pods of jobs can have; https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { V1Container, V1Pod, V1PodSecurityContext, V1SecurityContext } from '../kubernetes-types.ts';

const VOLUMES = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral'],
  ...['persistentVolumeClaim', 'projected', 'secret'],
];
const SYSCTLS = [
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start'],
  ...['net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_local_reserved_ports'],
];
const ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const PROFILES = ['RuntimeDefault', 'Localhost'];

type Statement = readonly [meets: boolean, what: string];

export function restrictedFaults(pod: V1Pod): string[] {
  const { spec, metadata } = pod;
  if (spec === undefined) return ['no spec'];
  const context = spec.securityContext ?? {};
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const namespaces = [spec.hostNetwork, spec.hostPID, spec.hostIPC];
  const statements: Statement[] = [
    [namespaces.every((one) => one !== true), 'host namespaces'],
    ...(spec.volumes ?? []).map(({ name, ...kinds }): Statement => [
      Object.keys(kinds).every((kind) => VOLUMES.includes(kind)),
      `volume ${name}`,
    ]),
    [listOf(context.sysctls).every(({ name }) => SYSCTLS.includes(name)), 'sysctls'],
    ...Object.entries(metadata?.annotations ?? {}).map(([key, value]): Statement => [
      !key.startsWith(ARMOR) || /^(|runtime\/default|localhost\/.*)$/.test(value),
      key,
    ]),
    ...ofContext(context),
    ...containers.flatMap((container) => ofContainer(container, context)),
  ];
  return statements.filter(([meets]) => !meets).map(([, what]) => what);
}

function ofContainer(container: V1Container, pod: V1PodSecurityContext): Statement[] {
  const own = container.securityContext ?? {};
  const statements: Statement[] = [
    [(own.runAsNonRoot ?? pod.runAsNonRoot) === true, 'runAsNonRoot'],
    [PROFILES.includes((own.seccompProfile ?? pod.seccompProfile)?.type ?? ''), 'seccompProfile'],
    [own.privileged !== true, 'privileged'],
    [own.allowPrivilegeEscalation === false, 'allowPrivilegeEscalation'],
    [listOf(own.capabilities?.add).every((name) => name === 'NET_BIND_SERVICE'), 'capabilities.add'],
    [listOf(own.capabilities?.drop).includes('ALL'), 'capabilities.drop'],
    [(own.procMount ?? 'Default') === 'Default', 'procMount'],
    [listOf(container.ports).every(({ hostPort }) => (hostPort ?? 0) === 0), 'hostPort'],
    [hostsOf(container).every((host) => (host ?? '') === ''), 'host of a probe'],
    ...ofContext(own),
  ];
  return statements.map(([meets, what]) => [meets, `${container.name} ${what}`]);
}

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: V1Container): unknown[] {
  const hooks = [livenessProbe, readinessProbe, startupProbe, lifecycle?.preStop, lifecycle?.postStart];
  return hooks.flatMap((hook) => [hook?.httpGet?.host, hook?.tcpSocket?.host]);
}

/** Of pods and containers alike. */
function ofContext(context: V1SecurityContext): Statement[] {
  const { user = '', role = '', type = '' } = context.seLinuxOptions ?? {};
  const profile = (one: { readonly type?: string } | undefined): boolean =>
    PROFILES.includes(one?.type ?? 'RuntimeDefault');
  return [
    [context.windowsOptions?.hostProcess !== true, 'hostProcess'],
    [user === '' && role === '', 'user and role of SELinux'],
    [/^(|container_(t|init_t|kvm_t|engine_t))$/.test(type), 'type of SELinux'],
    [profile(context.seccompProfile), 'seccompProfile'],
    [profile(context.appArmorProfile), 'appArmorProfile'],
    [context.runAsNonRoot !== false, 'runAsNonRoot'],
    [context.runAsUser !== 0, 'runAsUser'],
  ];
}

/** What is no list, the API server refuses by its type. */
function listOf<Item>(value: readonly Item[] | undefined): readonly Item[] {
  return value instanceof Array ? value : [];
}
