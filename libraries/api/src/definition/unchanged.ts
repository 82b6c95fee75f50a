/** The rule by which a part of a stored job stays as it is, but for some of its fields. */
import type { Rule } from '../schema/node.ts';

/** On changes of the cohort, of these fields of it. */
export function unchanged(fields: readonly string[]): Rule {
  const same = fields.map(
    (name) =>
      `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
  );
  return {
    cel: same.join(' && '),
    message: 'cohort cannot change, but for s3: checkpoints and results belong to it',
    field: '',
    remedy: 'Create a new job.',
  };
}
