/** `wsi cohort check`: what in a table may name a patient. */
import type { Command } from 'commander';
import { directIdentifiers, type IdentifyingColumn } from '@wsi-operator/cohort';
import { printLine } from '../../terminal/streams.ts';
import { readWholeTable, type TableFlags, withTableOptions } from './whole-table.ts';

const DESCRIPTION = `Looks for what names a patient in TABLE: columns that are called so (names, dates
of birth, addresses, numbers of hospitals and insurances), names and dates in
identifiers and in the names of slides, e-mail addresses and telephone numbers.
Only lines are printed, never values. That nothing is found does not make a
table anonymous: see docs/privacy.md.`;

const EXAMPLES = `
Examples:
  wsi cohort check cohort.csv
  wsi cohort check cohort.csv --patient-column case_id --slide-column file
  wsi cohort check cohort.csv --json

Exit status: 0, also when something is found; 64 when the table cannot be read.`;

interface CheckFlags extends TableFlags {
  readonly json?: true;
}

export function registerCohortCheck(cohort: Command): void {
  withTableOptions(
    cohort
      .command('check')
      .summary('warn of what names a patient')
      .description(DESCRIPTION)
      .argument('<table>', 'CSV with a row for each slide; a path or an address in S3'),
  )
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: CheckFlags) => {
      const table = await readWholeTable(path, flags);
      const found = directIdentifiers(table, [flags.patientColumn, flags.slideColumn]);
      if (flags.json === true)
        printLine(JSON.stringify({ table: path, rows: table.rows.length, identifiers: found }));
      else for (const line of checkLines(path, table.rows.length, found)) printLine(line);
    });
}

/** What is said of a table; values are not repeated. */
export function checkLines(path: string, rows: number, found: readonly IdentifyingColumn[]): string[] {
  if (found.length === 0) {
    return [`${path}: ${rows} rows; nothing found that looks as if it named a patient.`];
  }
  return [
    `${path}: ${rows} rows; these may name patients:`,
    ...found.map((of) => `  ${columnText(of)}`),
    `Take them out with: wsi cohort pseudonymise ${path} --output NEW.csv --key KEY --mapping MAPPING.csv`,
  ];
}

function columnText({ column, kind, by, lines }: IdentifyingColumn): string {
  const article = /^[aeiou]/.test(kind) ? 'an' : 'a';
  const how = by === 'column' ? 'is called as if it held' : 'holds what looks like';
  return `column '${column}' ${how} ${article} ${kind} (${lineText(lines)})`;
}

const SHOWN_LINES = 5;

function lineText(lines: readonly number[]): string {
  if (lines.length === 1) return `line ${lines.join()}`;
  const more = lines.length > SHOWN_LINES ? ` and ${lines.length - SHOWN_LINES} more` : '';
  return `lines ${lines.slice(0, SHOWN_LINES).join(', ')}${more}`;
}
