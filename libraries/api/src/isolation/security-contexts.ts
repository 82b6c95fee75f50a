/** Of security contexts, which pods and containers have: the Pod Security Standards. */
import { when, words } from './given.ts';
import type { IsolationRule } from './rule.ts';

const SELINUX_TYPES = [
  ...['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'],
] as const;
const PROFILE_TYPES = ['RuntimeDefault', 'Localhost'] as const;

const typed = (path: string): string =>
  when(path, (field) => `has(${field}.type) && ${field}.type in ${words(PROFILE_TYPES)}`);

export function contextRules(subject: 'pods' | 'containers'): readonly IsolationRule[] {
  const owner = subject === 'pods' ? 'pod' : 'container';
  return [
    {
      name: `${owner}-seccomp`,
      subject,
      holds: 'baseline',
      cel: typed('securityContext.seccompProfile'),
      field: 'securityContext.seccompProfile.type',
      problem: `must be one of ${PROFILE_TYPES.join(', ')}`,
      remedy: 'Leave it out: RuntimeDefault is set for the pod.',
    },
    {
      name: `${owner}-app-armor`,
      subject,
      holds: 'baseline',
      cel: typed('securityContext.appArmorProfile'),
      field: 'securityContext.appArmorProfile.type',
      problem: `must be one of ${PROFILE_TYPES.join(', ')}`,
      remedy: 'Leave it out.',
    },
    {
      name: `${owner}-selinux`,
      subject,
      holds: 'baseline',
      cel: [
        when('securityContext.seLinuxOptions.type', (field) => `${field} in ${words(SELINUX_TYPES)}`),
        ...['user', 'role'].map((name) =>
          when(`securityContext.seLinuxOptions.${name}`, (field) => `${field} == ''`),
        ),
      ]
        .map((condition) => `(${condition})`)
        .join(' && '),
      field: 'securityContext.seLinuxOptions',
      problem: `must have no user, no role, and no other type than ${SELINUX_TYPES.filter((type) => type !== '').join(', ')}`,
      remedy: 'Leave them out.',
    },
    {
      name: `${owner}-host-process`,
      subject,
      holds: 'baseline',
      cel: when('securityContext.windowsOptions.hostProcess', (field) => `${field} == false`),
      field: 'securityContext.windowsOptions.hostProcess',
      problem: 'must not be true',
      remedy: 'Leave it out.',
    },
    {
      name: `${owner}-run-as-non-root`,
      subject,
      holds: 'restricted',
      cel: when('securityContext.runAsNonRoot', (field) => `${field} == true`),
      field: 'securityContext.runAsNonRoot',
      problem: 'must not be false',
      remedy: 'Leave it out: the operator sets true.',
    },
    {
      name: `${owner}-run-as-user`,
      subject,
      holds: 'restricted',
      cel: when('securityContext.runAsUser', (field) => `${field} != 0`),
      field: 'securityContext.runAsUser',
      problem: 'must not be 0',
      remedy: "Leave it out: the image's own user is nobody's.",
    },
  ];
}
