/** The rights are those that the operator's code uses: no fewer, and no more. */
import { describe, expect, test } from '@jest/globals';
import { RIGHTS } from '../../operator/src/cluster/kubernetes/rights.ts';
import { GANGS, readPermissions, rulesOf, SCOPES, type Gang } from './permissions.ts';

const LEASE = 'wsi-operator';

/** `SCOPE VERB RESOURCE.GROUP`, in order. */
function sorted(rights: readonly string[]): string[] {
  return [...new Set(rights)].sort();
}

function granted(gang: Gang | undefined): string[] {
  const rights = SCOPES.flatMap((scope) =>
    rulesOf(scope, gang, LEASE).flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${scope} ${verb} ${resource}.${group}`)),
      ),
    ),
  );
  return sorted(rights);
}

function needed(gang: Gang | undefined): string[] {
  const rights = RIGHTS.filter((right) => right.gang === gang);
  return sorted(
    rights.flatMap(({ scope, group, resource, verbs }) =>
      verbs.map((verb) => `${scope} ${verb} ${resource}.${group}`),
    ),
  );
}

test.each([undefined, ...GANGS])('what is granted is what is used (gang: %s)', (gang) => {
  expect(needed(gang).length).toBeGreaterThan(0);
  expect(granted(gang)).toEqual(needed(gang));
});

describe('what must never be granted', () => {
  const permissions = readPermissions();

  test('a look at Secrets that the operator does not know by name', () => {
    const verbs = permissions
      .filter(({ resources }) => resources.includes('secrets'))
      .flatMap((one) => one.verbs);
    expect([...verbs].sort()).toEqual(['create', 'delete', 'get', 'patch']);
  });

  test('anything for everything, or any deletion of claims', () => {
    for (const { apiGroups, resources, verbs } of permissions) {
      expect([...apiGroups, ...resources, ...verbs]).not.toContain('*');
      if (resources.includes('persistentvolumeclaims')) expect(verbs).not.toContain('delete');
    }
  });

  test('a write to another Lease than the own one', () => {
    const writes = permissions.filter(
      ({ resources, verbs }) => resources.includes('leases') && verbs.includes('update'),
    );
    expect(writes.map(({ resourceNames }) => resourceNames)).toEqual([['LEASE_NAME']]);
  });
});
