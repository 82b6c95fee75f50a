/** A table with all of its columns, of which only those of patients and slides are known. */
import type { Command } from 'commander';
import { columnsOf, foldProblems, readRows, readTableText, remediesOf } from '@wsi-operator/cohort';
import { WsiError } from '@wsi-operator/foundation';
import { storeOfEnvironment } from '@wsi-operator/slides';

export interface TableFlags {
  readonly patientColumn: string;
  readonly slideColumn: string;
}

export interface WholeTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly cells: Readonly<Record<string, string>> }[];
}

export function withTableOptions(command: Command): Command {
  return command
    .option('--patient-column <name>', 'column of the patients', 'patient')
    .option('--slide-column <name>', 'column of the slides', 'slide');
}

/** @throws WsiError `InvalidCohort` when it cannot be read as a table, or has no column of patients or slides */
export async function readWholeTable(path: string, flags: TableFlags): Promise<WholeTable> {
  const store = storeOfEnvironment();
  const text = await readTableText(path, store).finally(() => store.close());
  const likely = [flags.patientColumn, flags.slideColumn];
  const columns = columnsOf(text, likely);
  const { rows, problems } = readRows(text, [...new Set([...columns, ...likely])]);
  if (problems.length > 0) {
    const lines = foldProblems(problems).map((line) => `\n  ${line}`);
    throw new WsiError('InvalidCohort', `the table cannot be read whole:${lines.join('')}\n`, {
      where: path,
      remedy: [
        ...remediesOf(problems.filter(({ code }) => code !== 'MissingColumn')),
        'Name its columns with --patient-column and --slide-column.',
      ].join(' '),
    });
  }
  return { columns, rows };
}
