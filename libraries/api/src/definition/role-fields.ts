/** The roles of a job, and the part of spec and status that is about each. Imports nothing, so that rules can use it. */

/** In the order in which they are started. */
export const ROLES = ['coordinator', 'server', 'worker'] as const;

/** What a process of a job does. */
export type Role = (typeof ROLES)[number];

export const ROLE_FIELDS = {
  coordinator: 'coordinator',
  server: 'parameterServers',
  worker: 'workers',
} as const satisfies Readonly<Record<Role, string>>;

/** A role as the field's name in the spec. */
export type RoleField = (typeof ROLE_FIELDS)[Role];

export const ROLE_FIELD_NAMES: readonly RoleField[] = ROLES.map((role) => ROLE_FIELDS[role]);
