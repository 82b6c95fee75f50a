/** What the operator and its users may do: read from the chart, for the roles in manifests/ and the documents. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CHART = `${ROOT}helm/wsi-operator/`;

export const SCOPES = ['jobs', 'cluster', 'release'] as const;
export type Scope = (typeof SCOPES)[number];
export const GANGS = ['kueue', 'volcano', 'coscheduling', 'native'] as const;
export type Gang = (typeof GANGS)[number];

/** As in a Role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Permission extends PolicyRule {
  readonly scope: Scope;
  /** Granted only when this gang is enabled. */
  readonly gang?: Gang;
  readonly why: string;
}

export interface UserRole {
  readonly name: string;
  readonly aggregateTo: readonly string[];
  readonly rules: readonly PolicyRule[];
}

export function readPermissions(): readonly Permission[] {
  const text = readFileSync(`${CHART}files/permissions.yaml`, 'utf8');
  return (load(text) as { permissions: readonly Permission[] }).permissions;
}

export function readUserRoles(): readonly UserRole[] {
  const text = readFileSync(`${CHART}files/user-roles.yaml`, 'utf8');
  return (load(text) as { roles: readonly UserRole[] }).roles;
}

/** The rules of a scope that always hold (no gang), or those of one gang. */
export function rulesOf(scope: Scope, gang: Gang | undefined, leaseName: string): PolicyRule[] {
  return readPermissions()
    .filter((permission) => permission.scope === scope && permission.gang === gang)
    .map(({ apiGroups, resources, resourceNames, verbs }) => ({
      apiGroups,
      resources,
      ...(resourceNames === undefined
        ? {}
        : { resourceNames: resourceNames.map((name) => name.replace('LEASE_NAME', leaseName)) }),
      verbs,
    }));
}
