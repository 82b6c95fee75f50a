/**
 * Runs of real processes on what goes wrong with their output: full disks, torn checkpoints, directories that cannot be
 * written, numbers that overflow. Each ends in time, with an exit code and a message that names the path and the remedy;
 * what is half written is never loaded; and once the fault is mended the same command goes on to the same bytes.
 */
import { execFile } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exitCodes } from '../exit.ts';
import { digestOf, endOf, SpoilableRuns } from './spoilable-runs.ts';

const run = promisify(execFile);

let runs: SpoilableRuns;
/** The parameters after a run to which nothing happens. */
let quiet: string;
beforeAll(async () => {
  runs = await SpoilableRuns.prepare();
  quiet = await digestOf(await runs.start(runs.job));
});
afterEach(() => runs.close());
afterAll(() => runs.remove());

describe('checkpoints', () => {
  it('of which the newest is incomplete are replaced by the previous one, with the same bytes', async () => {
    const started = await runs.start(runs.job);
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
    const again = await runs.start(runs.job, { output: started.output });
    const resumed = await again.until(({ phase }) => phase === 'training');
    expect(resumed.message).toMatch(/went back to step \d+: 2 damaged checkpoints: .*sha256 differs/);
    expect(await digestOf(again)).toBe(quiet);
    expect(again.logs).toContain('checkpoint is damaged: using the one before it');
    const left = await readdir(started.output, { recursive: true });
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);

    // The directory now holds a run of this job; another is refused.
    const { job } = runs;
    const { spec } = job;
    const other = { ...job, spec: { ...spec, training: { ...spec.training, seed: 77 } } };
    const { code, message } = await endOf(await runs.start(other, { output: started.output }));
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(checkpoints);
    expect(message).toMatch(
      /another cohort, slides, spec or revision of its encoder.*Give another output directory/,
    );
  });

  it('on a full disk end the run with the path, and with space it resumes to the same bytes', async () => {
    const disk = join(runs.directory, 'disk');
    if (!(await mountSmallDisk(disk))) {
      process.stdout.write('skipped: mounting a small disk needs root\n');
      return;
    }
    try {
      const output = join(disk, 'output');
      const started = await runs.start(runs.job, { output });
      await started.until(({ checkpointStep }) => checkpointStep >= 2);
      await fill(join(disk, 'filler'));
      const { code, message } = await endOf(started);
      expect(code).toBe(exitCodes.storage);
      expect(message).toContain(output);
      expect(message).toMatch(/no space left.*Free space on that disk/i);
      // Still full: it does not go on, and spoils nothing.
      expect((await endOf(await runs.start(runs.job, { output }))).code).toBe(exitCodes.storage);
      await rm(join(disk, 'filler'));
      expect(await digestOf(await runs.start(runs.job, { output }))).toBe(quiet);
    } finally {
      await run('umount', ['-l', disk]);
    }
  });

  it('in a directory that cannot be written end the run with the path', async () => {
    const output = join(runs.directory, 'read-only');
    await mkdir(output);
    // A file where a directory has to be: also root cannot write there.
    await writeFile(join(output, 'checkpoints'), '');
    const { code, message } = await endOf(await runs.start(runs.job, { output }));
    expect(code).toBe(exitCodes.storage);
    expect(message).toContain(join(output, 'checkpoints'));
    expect(message).toMatch(/A part of this path is a file: choose another/);
  });
});

it('a stop whose checkpoint cannot be written says so', async () => {
  const { job } = runs;
  const { spec } = job;
  const rarely = { ...job, spec: { ...spec, checkpoint: { everySteps: 1000, keep: 3 } } };
  const started = await runs.start(rarely);
  await started.until(({ step }) => step >= 1);
  const checkpoints = join(started.output, 'checkpoints');
  await writeFile(checkpoints, '');
  started.signal('coordinator', 'SIGTERM');
  const { code, message } = await endOf(started);
  expect(code).toBe(exitCodes.storage);
  expect(message).toContain(checkpoints);
  expect(message).toMatch(/A part of this path is a file/);
});

it('a diverging loss is attributed to the learning rate, with the step', async () => {
  const { job: of } = await runs.spoilable('diverging', [
    'training.optimizer={name: adamw, learningRate: 1000, weightDecay: 1}',
    'training.schedule={name: constant}',
  ]);
  const started = await runs.start(of);
  const { code, message } = await endOf(started);
  expect(code).toBe(exitCodes.input);
  expect(message).toMatch(/spec\.training, at step \d+: .*(learning rate|learningRate)/);
  expect(await readdir(started.output)).not.toContain('result.json');
});

/** Said while libtensorflow is being loaded, before its log level has an effect. */
const tensorFlowLine = /^(WARNING: All log messages before absl::InitializeLog|I0000 \S+ +\d+ port\.cc)/;

it('a role logs one JSON object per line, each with the job, the role and the replica', async () => {
  const started = await runs.start(runs.job);
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
