/**
 * Runs of real processes on what goes wrong in practice: damaged slides, directories that vanish, full disks, torn
 * checkpoints. Each ends in time, with an exit code and a message that names the slide or path and the remedy; what
 * is half written is never loaded; and once the fault is mended the same command goes on to the same bytes.
 */
import { execFile } from 'node:child_process';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import sharp from 'sharp';
import { exitCodes } from '../exit.ts';
import { RoleProcesses } from './role-processes.ts';
import { readJob, smallJob } from './synthetic-job.ts';

const run = promisify(execFile);

const settings = [
  'patches.batch=5',
  'patches.blockShards=2',
  'patches.cacheBytes=64Ki',
  'training.epochs=5',
  'training.slidesPerStep=2',
  'checkpoint={everySteps: 2, keep: 3}',
];

let directory: string;
let job: WsiTrainingJob;
/** The parameters after a run to which nothing happens. */
let quiet: string;
const running: RoleProcesses[] = [];
let outputs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-hostile-'));
  job = await smallJob(directory, settings);
  quiet = await digestOf(await start(job));
});
afterEach(async () => {
  for (const of of running.splice(0)) await of.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A copy of the cohort that a test may spoil, with its job and its slides' paths. */
async function spoilable(
  name: string,
  set: readonly string[] = [],
): Promise<{ job: WsiTrainingJob; slides: string[]; table: string; folder: string }> {
  const copy = join(directory, name);
  await cp(join(directory, 'cohort'), copy, { recursive: true, preserveTimestamps: true });
  const folder = join(copy, 'slides');
  const table = join(copy, basename(job.spec.cohort.table));
  const file = (await readdir(copy)).find((of) => /\.ya?ml$/.test(of));
  const paths = [`cohort.table=${table}`, `cohort.slides=${folder}`];
  const slides = (await readdir(folder)).filter((of) => /\.tiff?$/.test(of)).sort();
  return {
    job: await readJob(join(copy, file!), [...paths, ...settings, ...set]),
    slides: slides.map((of) => join(folder, of)),
    table,
    folder,
  };
}

async function start(
  of: WsiTrainingJob,
  options: { output?: string; workers?: number } = {},
): Promise<RoleProcesses> {
  const { output = join(directory, `run-${outputs++}`), workers = 1 } = options;
  const started = await RoleProcesses.start({ job: of, output, workers, servers: 1 });
  running.push(started);
  return started;
}

async function endOf(started: RoleProcesses): Promise<{ code: number; message: string }> {
  const code = await started.finished;
  const message = await started.terminationMessage('coordinator').catch(() => '');
  await started.close();
  return { code, message };
}

async function digestOf(started: RoleProcesses): Promise<string> {
  const { code, message } = await endOf(started);
  if (code !== 0) throw new Error(`the run ended with ${code}: ${message}\n${started.logs.slice(-4000)}`);
  const text = await readFile(join(started.output, 'result.json'), 'utf8');
  return (JSON.parse(text) as { parametersSha256: string }).parametersSha256;
}

/** A pyramidal JPEG tiled TIFF of one colour that says no resolution. */
async function writePlainSlide(path: string, side: number, background: string): Promise<void> {
  const picture = sharp({ create: { width: side, height: side, channels: 3, background } });
  await picture.tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'jpeg' }).toFile(path);
}

/** The slide from behind, as a pyramid of its own. */
async function writeMirrored(slide: string, path: string): Promise<void> {
  const tiles = { tile: true, tileWidth: 256, tileHeight: 256 } as const;
  await sharp(slide)
    .flop()
    .tiff({ ...tiles, compression: 'jpeg', pyramid: true })
    .toFile(path);
}

