/**
 * Support for tests: a cohort in which every name is one that occurs nowhere else, in the table's columns and cells, in
 * the names of files and folders. Where one of them appears, something private has leaked.
 */
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { readJob } from './synthetic-job.ts';

/** Parts of names that occur in no message, in no dependency and in no path of the program. */
const WORDS = {
  folder: 'Zarquonic',
  table: 'Vogsphered',
  patient: 'Quibblexia',
  slide: 'Snargleton',
  classes: ['Blorptumour', 'Frobnormal'],
  columns: { patient: 'wumpuscode', slide: 'grottafile', outcome: 'kruxgrade', split: 'splorkside' },
  /** Values of a survival table. */
  time: '7413.25',
  arm: 'Drogulab',
} as const;

/** None of them may be read where others read. */
export const PRIVATE_WORDS: readonly string[] = [
  WORDS.folder,
  WORDS.table,
  WORDS.patient,
  WORDS.slide,
  ...WORDS.classes,
  ...Object.values(WORDS.columns),
  WORDS.time,
  WORDS.arm,
];

/** Those that occur in a text, in any letter case. */
export function privateWordsIn(text: string): string[] {
  const searched = text.toLowerCase();
  return PRIVATE_WORDS.filter((word) => searched.includes(word.toLowerCase()));
}

export interface PrivateCohort {
  readonly job: WsiTrainingJob;
  readonly folder: string;
  readonly slides: readonly string[];
  readonly table: string;
  /** Header and rows, without line ends. */
  readonly lines: readonly string[];
}

/**
 * A copy of a synthetic cohort under private names.
 * @param settings as of `--set`
 */
export async function privateCohort(
  source: string,
  directory: string,
  settings: readonly string[],
): Promise<PrivateCohort> {
  const folder = join(directory, WORDS.folder);
  await mkdir(directory, { recursive: true });
  await cp(source, folder, { recursive: true, preserveTimestamps: true });
  const names = new Map<string, string>();
  const [, ...rows] = (await readFile(join(folder, 'cohort.csv'), 'utf8')).trimEnd().split('\n');
  const { columns } = WORDS;
  const lines = [[columns.patient, columns.slide, columns.outcome, columns.split].join(',')];
  for (const [index, row] of rows.entries()) {
    const old = row.split(',').find((cell) => /\.tiff?$/.test(cell));
    if (old === undefined) throw new Error(`no slide in the row ${row}`);
    const name = `${WORDS.slide}-${index}-1931-04-02.tiff`;
    names.set(old, name);
    await rename(join(folder, 'slides', old), join(folder, 'slides', name));
    // Both classes on both sides of the split.
    const split = index < rows.length - 3 ? 'train' : 'test';
    lines.push(`${WORDS.patient}-${index},${name},${WORDS.classes[index % 2]},${split}`);
  }
  const table = join(folder, `${WORDS.table}.csv`);
  await writeFile(table, `${lines.join('\n')}\n`);
  const slides = join(folder, 'slides');
  const job = await readJob(join(folder, 'job.yaml'), [
    `cohort.table=${table}`,
    `cohort.slides=${slides}`,
    `cohort.patientColumn=${columns.patient}`,
    `cohort.slideColumn=${columns.slide}`,
    `cohort.outcome={type: classification, column: ${columns.outcome}, positive: ${WORDS.classes[0]}}`,
    `cohort.split={column: ${columns.split}}`,
    ...settings,
  ]);
  return { job, folder: slides, slides: [...names.values()].map((name) => join(slides, name)), table, lines };
}
