/** Jobs that the default isolation does not allow; for the tests here and on a real cluster. */
import type { Json } from '../schema/node.ts';
import type { Refusal } from './manifests.ts';

const pod = 'spec.workers.template.spec';
const trainer = `${pod}.containers[trainer]`;

function ofContainer(name: string, more: Json, field: string, says: string): Refusal {
  const container = { name: 'trainer', ...(more as object) } as Json;
  return { name, changes: { [`${pod}.containers`]: [container] }, path: `${trainer}.${field}`, says };
}

function ofVolume(name: string, more: Json, field: string, says: string): Refusal {
  const volume = { name: 'extra', ...(more as object) } as Json;
  return { name, changes: { [`${pod}.volumes`]: [volume] }, path: `${pod}.volumes[extra]${field}`, says };
}

function ofPod(name: string, changes: Json, field: string, says: string): Refusal {
  return { name, changes: { [pod]: changes }, path: `${pod}.${field}`, says };
}

const context = (securityContext: Json): Json => ({ securityContext });

export const isolationRefusals: readonly Refusal[] = [
  ofContainer('privileged', context({ privileged: true }), 'securityContext.privileged', 'must not be true'),
  ofContainer(
    'privileges to be gained',
    context({ allowPrivilegeEscalation: true }),
    'securityContext.allowPrivilegeEscalation',
    'must not be true',
  ),
  ofContainer(
    'a capability',
    context({ capabilities: { add: ['SYS_PTRACE'] } }),
    'securityContext.capabilities.add',
    'must have no other',
  ),
  ofContainer(
    '/proc of the node',
    context({ procMount: 'Unmasked' }),
    'securityContext.procMount',
    'must be Default',
  ),
  ofContainer(
    'no seccomp',
    context({ seccompProfile: { type: 'Unconfined' } }),
    'securityContext.seccompProfile.type',
    'must be one of RuntimeDefault, Localhost',
  ),
  ofContainer(
    'what is of a wrong type',
    context({ privileged: {} }),
    'securityContext.privileged',
    'must not',
  ),
  ofContainer(
    'a port of the node',
    { ports: [{ containerPort: 80, hostPort: 80 }] },
    'ports',
    'must have no hostPort',
  ),
  ofContainer(
    'a probe of another host',
    { livenessProbe: { httpGet: { host: '169.254.169.254', port: 80 } } },
    'livenessProbe',
    'and the other probes',
  ),
  ofPod('root', { securityContext: { runAsUser: 0 } }, 'securityContext.runAsUser', 'must not be 0'),
  ofPod(
    'a sysctl',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    'securityContext.sysctls',
    'must have no others',
  ),
  ofPod('an account', { serviceAccountName: 'trainer' }, 'serviceAccountName', 'must be one that isolation'),
  ofPod(
    "a node's priority",
    { priorityClassName: 'system-node-critical' },
    'priorityClassName',
    'must be one that isolation',
  ),
  ofPod('every taint', { tolerations: [{ operator: 'Exists' }] }, 'tolerations', 'must have keys'),
  ofVolume('a directory of the node', { hostPath: { path: '/' } }, '', 'must be of one of the kinds'),
  ofVolume('NFS', { nfs: { server: 'store', path: '/' } }, '', 'must be of one of the kinds'),
  ofVolume('a driver in the pod', { csi: { driver: 'x' } }, '.csi.driver', 'must be one that isolation'),
  ofVolume(
    'a token',
    { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    '.projected.sources',
    'must have no others than',
  ),
  {
    name: 'no AppArmor, as an annotation',
    changes: {
      'spec.workers.template.metadata.annotations': {
        'container.apparmor.security.beta.kubernetes.io/trainer': 'unconfined',
      },
    },
    path: 'spec.workers.template.metadata.annotations',
    says: 'must have no profiles of AppArmor',
  },
];