describe('slides that cannot be used', () => {
  it('are all named at once, each with its problem and remedy, before anything is trained', async () => {
    const { job: of, slides } = await spoilable('bad-slides');
    const [truncated, text, striped, white, small] = slides as [string, string, string, string, string];
    await truncate(truncated, Math.floor((await readFile(truncated)).length / 2));
    await writeFile(text, 'not a slide at all');
    const picture = sharp({ create: { width: 300, height: 200, channels: 3, background: '#a060a0' } });
    await picture.tiff({ compression: 'jpeg' }).toFile(striped);
    await writePlainSlide(white, 448, '#ffffff');
    await writePlainSlide(small, 48, '#a060a0');
    const { code, message } = await endOf(await start(of));
    expect(code).toBe(exitCodes.input);
    expect(message).toContain('5 of 8 slides cannot be used');
    for (const [slide, words] of [
      [truncated, /ends at byte|truncated|damaged/],
      [text, /not a slide.*convert it to a tiled/],
      [striped, /no tiles.*Convert it to a tiled/],
      [white, /No patch has enough tissue.*leave the slide out/],
      [small, /smaller than a patch of 64.*Choose smaller patches/],
    ] as const) {
      const line = message.split('\n').find((candidate) => candidate.includes(slide));
      expect(line).toMatch(words);
    }
  });

  it('that do not say their resolution are refused when one is asked for', async () => {
    const { job: of, slides } = await spoilable('no-mpp', ['patches.level=null', 'patches.mpp=0.5']);
    await writePlainSlide(slides[3]!, 448, '#a060a0');
    const { code, message } = await endOf(await start(of));
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(slides[3]);
    expect(message).toMatch(/resolution is not known: .*no microscope.*patches\.level/);
  });

  it('with a damaged tile in the middle are named with the tile, and leave no result', async () => {
    const { job: of, slides } = await spoilable('damaged-tile');
    const file = await open(slides[2]!, 'r+');
    const { size } = await file.stat();
    await file.write(Buffer.alloc(3000, 0xff), 0, 3000, Math.floor(size * 0.3));
    await file.close();
    const started = await start(of);
    const { code, message } = await endOf(started);
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(slides[2]);
    expect(message).toMatch(/Tile \d+ of level 0 is damaged.*Copy the slide again/);
    expect(await readdir(started.output)).not.toContain('result.json');
  });

  it('are reported with the other faults of the table when they are empty, missing or doubled', async () => {
    const { job: of, slides, table } = await spoilable('bad-rows');
    await truncate(slides[0]!, 0);
    const [header, first, second] = (await readFile(table, 'utf8')).trimEnd().split('\n') as [
      string,
      string,
      string,
    ];
    const columns = header.split(',');
    const missing = second.split(',');
    missing[columns.indexOf('slide')] = 'absent.tif';
    await appendFile(table, `${missing.join(',')}\n${second}\ntoo,few\n`);
    expect(first).toContain(basename(slides[0]!));
    const { code, message } = await endOf(await start(of, { workers: 0 }));
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(table);
    expect(message).toMatch(/line 2: .*empty file/);
    expect(message).toMatch(/line 10: .*absent\.tif.*does not exist/);
    expect(message).toMatch(/line 11: /);
    expect(message).toMatch(/line 12: /);
  });
});

describe('slides that change while the run goes on', () => {
  it('a directory that vanishes is named; once it is back, the run goes on to the same bytes', async () => {
    const { job: of, folder } = await spoilable('vanishing');
    const started = await start(of);
    await started.until(({ step, checkpointStep }) => step >= 3 && checkpointStep >= 2);
    await rename(folder, `${folder}.away`);
    const { code, message } = await endOf(started);
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(folder);
    expect(message).toMatch(/(Mount or restore its directory|Check the path)/);
    expect(await readdir(started.output)).not.toContain('result.json');
    await rename(`${folder}.away`, folder);
    expect(await digestOf(await start(of, { output: started.output }))).toBe(quiet);
  });

  it('a slide that is replaced is named; one that is only touched is not', async () => {
    const { job: of, slides } = await spoilable('replaced');
    const started = await start(of);
    await started.until(({ step }) => step >= 2);
    for (const slide of slides) await utimes(slide, new Date(), new Date());
    const { step } = await started.status();
    // A whole epoch later every slide has been looked at.
    await started.until((status) => status.step >= step + 4);
    // No copy of a slide of the cohort, which would be told instead.
    await writeMirrored(slides[1]!, `${slides[0]!}.new`);
    await rename(`${slides[0]!}.new`, slides[0]!);
    const { code, message } = await endOf(started);
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(slides[0]);
    expect(message).toMatch(/replaced or changed during the run.*Put back the file/);
    expect(await readdir(started.output)).not.toContain('result.json');

    // Its checkpoints are of another cohort now.
    const again = await endOf(await start(of, { output: started.output }));
    expect(again.code).toBe(exitCodes.input);
    expect(again.message).toMatch(/checkpoints\/step-\d+: this checkpoint belongs to a run with another/);
  });
});

