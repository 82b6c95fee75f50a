/** Of each template's pod and its volumes: the Pod Security Standards, tokens, and what is shared with other tenants. */
import { imageIsAllowed, imageProblem } from './container-rules.ts';
import { listed, when, words } from './given.ts';
import type { IsolationRule } from './rule.ts';
import { contextRules } from './security-contexts.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline */
const HARMLESS_SYSCTLS = [
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start'],
  ...['net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_local_reserved_ports'],
  ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl'],
  ...['net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
] as const;
const HARMLESS_VOLUMES = [
  ...[
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ],
] as const;
/** The others are an identity: a token of a service account, a certificate of the pod. */
const HARMLESS_SOURCES = ['clusterTrustBundle', 'configMap', 'downwardAPI', 'secret'] as const;
const ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const CONTROL_PLANE = 'node-role.kubernetes.io/';

const pod = (rule: Omit<IsolationRule, 'subject'>): IsolationRule => ({ ...rule, subject: 'pods' });
const volume = (rule: Omit<IsolationRule, 'subject'>): IsolationRule => ({ ...rule, subject: 'volumes' });

function named(name: string, field: string, list: string): IsolationRule {
  return pod({
    name,
    holds: 'always',
    cel: when(field, (value) => `${value} == '' || ${listed(list, value)}`),
    field,
    problem: `must be one that isolation.${list} allows`,
    remedy: 'Leave it out, or ask the administrator.',
  });
}

export const podRules: readonly IsolationRule[] = [
  ...contextRules('pods'),
  pod({
    name: 'sysctls',
    holds: 'baseline',
    cel: when(
      'securityContext.sysctls',
      (field) => `${field}.all(setting, setting.name in ${words(HARMLESS_SYSCTLS)})`,
    ),
    field: 'securityContext.sysctls',
    problem: `must have no others than ${HARMLESS_SYSCTLS.join(', ')}`,
    remedy: 'Leave them out.',
  }),
  {
    name: 'app-armor-annotations',
    subject: 'podMetadata',
    holds: 'baseline',
    cel: when(
      'annotations',
      (field) =>
        `${field}.all(key, !key.startsWith('${ARMOR}') || ${field}[key] in ['', 'runtime/default'] || ${field}[key].startsWith('localhost/'))`,
    ),
    field: 'annotations',
    problem: `must have no profiles of AppArmor (${ARMOR}...) but runtime/default and localhost/...`,
    remedy: 'Leave them out.',
  },
  pod({
    name: 'service-accounts',
    holds: 'always',
    cel: when(
      'serviceAccountName',
      (value) =>
        `${value} in ['', 'default'] || ${listed('serviceAccounts', value)} || (variables.jobNamespace + '/' + ${value}) in variables.serviceAccounts`,
    ),
    field: 'serviceAccountName',
    problem: 'must be one that isolation.serviceAccounts allows',
    remedy: 'Leave it out (imagePullSecrets can be named on their own), or ask the administrator.',
  }),
  pod({
    name: 'priority-classes',
    holds: 'always',
    cel: when(
      'priorityClassName',
      (value) =>
        `${value} == '' || ${value} in variables.priorityClasses || ('*' in variables.priorityClasses && !${value}.startsWith('system-'))`,
    ),
    field: 'priorityClassName',
    problem: 'must be one that isolation.priorityClasses allows; those that begin with system- only by name',
    remedy: 'Leave it out, or ask the administrator.',
  }),
  named('runtime-classes', 'runtimeClassName', 'runtimeClasses'),
  named('schedulers', 'schedulerName', 'schedulers'),
  pod({
    name: 'tolerations',
    holds: 'always',
    cel: when('tolerations', (field) => {
      const key = "(has(taint.key) && taint.key != null ? taint.key : '')";
      return `${field}.all(taint, ${key} in variables.tolerations || ('*' in variables.tolerations && ${key} != '' && !${key}.startsWith('${CONTROL_PLANE}')))`;
    }),
    field: 'tolerations',
    problem: `must have keys that isolation.tolerations allows; none (which is all taints) and ${CONTROL_PLANE}... only by name`,
    remedy: 'Name the taint of the nodes that the job is for, such as nvidia.com/gpu.',
  }),
];

export const volumeRules: readonly IsolationRule[] = [
  volume({
    name: 'kinds-of-volumes',
    holds: 'restricted',
    cel: `one.self.all(key, key in ${words(['name', ...HARMLESS_VOLUMES])})`,
    field: '',
    problem: `must be of one of the kinds ${HARMLESS_VOLUMES.join(', ')}`,
    remedy: 'Use a claim: storage.data.claimName, storage.output.claimName or persistentVolumeClaim.',
  }),
  volume({
    name: 'host-paths',
    holds: 'baseline',
    cel: when(
      'hostPath',
      (field) =>
        `has(${field}.path) && !${field}.path.contains('..') && ('*' in variables.hostPaths || variables.hostPaths.exists(allowed, ${field}.path == allowed || ${field}.path.startsWith(allowed + '/')))`,
    ),
    field: 'hostPath.path',
    problem: 'must be in a directory that isolation.hostPaths allows',
    remedy: 'Use a claim, or ask the administrator.',
  }),
  volume({
    name: 'projected-identities',
    holds: 'baseline',
    cel: when(
      'projected.sources',
      (field) => `${field}.all(source, source.all(key, key in ${words(HARMLESS_SOURCES)}))`,
    ),
    field: 'projected.sources',
    problem: `must have no others than ${HARMLESS_SOURCES.join(', ')}: no token of a service account`,
    remedy: 'Leave it out: no role talks to the API server.',
  }),
  volume({
    name: 'csi-drivers',
    holds: 'restricted',
    cel: when('csi', (field) => `has(${field}.driver) && (${listed('csiDrivers', `${field}.driver`)})`),
    field: 'csi.driver',
    problem: 'must be one that isolation.csiDrivers allows',
    remedy: 'Use a claim, or ask the administrator.',
  }),
  volume({
    name: 'image-volumes',
    holds: 'always',
    cel: imageIsAllowed('image.reference'),
    field: 'image.reference',
    ...imageProblem,
  }),
];
