/**
 * What leaves a run's output volume: everything that its roles log, their termination messages and every reply to a
 * `Status` call, of runs that fail in as many ways as there are. None of it names a patient, a slide, an outcome or a
 * path; the output volume does, for its owner only; and on a machine of the user's own the messages do.
 */
import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import sharp from 'sharp';
import { DETAILS_FILE, exitCodes, FAILURE_FILE } from '../exit.ts';
import { privateCohort, privateWordsIn, type PrivateCohort } from './private-cohort.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

const settings = [
  'patches.batch=5',
  'patches.blockShards=2',
  'patches.cacheBytes=64Ki',
  'training.epochs=2',
  'training.slidesPerStep=2',
  'checkpoint={everySteps: 2, keep: 3}',
];

let directory: string;
let copies = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-private-'));
  await smallJob(directory, settings);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function cohort(set: readonly string[] = []): Promise<PrivateCohort> {
  return privateCohort(join(directory, 'cohort'), join(directory, `copy-${copies++}`), [...settings, ...set]);
}

interface Heard {
  readonly code: number;
  /** The coordinator's termination message. */
  readonly message: string;
  /** All that leaves the output volume. */
  readonly everything: string;
  readonly output: string;
}

interface RunOptions {
  readonly workers?: number;
  readonly details?: 'shown' | 'hidden';
  readonly output?: string;
  /** Done while it runs. */
  readonly meanwhile?: (run: RoleProcesses) => Promise<void>;
}

/** Runs to the end and keeps what is heard of it on the way. */
async function heardOf(job: WsiTrainingJob, options: RunOptions = {}): Promise<Heard> {
  const { workers = 1, details = 'hidden', meanwhile } = options;
  const output = options.output ?? join(directory, `Wumpusville-${copies++}`);
  const environment = { WSI_DETAILS: details, WSI_LOG_LEVEL: 'trace' };
  const run = await RoleProcesses.start({ job, output, workers, servers: 1, environment });
  try {
    const statuses = new Set<string>();
    const ended = new AbortController();
    const accepted = new AbortController();
    const listening = (async () => {
      while (!ended.signal.aborted) {
        const status = await run.status().catch(() => undefined);
        // Nobody would ever survey: the table was taken for a good one.
        if (workers === 0 && status?.phase === 'surveying') accepted.abort();
        if (status !== undefined) statuses.add(JSON.stringify({ ...status, measurement: undefined }));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await meanwhile?.(run);
    const code = await Promise.race([run.finished, aborted(accepted)]);
    ended.abort();
    await listening;
    const ends = await Promise.all(
      ['coordinator', 'server', 'worker'].map((role) => run.terminationMessage(role).catch(() => '')),
    );
    return { code, message: ends[0]!, everything: [run.logs, ...ends, ...statuses].join('\n'), output };
  } finally {
    await run.close();
  }
}

function aborted({ signal }: { signal: AbortSignal }): Promise<number> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(-1)));
}

/** Nothing private was heard, and what was hidden is in the output volume for its owner. */
async function expectPrivate({ everything, output }: Heard): Promise<void> {
  expect(privateWordsIn(everything)).toEqual([]);
  expect(everything).not.toContain('Wumpusville');
  for (const name of [FAILURE_FILE, DETAILS_FILE]) {
    const found = await stat(join(output, name)).catch(() => undefined);
    if (found !== undefined) expect((found.mode & 0o777).toString(8)).toBe('600');
  }
}

async function expectFailure(heard: Heard, told: RegExp): Promise<void> {
  await expectPrivate(heard);
  expect(heard.message).toMatch(told);
  expect(heard.message).toContain(`details in OUTPUT/${FAILURE_FILE}`);
  expect(privateWordsIn(await readFile(join(heard.output, FAILURE_FILE), 'utf8'))).not.toEqual([]);
}

/** The rows of the table, written anew. */
function rewritten({ table, lines }: PrivateCohort, change: (lines: string[]) => string[]): Promise<void> {
  return writeFile(table, `${change([...lines]).join('\n')}\n`);
}

const row = (lines: string[], index: number, change: (cells: string[]) => string[]): string[] =>
  lines.with(index, change(lines[index]!.split(',')).join(','));

