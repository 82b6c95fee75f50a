/** Parts of rules: fields that may be absent, or null, which means the same. */

/** True when the field is there. @param path from `one.self`, such as `securityContext.privileged` */
export function given(path: string): string {
  const names = path.split('.');
  return names
    .map((_name, index) => `one.self.${names.slice(0, index + 1).join('.')}`)
    .map((field) => `has(${field}) && ${field} != null`)
    .join(' && ');
}

/** The condition holds where the field is there. */
export function when(path: string, condition: (field: string) => string): string {
  return `!(${given(path)}) || (${condition(`one.self.${path}`)})`;
}

/** The text is in a list of the settings, or the list allows any. */
export function listed(list: string, value: string): string {
  return `'*' in variables.${list} || ${value} in variables.${list}`;
}

export function words(all: readonly string[]): string {
  return `[${all.map((word) => `'${word}'`).join(', ')}]`;
}
