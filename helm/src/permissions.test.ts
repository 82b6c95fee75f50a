/** The rights are those that the operator's code uses: no fewer, and no more. */
import { describe, expect, test } from '@jest/globals';
import { GANG_NAMES, type GangName } from '@wsi-operator/api';
import { RIGHTS } from '@wsi-operator/operator/testing/chart';
import { OPTIONS, readPermissions, rulesOf, rulesOfOption, SCOPES, type PolicyRule } from './permissions.ts';

const LEASE = 'wsi-operator';

/** `SCOPE VERB RESOURCE.GROUP`, in order. */
function sorted(rights: readonly string[]): string[] {
  return [...new Set(rights)].sort();
}

function granted(rulesIn: (scope: (typeof SCOPES)[number]) => readonly PolicyRule[]): string[] {
  const rights = SCOPES.flatMap((scope) =>
    rulesIn(scope).flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${scope} ${verb} ${resource}.${group}`)),
      ),
    ),
  );
  return sorted(rights);
}

function needed(gang: GangName | undefined, option?: (typeof OPTIONS)[number]): string[] {
  const rights = RIGHTS.filter((right) => right.gang === gang && right.option === option);
  return sorted(
    rights.flatMap(({ scope, group, resource, verbs }) =>
      verbs.map((verb) => `${scope} ${verb} ${resource}.${group}`),
    ),
  );
}

test.each([undefined, ...GANG_NAMES])('the granted permissions are those in use (gang: %s)', (gang) => {
  expect(needed(gang).length).toBeGreaterThan(0);
  expect(granted((scope) => rulesOf(scope, gang, LEASE))).toEqual(needed(gang));
});

test.each(OPTIONS)('the permissions granted with %s are those in use', (option) => {
  expect(needed(undefined, option).length).toBeGreaterThan(0);
  expect(granted((scope) => rulesOfOption(scope, option))).toEqual(needed(undefined, option));
});

describe('the permissions never include', () => {
  const permissions = readPermissions();

  test('listing or watching Secrets', () => {
    const verbs = permissions
      .filter(({ resources }) => resources.includes('secrets'))
      .flatMap((one) => one.verbs);
    expect([...verbs].sort()).toEqual(['create', 'delete', 'get', 'patch']);
  });

  test('wildcards, or deleting claims', () => {
    for (const { apiGroups, resources, verbs } of permissions) {
      expect([...apiGroups, ...resources, ...verbs]).not.toContain('*');
      if (resources.includes('persistentvolumeclaims')) expect(verbs).not.toContain('delete');
    }
  });

  test('writing to the Lease of another', () => {
    const writes = permissions.filter(
      ({ resources, verbs }) => resources.includes('leases') && verbs.includes('update'),
    );
    expect(writes.map(({ resourceNames }) => resourceNames)).toEqual([['LEASE_NAME']]);
  });
});
