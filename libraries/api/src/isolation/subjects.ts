/** The parts of a job that isolation rules check, in CEL: each as `{ at: its path, self: the part }`. */

import { ROLE_FIELD_NAMES } from '../definition/role-fields.ts';

/** True when all fields on the way are there. @param path such as `spec.workers.template` */
function present(path: string): string {
  const names = path.split('.');
  return names
    .map((_name, index) => `has(object.${names.slice(0, index + 1).join('.')})`)
    .slice(1)
    .join(' && ');
}

function part(path: string): string {
  return `(${present(path)} ? [{'at': dyn('${path}'), 'self': dyn(object.${path})}] : [])`;
}

/** The items of a list, told apart by their names. */
function items(path: string): string {
  const each = `object.${path}.map(item, {'at': dyn('${path}[' + item.name + ']'), 'self': dyn(item)})`;
  return `(${present(path)} ? ${each} : [])`;
}

function ofRoles(make: (path: string) => string, ...fields: readonly string[]): string {
  return ROLE_FIELD_NAMES.flatMap((role) =>
    fields.map((field) => make(`spec.${role}.template.${field}`)),
  ).join(' + ');
}

export const SUBJECTS = {
  pods: ofRoles(part, 'spec'),
  podMetadata: ofRoles(part, 'metadata'),
  containers: ofRoles(items, 'spec.containers', 'spec.initContainers'),
  volumes: ofRoles(items, 'spec.volumes'),
  jobs: "[{'at': dyn(''), 'self': dyn(object)}]",
} as const;
export type SubjectName = keyof typeof SUBJECTS;
