/** Of each container: the Pod Security Standards, and where images come from. */
import { when, words } from './given.ts';
import type { IsolationRule } from './rule.ts';
import { contextRules } from './security-contexts.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline */
const HARMLESS_CAPABILITIES = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
] as const;

/** The kubelet would connect to a host of the template's choice, from the node. */
const HOSTS = [
  ...['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle.postStart', 'lifecycle.preStop'],
].flatMap((field) => [`${field}.httpGet.host`, `${field}.tcpSocket.host`]);

const container = (rule: Omit<IsolationRule, 'subject'>): IsolationRule => ({
  ...rule,
  subject: 'containers',
});

/** A name up to a boundary; after a colon only a tag, as `registry:5000/name` is another registry. */
function isFrom(image: string): string {
  const after = `${image}.substring(size(allowed) + 1)`;
  return `'*' in variables.images || variables.images.exists(allowed, ${image} == allowed || ${image}.startsWith(allowed + '/') || ${image}.startsWith(allowed + '@') || (${image}.startsWith(allowed + ':') && !${after}.contains('/')))`;
}

export const imageProblem = {
  problem: 'must be an image that isolation.images allows',
  remedy: 'Leave it out to have the image of the installation, or ask the administrator.',
} as const;
export const imageIsAllowed = (path: string): string => when(path, isFrom);

export const containerRules: readonly IsolationRule[] = [
  ...contextRules('containers'),
  container({
    name: 'privileged',
    holds: 'baseline',
    cel: when('securityContext.privileged', (field) => `${field} == false`),
    field: 'securityContext.privileged',
    problem: 'must not be true',
    remedy: 'Leave it out: devices come from resources.limits.',
  }),
  container({
    name: 'privilege-escalation',
    holds: 'restricted',
    cel: when('securityContext.allowPrivilegeEscalation', (field) => `${field} == false`),
    field: 'securityContext.allowPrivilegeEscalation',
    problem: 'must not be true',
    remedy: 'Leave it out: the operator sets false.',
  }),
  container({
    name: 'capabilities-added',
    holds: 'baseline',
    cel: when(
      'securityContext.capabilities.add',
      (field) => `${field}.all(name, name in ${words(HARMLESS_CAPABILITIES)})`,
    ),
    field: 'securityContext.capabilities.add',
    problem: `must have no others than ${HARMLESS_CAPABILITIES.join(', ')}`,
    remedy: 'Leave them out.',
  }),
  container({
    name: 'capabilities-added-in-restricted',
    holds: 'restricted',
    cel: when(
      'securityContext.capabilities.add',
      (field) => `${field}.all(name, name == 'NET_BIND_SERVICE')`,
    ),
    field: 'securityContext.capabilities.add',
    problem: 'must have no other than NET_BIND_SERVICE',
    remedy: 'Leave them out: no role needs any.',
  }),
  container({
    name: 'capabilities-dropped',
    holds: 'restricted',
    cel: when('securityContext.capabilities.drop', (field) => `'ALL' in ${field}`),
    field: 'securityContext.capabilities.drop',
    problem: 'must have ALL',
    remedy: 'Leave it out: the operator drops ALL.',
  }),
  container({
    name: 'proc-mount',
    holds: 'baseline',
    cel: when('securityContext.procMount', (field) => `${field} in ['', 'Default']`),
    field: 'securityContext.procMount',
    problem: 'must be Default',
    remedy: 'Leave it out.',
  }),
  container({
    name: 'host-ports',
    holds: 'baseline',
    cel: when(
      'ports',
      (field) => `${field}.all(port, !has(port.hostPort) || port.hostPort == null || port.hostPort == 0)`,
    ),
    field: 'ports',
    problem: 'must have no hostPort',
    remedy: 'Leave hostPort out: pods reach each other by their own addresses.',
  }),
  container({
    name: 'hosts-of-probes',
    holds: 'baseline',
    cel: HOSTS.map((path) => `(${when(path, (field) => `${field} == ''`)})`).join(' && '),
    field: 'livenessProbe',
    problem: 'and the other probes and lifecycle hooks must name no host',
    remedy: 'Leave host out: the pod itself is asked.',
  }),
  container({
    name: 'images',
    holds: 'always',
    cel: imageIsAllowed('image'),
    field: 'image',
    ...imageProblem,
  }),
];
