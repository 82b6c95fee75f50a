import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256OfFile } from '@wsi-operator/foundation';
import { openSlide } from '@wsi-operator/slides';
import { readCohort } from '../read-cohort.ts';
import type { SynthesisOptions } from './options.ts';
import { synthesizeCohort } from './synthesize.ts';

const SHARED = process.env['WSI_SHARED'] ?? join(import.meta.dirname, '../../../../../shared');
const REAL_SLIDE = join(SHARED, 'slides/CMU-1-Small-Region.svs');
if (!existsSync(REAL_SLIDE))
  process.stderr.write(`The texture of a real slide is skipped: no ${REAL_SLIDE}\n`);
const realSlideIt = existsSync(REAL_SLIDE) ? it : it.skip;
const run = promisify(execFile);

let directory: string;
let base: SynthesisOptions;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-synth-'));
  base = {
    output: join(directory, 'base'),
    slides: 8,
    width: 448,
    height: 400,
    task: 'cooccurrence',
    seed: 4,
  };
  await synthesizeCohort(base);
});

afterAll(async () => rm(directory, { recursive: true }));

async function digests(output: string): Promise<Record<string, string>> {
  const names = ['cohort.csv', 'truth.json', 'job.yaml', 'README.md', 'cohort.json'];
  for (const name of await readdir(join(output, 'slides'))) names.push(join('slides', name));
  const entries = names.map(async (name): Promise<[string, string]> => [
    name,
    await sha256OfFile(join(output, name)),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

interface Truth {
  slides: {
    slide: string;
    motifs: { kind: string; x: number; y: number; width: number; height: number }[];
  }[];
}

async function truthOf(output: string): Promise<Truth> {
  return JSON.parse(await readFile(join(output, 'truth.json'), 'utf8')) as Truth;
}

/** Mean red, green and blue of each motif's square, by kind. */
async function motifColors(output: string): Promise<Record<string, number[][]>> {
  const colors: Record<string, number[][]> = {};
  for (const { slide: name, motifs } of (await truthOf(output)).slides) {
    const slide = await openSlide(join(output, 'slides', name));
    for (const { kind, x, y, width, height } of motifs) {
      const { data } = await slide.readRegion({ level: 0, x, y, width, height });
      const sums = [0, 0, 0];
      data.forEach((value, at) => (sums[at % 3]! += value / (width * height)));
      (colors[kind] ??= []).push(sums);
    }
    await slide.close();
  }
  return colors;
}

describe('synthesizeCohort', () => {
  it('makes a cohort that is read without problems and split in balance', async () => {
    const cohort = await readCohort(
      {
        table: 'cohort.csv',
        slides: 'slides',
        outcome: { type: 'classification', column: 'label' },
        split: { column: 'split' },
      },
      { baseDirectory: base.output },
    );
    expect(cohort.classes).toEqual(['negative', 'positive']);
    expect(cohort.cases.filter(({ split }) => split === 'test').length).toBe(2);
    const slide = await openSlide(cohort.cases[0]!.slides[0]!, { reader: 'openslide' });
    expect([slide.width, slide.height, slide.format, slide.mpp]).toEqual([
      448,
      400,
      'aperio',
      { x: 0.5, y: 0.5 },
    ]);
    expect(slide.levels.length).toBe(2);
    await slide.close();
  });

  it('gives the same bytes for the same arguments and others for another seed', async () => {
    await synthesizeCohort({ ...base, output: join(directory, 'again') });
    await synthesizeCohort({ ...base, output: join(directory, 'other'), seed: 5 });
    const first = await digests(base.output);
    expect(await digests(join(directory, 'again'))).toEqual(first);
    const other = await digests(join(directory, 'other'));
    expect(other['slides/slide-0001.tiff']).not.toBe(first['slides/slide-0001.tiff']);
  });

  it('draws the motifs where the truth says, A blue and B brown', async () => {
    const colors = await motifColors(base.output);
    expect(colors['A']?.length).toBe(colors['B']?.length);
    for (const [red, , blue] of colors['A'] ?? []) expect(blue! - red!).toBeGreaterThan(0);
    for (const [red, , blue] of colors['B'] ?? []) expect(red! - blue!).toBeGreaterThan(20);
  });

  it('keeps complete slides, and recreates missing, truncated and foreign ones', async () => {
    const output = join(directory, 'resumed');
    await synthesizeCohort({ ...base, output });
    const before = await digests(output);
    const slide = (number: number): string => join(output, 'slides', `slide-000${number}.tiff`);
    await rm(slide(1));
    await truncate(slide(2), (await stat(slide(2))).size - 8);
    await writeFile(slide(3), 'no slide');
    await writeFile(`${slide(4)}.999999999.tmp`, 'left by a killed process');
    await rm(join(output, 'cohort.csv'));
    const result = await synthesizeCohort({ ...base, output });
    expect([result.written, result.kept]).toEqual([3, 5]);
    expect(await digests(output)).toEqual(before);
  });

  it('stops between rows and resumes there', async () => {
    const output = join(directory, 'stopped');
    const controller = new AbortController();
    const stopped = synthesizeCohort({
      ...{ ...base, output, signal: controller.signal },
      onProgress: ({ slides }) => slides === 3 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'Cancelled' });
    expect(existsSync(join(output, 'cohort.csv'))).toBe(false);
    expect((await readdir(join(output, 'slides'))).length).toBe(3);
    expect((await synthesizeCohort({ ...base, output })).kept).toBe(3);
    expect(await digests(output)).toEqual(await digests(base.output));
  });

  it('does not replace another cohort unless forced', async () => {
    const output = join(directory, 'forced');
    await synthesizeCohort({ ...base, output, slides: 8 });
    const fewer = { ...base, output, slides: 4 };
    await expect(synthesizeCohort(fewer)).rejects.toThrow(/other arguments made.*--force/);
    expect((await synthesizeCohort({ ...fewer, force: true })).written).toBe(4);
    expect((await readdir(join(output, 'slides'))).length).toBe(4);
  });

  it('writes survival tables that are read, with the parameters of the hazard beside them', async () => {
    const output = join(directory, 'survival');
    await synthesizeCohort({ ...base, output, task: 'survival', slides: 12 });
    const cohort = await readCohort(
      {
        table: 'cohort.csv',
        slides: 'slides',
        outcome: { type: 'survival', time: 'time', event: 'event', treatment: 'treatment' },
        split: { column: 'split' },
      },
      { baseDirectory: output },
    );
    expect(cohort.treatments).toEqual(['0', '1']);
    expect(await readFile(join(output, 'README.md'), 'utf8')).toContain('h(t | a, b, z) =');
    expect(JSON.parse(await readFile(join(output, 'cohort.json'), 'utf8'))).toHaveProperty('hazard.AT', -2.5);
  });

  realSlideIt('makes tissue from a real slide, at its resolution', async () => {
    const output = join(directory, 'real');
    await synthesizeCohort({ ...base, output, slides: 4, texture: REAL_SLIDE });
    const slide = await openSlide(join(output, 'slides', 'slide-0001.tiff'));
    expect(slide.mpp?.x).toBeCloseTo(0.499, 6);
    await slide.close();
    const colors = await motifColors(output);
    expect(colors['A']?.length).toBe(colors['B']?.length);
  });

  it('writes a wide slide in far less memory than its pixels take', async () => {
    const output = join(directory, 'wide');
    const code = `
      const { synthesizeCohort } = await import(${JSON.stringify(join(import.meta.dirname, 'synthesize.ts'))});
      await synthesizeCohort({ output: ${JSON.stringify(output)}, slides: 1, width: 20000, height: 10000,
        task: 'needle', coverage: 0.05 });
      const { peakResidentBytes } = await import('@wsi-operator/foundation');
      console.log(peakResidentBytes());`;
    const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '-e', code]);
    // 600 MB of pixels; the process itself, with sharp, is about 100 MiB.
    expect(Number(stdout)).toBeGreaterThan(0);
    expect(Number(stdout) / 2 ** 20).toBeLessThan(420);
    const slide = await openSlide(join(output, 'slides', 'slide-0001.tiff'));
    expect([slide.width, slide.height, slide.levels.length]).toEqual([20000, 10000, 8]);
    await slide.close();
  });
});