describe('a table that cannot be used', () => {
  const faults: [string, RegExp, (of: PrivateCohort) => Promise<void>, string[]?][] = [
    [
      'a missing slide with a likely name',
      /line 3: the slide is missing/,
      (of) =>
        rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(1, cells[1]!.replace('1931', '1930')))),
    ],
    [
      'an empty identifier',
      /line 4: a field is empty/,
      (of) => rewritten(of, (lines) => row(lines, 3, (cells) => cells.with(0, ''))),
    ],
    [
      'a row with too many cells',
      /line 5: the row has more or fewer cells/,
      (of) => rewritten(of, (lines) => lines.with(4, `${lines[4]},Quibblexia`)),
    ],
    [
      'a slide of two rows',
      /the slide is that of another row/,
      (of) => rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(1, lines[1]!.split(',')[1]!))),
    ],
    [
      'a word that is no split',
      /line 2: the split is none/,
      (of) => rewritten(of, (lines) => row(lines, 1, (cells) => cells.with(3, 'Quibblexia'))),
    ],
    [
      'a column under another name',
      /a column is missing/,
      (of) => rewritten(of, (lines) => lines.with(0, lines[0]!.replace('kruxgrade', 'kruxgrad'))),
    ],
    [
      'a column that is there twice',
      /a column is there twice/,
      (of) => rewritten(of, (lines) => lines.with(0, lines[0]!.replace('splorkside', 'kruxgrade'))),
    ],
    [
      'a class in two spellings',
      /a class is there in two spellings/,
      (of) => rewritten(of, (lines) => row(lines, 1, (cells) => cells.with(2, 'blorptumour '))),
    ],
    [
      'a patient in two spellings',
      /a patient is there in two spellings/,
      (of) => rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(0, 'quibblexia_0'))),
    ],
    [
      'a patient on two sides',
      /a patient is on two sides of the split/,
      (of) => rewritten(of, (lines) => row(lines, 8, (cells) => cells.with(0, 'Quibblexia-0'))),
    ],
    [
      'a patient with two outcomes',
      /a patient has two outcomes/,
      (of) => rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(0, 'Quibblexia-0'))),
      ['cohort.bag=patient'],
    ],
    [
      'an unknown positive class',
      /no row has the class that the job calls positive/,
      () => Promise.resolve(),
      ['cohort.outcome={type: classification, column: kruxgrade, positive: Blorptumor}'],
    ],
    [
      'a class with one patient',
      /line 2: a class has one patient/,
      (of) => rewritten(of, (lines) => row(lines, 1, (cells) => cells.with(2, 'Snargleton'))),
    ],
    [
      'times that are none',
      /the time cannot be used/,
      (of) =>
        rewritten(of, (lines) =>
          lines.map((_line, index) =>
            index === 0
              ? 'wumpuscode,grottafile,kruxgrade,splorkside'
              : row(lines, index, (cells) => [cells[0]!, cells[1]!, '-7413.25', '1'])[index]!,
          ),
        ),
      [
        'cohort.outcome={type: survival, time: kruxgrade, event: splorkside}',
        'cohort.split={test: 0.25}',
        'model.head={name: cox}',
      ],
    ],
    [
      'events that are none',
      /the event cannot be used/,
      (of) =>
        rewritten(of, (lines) =>
          lines.map((line, index) =>
            index === 0
              ? line
              : row(lines, index, (cells) => [cells[0]!, cells[1]!, '7413.25', 'Drogulab'])[index]!,
          ),
        ),
      [
        'cohort.outcome={type: survival, time: kruxgrade, event: splorkside}',
        'cohort.split={test: 0.25}',
        'model.head={name: cox}',
      ],
    ],
    [
      'more than a hundred problems',
      /lines 2, 3, 4, 5, 6 and \d+ more: the slide is missing/,
      (of) =>
        rewritten(of, (lines) => [
          lines[0]!,
          ...Array.from(
            { length: 150 },
            (_, index) => `Quibblexia-${index},Snargleton-${index}.svs,Blorptumour,train`,
          ),
        ]),
    ],
    ['one that is not there', /NotFound: there is no such cohort's table/, ({ table }) => rm(table)],
    [
      'one that is a workbook',
      /InvalidCohort/,
      ({ table }) => writeFile(table, Buffer.from('504b0304140006000800Quibblexia', 'hex')),
    ],
    ['one of no rows', /InvalidCohort/, (of) => rewritten(of, (lines) => lines.slice(0, 1))],
    [
      'a folder of slides that is not there',
      /NotFound: there is no such directory of slides/,
      ({ folder }) => rename(folder, `${folder}-Zarquonic`),
    ],
  ];

  // (A row of three would have jest wait for a callback in the place of the fourth.)
  it.each(faults.map(([name, ...of]) => [name, of] as const))('of %s', async (_name, [told, spoil, set]) => {
    const spoiled = await cohort(set);
    await spoil(spoiled);
    const heard = await heardOf(spoiled.job, { workers: 0 });
    expect(heard.code).toBe(exitCodes.input);
    await expectFailure(heard, told);
  });

  it("is told with its names where the run is the user's own", async () => {
    const [[, , spoil]] = faults as [(typeof faults)[number]];
    const spoiled = await cohort();
    await spoil(spoiled);
    const local = await heardOf(spoiled.job, { workers: 0, details: 'shown' });
    expect(privateWordsIn(local.message)).toEqual(expect.arrayContaining(['Vogsphered', 'Snargleton']));
    expect(await readdir(local.output)).not.toContain(FAILURE_FILE);
  });
});

async function damageTiles(path: string): Promise<void> {
  const file = await open(path, 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.alloc(3000, 0xff), 0, 3000, Math.floor(size * 0.3));
  await file.close();
}

