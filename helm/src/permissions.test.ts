/** The rights are those that the operator's code needs: no fewer, and no more. */
import { describe, expect, test } from '@jest/globals';
import { JOBS, OWNED, PODS, SECRETS } from '../../operator/src/cluster/kubernetes/resources.ts';
import { GANG_RESOURCES } from '../../operator/src/plan/gangs/gang.ts';
import { GANGS, readPermissions, type Permission } from './permissions.ts';

const WATCHED = ['get', 'list', 'watch'];
const MADE = [...WATCHED, 'create', 'patch', 'delete'];

interface Need {
  readonly group: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

function verbsOn(permissions: readonly Permission[], group: string, plural: string): string[] {
  const granted = permissions.filter(
    ({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(plural),
  );
  return [...new Set(granted.flatMap(({ verbs }) => verbs))];
}

function check(permissions: readonly Permission[], needs: readonly Need[]): void {
  for (const { group, plural, namespaced, verbs } of needs) {
    const scope = namespaced ? 'jobs' : 'cluster';
    const there = permissions.filter((permission) => permission.scope === scope);
    expect([plural, verbsOn(there, group, plural).sort()]).toEqual([plural, [...verbs].sort()]);
  }
}

/** `GROUP/PLURAL` of what is granted, subresources aside. */
function granted(permissions: readonly Permission[]): string[] {
  const names = permissions.flatMap(({ apiGroups, resources }) =>
    apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource.split('/')[0] ?? ''}`)),
  );
  return [...new Set(names)].sort();
}
const nameOf = ({ group, plural }: { group: string; plural: string }): string => `${group}/${plural}`;

describe('without a gang', () => {
  const permissions = readPermissions().filter(({ gang }) => gang === undefined);

  test('jobs are watched and deleted; what they own is made, claims never deleted; Secrets are read by name', () => {
    check(permissions, [
      { ...JOBS, verbs: [...WATCHED, 'delete'] },
      { ...PODS, verbs: MADE },
      ...OWNED.map((resource) => ({
        ...resource,
        verbs: resource.kind === 'PersistentVolumeClaim' ? MADE.filter((verb) => verb !== 'delete') : MADE,
      })),
      { ...SECRETS, verbs: ['get', 'create', 'patch', 'delete'] },
    ]);
  });

  test('there is nothing else but events and the Lease', () => {
    expect(granted(permissions)).toEqual(
      [
        ...[JOBS, PODS, SECRETS, ...OWNED].map(nameOf),
        'events.k8s.io/events',
        'coordination.k8s.io/leases',
      ].sort(),
    );
  });
});

describe.each(GANGS)('gang %s', (gang) => {
  const permissions = readPermissions().filter((permission) => permission.gang === gang);
  const resources = GANG_RESOURCES[gang];

  test('its objects are made, those of the administrator are read', () => {
    check(
      permissions,
      resources.map((resource) => ({ ...resource, verbs: resource.use === 'owned' ? MADE : WATCHED })),
    );
  });

  test('there is nothing else', () => {
    expect(granted(permissions)).toEqual(resources.map(nameOf).sort());
  });
});
