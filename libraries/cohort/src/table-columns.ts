/** Which columns a job reads from its table, and what each is for. */
import type { CohortSpec } from './cohort.ts';
import type { CohortProblem } from './problems.ts';
import { outcomeColumns } from './outcome-columns.ts';
import { quoted } from './spelling/characters.ts';
import { identityColumns } from './table-fields.ts';

export function wantedColumns(spec: CohortSpec): string[] {
  return [...new Set(columnsByRole(spec).map(([, column]) => column))];
}

/** One column for two things, such as the split as the class: what would be learned is not what is meant. */
export function roleProblems(spec: CohortSpec): CohortProblem[] {
  return [...Map.groupBy(columnsByRole(spec), ([, column]) => column)].flatMap(([column, roles]) => {
    const names = roles.map(([role]) => role);
    // Where each patient has one slide, its name may be the patient's, too.
    if (names.length === 1 || names.join() === 'patient,slide') return [];
    const message = `the column ${quoted(column)} is taken as ${names.join(' and ')}`;
    const remedy = 'Name a column of its own in the job for each of these.';
    return [{ column, code: 'DuplicateColumn', message, remedy }];
  });
}

function columnsByRole(spec: CohortSpec): (readonly [role: string, column: string])[] {
  const { outcome, split, resolution } = spec;
  const { patient, slide } = identityColumns(spec);
  const roles = [
    ['patient', patient],
    ['slide', slide],
    ...outcomeColumns(outcome).map(({ role, column }) => [role, column] as const),
    ['treatment', outcome.type === 'survival' ? outcome.treatment : undefined],
    ['split', split?.column],
    ['resolution', resolution?.column],
  ] as const;
  return roles.flatMap(([role, column]) => (column === undefined ? [] : [[role, column] as const]));
}
