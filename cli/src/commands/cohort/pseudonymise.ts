/** `wsi cohort pseudonymise`: the same table without what names a patient. */
import { randomBytes } from 'node:crypto';
import { lstat, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { checkNames, csvText, directIdentifiers, pseudonymise } from '@wsi-operator/cohort';
import { systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { noteLine, printLine } from '../../terminal/streams.ts';
import { checkLines } from './check.ts';
import { readWholeTable, type TableFlags, type WholeTable, withTableOptions } from './whole-table.ts';

const DESCRIPTION = `Writes a new TABLE: patients under keyed pseudonyms (HMAC-SHA256), columns that name
them left out. The same key gives the same pseudonyms in every table. The key is
made when its file is not there. Key and mapping are for their owner only, and
stay where patients may be named: never beside the new table.`;

const EXAMPLES = `
Examples:
  wsi cohort pseudonymise cohort.csv --output share/cohort.csv --key safe/key --mapping safe/mapping.csv
  wsi cohort pseudonymise cohort.csv -o share/cohort.csv --key safe/key --mapping safe/mapping.csv --slides
  wsi cohort pseudonymise cohort.csv -o share/cohort.csv --key safe/key --mapping safe/mapping.csv --leave-out age

With --slides the table names slides by pseudonyms, too: give their files the names
that the mapping says. What is written inside of the files (labels, patients' names
in DICOM) is not changed by this command.`;

interface PseudonymiseFlags extends TableFlags {
  readonly output: string;
  readonly key: string;
  readonly mapping: string;
  readonly slides?: true;
  readonly leaveOut?: readonly string[];
  readonly keep?: readonly string[];
}

const KEY_BYTES = 32;

export function registerCohortPseudonymise(cohort: Command): void {
  const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
  withTableOptions(
    cohort
      .command('pseudonymise')
      .summary('write the table with pseudonyms')
      .description(DESCRIPTION)
      .argument('<table>', 'CSV with a row for each slide; a path or an address in S3'),
  )
    .requiredOption('-o, --output <file>', 'the new table; it must not be there yet')
    .requiredOption('--key <file>', 'the secret of the pseudonyms; made when it is not there')
    .requiredOption('--mapping <file>', 'who is who; it must not be there yet')
    .option('--slides', 'name the slides by pseudonyms, too')
    .option('--leave-out <column>', 'leave out this column, too; may be given several times', collect)
    .option(
      '--keep <column>',
      'keep this column although it looks as if it named a patient; repeatable',
      collect,
    )
    .addHelpText('after', EXAMPLES)
    .action(writePseudonymised);
}

async function writePseudonymised(path: string, flags: PseudonymiseFlags): Promise<void> {
  await requireApart(flags);
  // Before a key or who is who is left behind of a table that cannot be written.
  for (const file of [flags.output, flags.mapping]) await requireNew(file);
  const table = await readWholeTable(path, flags);
  const leftOut = columnsToLeaveOut(table, flags);
  for (const message of similarPatients(table, flags.patientColumn)) {
    noteLine(`note: ${message}: they get pseudonyms of their own, by which nobody sees it any more`);
  }
  const made = pseudonymise(table, {
    key: await readOrMakeKey(flags.key),
    patientColumn: flags.patientColumn,
    slideColumn: flags.slides === true ? flags.slideColumn : undefined,
    leftOut,
  });
  // The mapping first: a table that nobody can lead back would be of no use.
  const mapping = made.mapping.map(({ kind, identifier, pseudonym }) => [kind, identifier, pseudonym]);
  await writeNew(flags.mapping, csvText([['kind', 'identifier', 'pseudonym'], ...mapping]), 0o600);
  await writeNew(flags.output, csvText([made.columns, ...made.rows]), 0o644).catch(async (error: unknown) => {
    await rm(flags.mapping, { force: true });
    throw error;
  });
  const without =
    leftOut.length === 0 ? '' : `, without ${leftOut.map((column) => `'${column}'`).join(', ')}`;
  printLine(`${flags.output}: ${made.rows.length} rows${without}; who is who: ${flags.mapping}`);
  const rows = table.rows.map(({ line }, index) => ({
    line,
    cells: cellsOf(made.columns, made.rows[index] ?? []),
  }));
  const left = directIdentifiers({ columns: made.columns, rows }, [flags.patientColumn, flags.slideColumn]);
  if (left.length > 0) checkLines(flags.output, rows.length, left).slice(0, -1).forEach(noteLine);
}

/** The new table no longer shows that two patients may be one. */
function similarPatients({ rows }: WholeTable, patientColumn: string): string[] {
  const names = rows.flatMap(({ line, cells: { [patientColumn]: name = '' } }) =>
    name === '' ? [] : [{ kind: 'patient' as const, name, line }],
  );
  const { problems } = checkNames(names, [], {});
  return problems.flatMap(({ code, message }) => (code === 'SimilarPatients' ? [message] : []));
}

function cellsOf(columns: readonly string[], cells: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
}

/** What lies in one directory goes the same way: with the key or the mapping, pseudonyms hide nothing. */
async function requireApart({ output, key, mapping }: PseudonymiseFlags): Promise<void> {
  const place = await placeOf(output);
  for (const [what, file] of [
    ['key', key],
    ['mapping', mapping],
  ] as const) {
    if ((await placeOf(file)) !== place) continue;
    throw new WsiError('InvalidArgument', `the ${what} would lie beside the new table.`, {
      where: file,
      remedy: `Give --${what} a file in another directory, which is not copied to where the table goes.`,
    });
  }
}

/** The directory, whatever links lead to it. */
async function placeOf(file: string): Promise<string> {
  const directory = dirname(resolve(file));
  return realpath(directory).catch((error: unknown) => {
    throw new WsiError('InvalidArgument', 'the directory is not there.', {
      where: directory,
      remedy: 'Make it first.',
      cause: error,
    });
  });
}

async function requireNew(file: string): Promise<void> {
  const there = await lstat(file).catch(() => undefined);
  if (there !== undefined) throw cannotWrite(file, true);
}

function columnsToLeaveOut(table: WholeTable, flags: PseudonymiseFlags): string[] {
  const identifiers = [flags.patientColumn, flags.slideColumn];
  const unknown = [...(flags.leaveOut ?? []), ...(flags.keep ?? [])].find(
    (column) => !table.columns.includes(column),
  );
  if (unknown !== undefined) {
    throw new WsiError('InvalidArgument', `the table has no column '${unknown}'.`, {
      remedy: `Its columns are ${table.columns.map((column) => `'${column}'`).join(', ')}.`,
    });
  }
  const found = directIdentifiers(table, identifiers).map(({ column }) => column);
  const all = new Set([
    ...found.filter((column) => flags.keep?.includes(column) !== true),
    ...(flags.leaveOut ?? []),
  ]);
  return table.columns.filter((column) => all.has(column) && !identifiers.includes(column));
}

/** @throws WsiError when others may read it, or when it is no key */
async function readOrMakeKey(path: string): Promise<Buffer> {
  const made = randomBytes(KEY_BYTES).toString('hex');
  try {
    await writeFile(path, `${made}\n`, { flag: 'wx', mode: 0o600 });
    noteLine(`${path}: a new key. Keep it: without it, other tables get other pseudonyms.`);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw WsiError.from(error, 'StorageFailed', { where: path });
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new WsiError('InvalidArgument', 'others than its owner may use the key.', {
      where: path,
      remedy: `Take it from them: chmod 600 ${path}`,
    });
  }
  const text = (await readFile(path, 'utf8')).trim();
  if (/^(?:[0-9a-f]{2}){32,}$/i.test(text)) return Buffer.from(text, 'hex');
  throw new WsiError(
    'InvalidArgument',
    `this is no key of at least ${KEY_BYTES} bytes in hexadecimal digits.`,
    {
      where: path,
      remedy: 'Give the name of a file that is not there, and a key is made.',
    },
  );
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode }).catch((error: unknown) => {
    throw cannotWrite(path, systemErrorCode(error) === 'EEXIST', error);
  });
}

function cannotWrite(path: string, there: boolean, cause?: unknown): WsiError {
  return new WsiError('StorageFailed', there ? 'the file is there already.' : 'the file cannot be written.', {
    where: path,
    remedy: there ? 'Give another name, or remove it first.' : 'Choose another place.',
    cause,
  });
}
