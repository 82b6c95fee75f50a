/**
 * What leaves a run's output volume: everything that its roles log, their termination messages and every reply to a
 * `Status` call, of runs that fail by their slides or their output. None of it names a patient, a slide, an outcome or a
 * path; the output volume does, for its owner only.
 */
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { DETAILS_FILE, exitCodes, FAILURE_FILE } from '../exit.ts';
import { expectFailure, expectPrivate, PrivateRuns } from './private-runs.ts';

let runs: PrivateRuns;
beforeAll(async () => {
  runs = await PrivateRuns.prepare();
});
afterAll(() => runs.remove());

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

describe('a run with unusable slides publishes no private text', () => {
  it('but counts them, by their lines', async () => {
    const { job, slides } = await runs.cohort();
    const [torn, text, white, small] = slides as [string, string, string, string];
    await truncate(torn, Math.floor((await stat(torn)).size / 2));
    await writeFile(text, 'Quibblexia');
    await writePlain(white, 448, '#ffffff');
    await writePlain(small, 48, '#a060a0');
    const heard = await runs.heardOf(job);
    await expectFailure(
      heard,
      /4 of 8 slides cannot be used: line 2 of the table: .*; line 3 of the table: /,
    );
  });

  it('if one is damaged in the middle', async () => {
    const { job, slides } = await runs.cohort();
    await damageTiles(slides[2]!);
    await expectFailure(await runs.heardOf(job), /line 4 of the table: a slide cannot be read/);
  });

  it('if they are left out as the job allows', async () => {
    const { job, slides } = await runs.cohort(['cohort.unreadableSlides=skip']);
    await writeFile(slides[1]!, 'Quibblexia');
    await damageTiles(slides[3]!);
    const heard = await runs.heardOf(job);
    expect(heard.code).toBe(exitCodes.done);
    await expectPrivate(heard);
    expect(heard.everything).toContain('slides in quarantine: 2');
    expect(await readFile(join(heard.output, DETAILS_FILE), 'utf8')).toContain(basename(slides[1]!));
  });

  it('if they vanish during the run', async () => {
    const { job, folder } = await runs.cohort(['training.epochs=50']);
    const heard = await runs.heardOf(job, {
      meanwhile: async (run) => {
        await run.until(({ step }) => step >= 1);
        await rename(folder, `${folder}.away`);
      },
    });
    await expectFailure(heard, /line \d+ of the table: /);
  });

  it('if two are copies of one', async () => {
    const { job, slides } = await runs.cohort();
    // The same picture in another file; copies of files are found with the table.
    const tiles = {
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      compression: 'jpeg',
      pyramid: true,
    } as const;
    await sharp(slides[0]).tiff(tiles).toFile(slides[7]!);
    await expectFailure(
      await runs.heardOf(job),
      /lines 2 and 9 (have the same pixels|show the same picture)/,
    );
    const allowed = {
      ...job,
      spec: { ...job.spec, cohort: { ...job.spec.cohort, duplicateSlides: 'allow' as const } },
    };
    const heard = await runs.heardOf(allowed);
    expect(heard.code).toBe(exitCodes.done);
    await expectPrivate(heard);
  });

  it('if they have no resolution, or annotations that do not fit', async () => {
    const { job, slides } = await runs.cohort(['patches.level=null', 'patches.mpp=0.5']);
    await writePlain(slides[3]!, 448, '#a060a0');
    await expectFailure(await runs.heardOf(job), /line 5 of the table/);
  });
});

describe('an output directory', () => {
  it('with foreign or incomplete checkpoints is refused without private text', async () => {
    const { job } = await runs.cohort();
    const first = await runs.heardOf(job);
    expect(first.code).toBe(exitCodes.done);
    await expectPrivate(first);
    const checkpoints = join(first.output, 'checkpoints');
    const [newest] = (await readdir(checkpoints)).sort().reverse();
    await truncate(join(checkpoints, newest!, 'model.safetensors'), 1000);
    const torn = await runs.heardOf(job, { output: first.output });
    await expectPrivate(torn);
    expect(torn.everything).toContain('damaged checkpoints: 1');
    const other = { ...job, spec: { ...job.spec, training: { ...job.spec.training, seed: 77 } } };
    const refused = await runs.heardOf(other, { output: first.output });
    await expectPrivate(refused);
    expect(refused.message).toMatch(
      /CheckpointInvalid: this checkpoint belongs to a run with another cohort/,
    );
  });

  it('that cannot be written says why, without its path', async () => {
    const { job } = await runs.cohort();
    const output = join(runs.directory, 'Wumpusville-read-only');
    await mkdir(output);
    await writeFile(join(output, 'checkpoints'), '');
    const heard = await runs.heardOf(job, { output });
    expect(heard.code).toBe(exitCodes.storage);
    await expectPrivate(heard);
    expect(heard.message).toMatch(/StorageFailed: a file cannot be written or read \(E(NOTDIR|EXIST)\)/);
  });

  it('of a successful run has no failure file of an earlier start', async () => {
    const { job, table, lines } = await runs.cohort();
    await appendFile(table, 'Quibblexia,Snargleton.svs,Blorptumour,train\n');
    const failed = await runs.heardOf(job, { workers: 0 });
    await expectFailure(failed, /line 10: the slide is missing/);
    await writeFile(table, `${lines.join('\n')}\n`);
    const heard = await runs.heardOf(job, { output: failed.output });
    expect(heard.code).toBe(exitCodes.done);
    await expectPrivate(heard);
    expect(await readdir(heard.output)).not.toContain(FAILURE_FILE);
  });
});
