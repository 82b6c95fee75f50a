/**
 * Runs of real processes on slides that are damaged, missing or change: each ends in time, with an exit code and a message
 * that names the slide and the remedy, and once the fault is mended the same command goes on to the same bytes.
 */
import { appendFile, open, readdir, readFile, rename, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { exitCodes } from '../exit.ts';
import { digestOf, endOf, SpoilableRuns } from './spoilable-runs.ts';

let runs: SpoilableRuns;
/** The parameters after a run to which nothing happens. */
let quiet: string;
beforeAll(async () => {
  runs = await SpoilableRuns.prepare();
  quiet = await digestOf(await runs.start(runs.job));
});
afterEach(() => runs.close());
afterAll(() => runs.remove());

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
    const { job: of, slides } = await runs.spoilable('bad-slides');
    const [truncated, text, striped, white, small] = slides as [string, string, string, string, string];
    await truncate(truncated, Math.floor((await readFile(truncated)).length / 2));
    await writeFile(text, 'not a slide at all');
    const picture = sharp({ create: { width: 300, height: 200, channels: 3, background: '#a060a0' } });
    await picture.tiff({ compression: 'jpeg' }).toFile(striped);
    await writePlainSlide(white, 448, '#ffffff');
    await writePlainSlide(small, 48, '#a060a0');
    const { code, message } = await endOf(await runs.start(of));
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

  it('for lack of a resolution are refused when one is requested', async () => {
    const { job: of, slides } = await runs.spoilable('no-mpp', ['patches.level=null', 'patches.mpp=0.5']);
    await writePlainSlide(slides[3]!, 448, '#a060a0');
    const { code, message } = await endOf(await runs.start(of));
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(slides[3]);
    expect(message).toMatch(/resolution is not known: .*no microscope.*patches\.level/);
  });

  it('with a damaged tile in the middle are named with the tile, and leave no result', async () => {
    const { job: of, slides } = await runs.spoilable('damaged-tile');
    const file = await open(slides[2]!, 'r+');
    const { size } = await file.stat();
    await file.write(Buffer.alloc(3000, 0xff), 0, 3000, Math.floor(size * 0.3));
    await file.close();
    const started = await runs.start(of);
    const { code, message } = await endOf(started);
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(slides[2]);
    expect(message).toMatch(/Tile \d+ of level 0 is damaged.*Copy the slide again/);
    expect(await readdir(started.output)).not.toContain('result.json');
  });

  it('are reported with the other faults of the table if empty, missing or duplicated', async () => {
    const { job: of, slides, table } = await runs.spoilable('bad-rows');
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
    const { code, message } = await endOf(await runs.start(of, { workers: 0 }));
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(table);
    expect(message).toMatch(/line 2: .*empty file/);
    expect(message).toMatch(/line 10: .*absent\.tif.*does not exist/);
    expect(message).toMatch(/line 11: /);
    expect(message).toMatch(/line 12: /);
  });
});

describe('during a run', () => {
  it('a vanished directory is named, and once it is back the run resumes to the same bytes', async () => {
    const { job: of, folder } = await runs.spoilable('vanishing');
    const started = await runs.start(of);
    await started.until(({ step, checkpointStep }) => step >= 3 && checkpointStep >= 2);
    await rename(folder, `${folder}.away`);
    const { code, message } = await endOf(started);
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(folder);
    expect(message).toMatch(/(Mount or restore its directory|Check the path)/);
    expect(await readdir(started.output)).not.toContain('result.json');
    await rename(`${folder}.away`, folder);
    expect(await digestOf(await runs.start(of, { output: started.output }))).toBe(quiet);
  });

  it('a replaced slide is named, but not one that is only touched', async () => {
    const { job: of, slides } = await runs.spoilable('replaced');
    const started = await runs.start(of);
    await started.until(({ step }) => step >= 2);
    for (const slide of slides) await utimes(slide, new Date(), new Date());
    const { step } = await started.status();
    // A whole epoch later every slide has been read.
    await started.until((status) => status.step >= step + 4);
    // Not a copy of a slide of the cohort, which would be reported instead.
    await writeMirrored(slides[1]!, `${slides[0]!}.new`);
    await rename(`${slides[0]!}.new`, slides[0]!);
    const { code, message } = await endOf(started);
    expect(code).toBe(exitCodes.input);
    expect(message).toContain(slides[0]);
    expect(message).toMatch(/replaced or changed during the run.*Put back the file/);
    expect(await readdir(started.output)).not.toContain('result.json');

    // Its checkpoints are of another cohort now.
    const again = await endOf(await runs.start(of, { output: started.output }));
    expect(again.code).toBe(exitCodes.input);
    expect(again.message).toMatch(/checkpoints\/step-\d+: this checkpoint belongs to a run with another/);
  });
});