async function writePlain(path: string, side: number, background: string): Promise<void> {
  const picture = sharp({ create: { width: side, height: side, channels: 3, background } });
  await picture.tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'jpeg' }).toFile(path);
}

describe('slides that cannot be used', () => {
  it('are counted, by their lines', async () => {
    const { job, slides } = await cohort();
    const [torn, text, white, small] = slides as [string, string, string, string];
    await truncate(torn, Math.floor((await stat(torn)).size / 2));
    await writeFile(text, 'Quibblexia');
    await writePlain(white, 448, '#ffffff');
    await writePlain(small, 48, '#a060a0');
    const heard = await heardOf(job);
    await expectFailure(
      heard,
      /4 of 8 slides cannot be used: line 2 of the table: .*; line 3 of the table: /,
    );
  });

  it('of which one is damaged in the middle', async () => {
    const { job, slides } = await cohort();
    await damageTiles(slides[2]!);
    await expectFailure(await heardOf(job), /line 4 of the table: a slide cannot be read/);
  });

  it('are left out without their names when the job says so', async () => {
    const { job, slides } = await cohort(['cohort.unreadableSlides=skip']);
    await writeFile(slides[1]!, 'Quibblexia');
    await damageTiles(slides[3]!);
    const heard = await heardOf(job);
    expect(heard.code).toBe(exitCodes.done);
    await expectPrivate(heard);
    expect(heard.everything).toContain('slides in quarantine: 2');
    expect(await readFile(join(heard.output, DETAILS_FILE), 'utf8')).toContain(basename(slides[1]!));
  });

  it('because they vanish during the run', async () => {
    const { job, folder } = await cohort(['training.epochs=50']);
    const heard = await heardOf(job, {
      meanwhile: async (run) => {
        await run.until(({ step }) => step >= 1);
        await rename(folder, `${folder}.away`);
      },
    });
    await expectFailure(heard, /line \d+ of the table: /);
  });

  it('because two are one', async () => {
    const { job, slides } = await cohort();
    // The same picture in another file; copies of files are found with the table.
    const tiles = {
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      compression: 'jpeg',
      pyramid: true,
    } as const;
    await sharp(slides[0]).tiff(tiles).toFile(slides[7]!);
    await expectFailure(await heardOf(job), /lines 2 and 9 (have the same pixels|show the same picture)/);
    const allowed = {
      ...job,
      spec: { ...job.spec, cohort: { ...job.spec.cohort, duplicateSlides: 'allow' as const } },
    };
    const heard = await heardOf(allowed);
    expect(heard.code).toBe(exitCodes.done);
    await expectPrivate(heard);
  });

  it('because they do not say their resolution, or have annotations that do not fit', async () => {
    const { job, slides } = await cohort(['patches.level=null', 'patches.mpp=0.5']);
    await writePlain(slides[3]!, 448, '#a060a0');
    await expectFailure(await heardOf(job), /line 5 of the table/);
  });
});

describe('an output', () => {
  it('with checkpoints of another run, or torn ones', async () => {
    const { job } = await cohort();
    const first = await heardOf(job);
    expect(first.code).toBe(exitCodes.done);
    await expectPrivate(first);
    const checkpoints = join(first.output, 'checkpoints');
    const [newest] = (await readdir(checkpoints)).sort().reverse();
    await truncate(join(checkpoints, newest!, 'model.safetensors'), 1000);
    const torn = await heardOf(job, { output: first.output });
    await expectPrivate(torn);
    expect(torn.everything).toContain('damaged checkpoints: 1');
    const other = { ...job, spec: { ...job.spec, training: { ...job.spec.training, seed: 77 } } };
    const refused = await heardOf(other, { output: first.output });
    await expectPrivate(refused);
    expect(refused.message).toMatch(
      /CheckpointInvalid: this checkpoint belongs to a run with another cohort/,
    );
  });

  it('that cannot be written says why, without its path', async () => {
    const { job } = await cohort();
    const output = join(directory, 'Wumpusville-read-only');
    await mkdir(output);
    await writeFile(join(output, 'checkpoints'), '');
    const heard = await heardOf(job, { output });
    expect(heard.code).toBe(exitCodes.storage);
    await expectPrivate(heard);
    expect(heard.message).toMatch(/StorageFailed: a file cannot be written or read \(E(NOTDIR|EXIST)\)/);
  });

  it('of a run that went well has no failure of an earlier start beside it', async () => {
    const { job, table, lines } = await cohort();
    await appendFile(table, 'Quibblexia,Snargleton.svs,Blorptumour,train\n');
    const failed = await heardOf(job, { workers: 0 });
    await expectFailure(failed, /line 10: the slide is missing/);
    await writeFile(table, `${lines.join('\n')}\n`);
    const heard = await heardOf(job, { output: failed.output });
    expect(heard.code).toBe(exitCodes.done);
    await expectPrivate(heard);
    expect(await readdir(heard.output)).not.toContain(FAILURE_FILE);
  });
});