describe('checkpoints', () => {
  it('of which the newest is torn: the one before is used, and the bytes are the same', async () => {
    const started = await start(job);
    await started.until(({ checkpointStep }) => checkpointStep >= 6);
    expect(await started.stop()).toBe(exitCodes.stopped);
    const checkpoints = join(started.output, 'checkpoints');
    const newest = (await readdir(checkpoints)).sort().at(-1)!;
    await truncate(join(checkpoints, newest, 'model.safetensors'), 1000);
    await mkdir(join(checkpoints, '.step-00000099.tmp'));
    await writeFile(join(started.output, 'result.json.123.tmp'), '{"half');
    // And of the one before a single bit is another, in the step that it claims to be.
    const before = join(checkpoints, (await readdir(checkpoints)).sort().at(-2)!, 'cursor.json');
    const cursor = await readFile(before, 'utf8');
    await writeFile(
      before,
      cursor.replace(/"step": (\d)/, (_all, step) => `"step": ${Number(step) ^ 1}`),
    );
    const again = await start(job, { output: started.output });
    const resumed = await again.until(({ phase }) => phase === 'training');
    expect(resumed.message).toMatch(/went back to step \d+: 2 damaged checkpoints: .*sha256 differs/);
    expect(await digestOf(again)).toBe(quiet);
    expect(again.logs).toContain('checkpoint is damaged: using the one before it');
    const left = await readdir(started.output, { recursive: true });
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);

    // The directory now holds a run of this job; another is refused.
    const { spec } = job;
    const other = { ...job, spec: { ...spec, training: { ...spec.training, seed: 77 } } };
    const { code, message } = await endOf(await start(other, { output: started.output }));
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(checkpoints);
    expect(message).toMatch(/another cohort, slides or spec.*Give another output directory/);
  });

  it('on a disk that is full end the run by the path; with space again, it goes on to the same bytes', async () => {
    const disk = join(directory, 'disk');
    if (!(await mountSmallDisk(disk))) {
      process.stdout.write('skipped: mounting a small disk needs root\n');
      return;
    }
    try {
      const output = join(disk, 'output');
      const started = await start(job, { output });
      await started.until(({ checkpointStep }) => checkpointStep >= 2);
      await fill(join(disk, 'filler'));
      const { code, message } = await endOf(started);
      expect(code).toBe(exitCodes.storage);
      expect(message).toContain(output);
      expect(message).toMatch(/no space left.*Free space on that disk/i);
      // Still full: it does not go on, and spoils nothing.
      expect((await endOf(await start(job, { output }))).code).toBe(exitCodes.storage);
      await rm(join(disk, 'filler'));
      expect(await digestOf(await start(job, { output }))).toBe(quiet);
    } finally {
      await run('umount', ['-l', disk]);
    }
  });

  it('in a directory that cannot be written end the run by the path', async () => {
    const output = join(directory, 'read-only');
    await mkdir(output);
    // A file where a directory has to be: also root cannot write there.
    await writeFile(join(output, 'checkpoints'), '');
    const { code, message } = await endOf(await start(job, { output }));
    expect(code).toBe(exitCodes.storage);
    expect(message).toContain(join(output, 'checkpoints'));
    expect(message).toMatch(/A part of this path is a file: choose another/);
  });
});

it('a stop whose checkpoint cannot be written says so', async () => {
  const { spec } = job;
  const rarely = { ...job, spec: { ...spec, checkpoint: { everySteps: 1000, keep: 3 } } };
  const started = await start(rarely);
  await started.until(({ step }) => step >= 1);
  const checkpoints = join(started.output, 'checkpoints');
  await writeFile(checkpoints, '');
  started.signal('coordinator', 'SIGTERM');
  const { code, message } = await endOf(started);
  expect(code).toBe(exitCodes.storage);
  expect(message).toContain(checkpoints);
  expect(message).toMatch(/A part of this path is a file/);
});

it('a loss that diverges is blamed on the learning rate, with the step', async () => {
  const { job: of } = await spoilable('diverging', [
    'training.optimizer={name: adamw, learningRate: 1000, weightDecay: 1}',
    'training.schedule={name: constant}',
  ]);
  const started = await start(of);
  const { code, message } = await endOf(started);
  expect(code).toBe(exitCodes.input);
  expect(message).toMatch(/spec\.training, at step \d+: .*(learning rate|learningRate)/);
  expect(await readdir(started.output)).not.toContain('result.json');
});

/** Said while libtensorflow is being loaded, before its log level has an effect. */
const tensorFlowLine = /^(WARNING: All log messages before absl::InitializeLog|I0000 \S+ +\d+ port\.cc)/;

it('logs one JSON object a line, each with the job, the role and the replica', async () => {
  const started = await start(job);
  await digestOf(started);
  const lines = started.logs
    .trimEnd()
    .split('\n')
    .filter((line) => !tensorFlowLine.test(line));
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({
      level: expect.any(String),
      time: expect.any(String),
      job: 'test',
      role: expect.stringMatching(/^(coordinator|server|worker)$/),
      replica: 0,
      message: expect.any(String),
    });
  }
});

async function mountSmallDisk(path: string): Promise<boolean> {
  await mkdir(path);
  return run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path]).then(
    () => true,
    () => false,
  );
}

/** Writes until the disk has no space left. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const size of [65_536, 4096, 1]) {
      const chunk = Buffer.alloc(size, 1);
      let full = false;
      while (!full) {
        full = await file.write(chunk).then(
          ({ bytesWritten }) => bytesWritten < size,
          () => true,
        );
      }
    }
  } finally {
    await file.close();
  }
}
