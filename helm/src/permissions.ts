/** What the operator and its users may do: read from the chart, for the roles in manifests/ and the documents. */
import { type GangName } from '@wsi-operator/api';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CHART = `${ROOT}helm/wsi-operator/`;

export const SCOPES = ['jobs', 'cluster', 'release'] as const;
export type Scope = (typeof SCOPES)[number];
export const OPTIONS = ['metrics.secure'] as const;
export type Option = (typeof OPTIONS)[number];

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
  readonly gang?: GangName;
  /** Granted only when this part of the values is enabled. */
  readonly option?: Option;
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

/** The rules of a scope that always hold (no gang), or those of one gang; none of an option. */
export function rulesOf(scope: Scope, gang: GangName | undefined, leaseName: string): PolicyRule[] {
  return rulesWhere(leaseName, (permission) => {
    return permission.scope === scope && permission.gang === gang && permission.option === undefined;
  });
}

/** The rules of a scope that an option adds. */
export function rulesOfOption(scope: Scope, option: Option): PolicyRule[] {
  return rulesWhere('', (permission) => permission.scope === scope && permission.option === option);
}

function rulesWhere(leaseName: string, holds: (permission: Permission) => boolean): PolicyRule[] {
  return readPermissions()
    .filter(holds)
    .map(({ apiGroups, resources, resourceNames, verbs }) => ({
      apiGroups,
      resources,
      ...(resourceNames === undefined
        ? {}
        : { resourceNames: resourceNames.map((name) => name.replace('LEASE_NAME', leaseName)) }),
      verbs,
    }));
}
