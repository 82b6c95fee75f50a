/**
 * Runs on real tissue: a synthetic cohort whose texture is cut from the shared Aperio slide, and that slide itself at
 * a resolution which none of its levels has. Skipped with a message where the slide is absent; `WSI_SHARED` names the
 * directory that has `slides/`.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Heatmap } from '../heatmap/heatmap.ts';
import type { RunResult } from '../coordinator/learning/result.ts';
import { resultOf } from './ended-run.ts';
import { RoleProcesses } from './role-processes.ts';
import { readJob, syntheticJob } from './synthetic-job.ts';

const shared = process.env['WSI_SHARED'] ?? join(import.meta.dirname, '../../../../shared');
const slide = join(shared, 'slides', 'CMU-1-Small-Region.svs');
const present = existsSync(slide);
if (!present) process.stdout.write(`skipped: there is no real slide at ${slide}; set WSI_SHARED\n`);

const settings = ['training.epochs=2', 'training.slidesPerStep=2', 'patches.batch=8'];

(present ? describe : describe.skip)('on real tissue', () => {
  let directory: string;
  let textured: WsiTrainingJob;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-real-'));
    textured = await syntheticJob({
      directory: join(directory, 'textured'),
      slides: 8,
      width: 640,
      height: 512,
      task: 'cooccurrence',
      seed: 3,
      texture: slide,
      set: settings,
    });
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  let runs = 0;
  async function train(job: WsiTrainingJob, workers: number): Promise<{ output: string; result: RunResult }> {
    const output = join(directory, `run-${runs++}`);
    const run = await RoleProcesses.start({ job, output, workers, servers: 1 });
    return { output, result: await resultOf(run) };
  }

  it('a cohort with the texture of a real slide trains to the same bytes on 1 and 2 workers', async () => {
    const [one, two] = [await train(textured, 1), await train(textured, 2)];
    expect(one.result.parametersSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(two.result.parametersSha256).toBe(one.result.parametersSha256);
    expect(one.result.tiles).toBeGreaterThan(100);
  });

  it('a real slide is trained on at the requested resolution', async () => {
    const folder = join(directory, 'real');
    await mkdir(folder);
    const rows: string[] = [];
    for (const [index, label] of ['tumour', 'normal', 'tumour', 'normal'].entries()) {
      await cp(slide, join(folder, `${index}.svs`));
      rows.push(`p${index},${index}.svs,${label},${index < 2 ? 'train' : 'test'}`);
    }
    const table = join(folder, 'table.csv');
    await writeFile(table, ['patient,slide,label,split', ...rows].join('\n'));
    const job = await readJob(join(directory, 'textured', 'job.yaml'), [
      `cohort.table=${table}`,
      `cohort.slides=${folder}`,
      // One slide four times.
      'cohort.duplicateSlides=allow',
      'patches.level=null',
      'patches.mpp=2',
      'patches.size=64',
      ...settings,
    ]);
    const { output, result } = await train(job, 2);
    // 2220 x 2967 pixels of 0.499 micrometres: 8 x 11 tiles of 128 micrometres, those with tissue, twice 2 slides.
    expect(result.tiles).toBeGreaterThan(40);
    expect(result.tiles).toBeLessThanOrEqual(8 * 11 * 4);
    const index = await readFile(join(output, 'heatmaps', 'INDEX.json'), 'utf8');
    const heatmaps = JSON.parse(index) as Heatmap[];
    expect(heatmaps.length).toBe(4);
    for (const { tiles, attention, width, height } of heatmaps) {
      expect(attention.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 4);
      for (const [x, y, w, h] of tiles) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x + w).toBeLessThanOrEqual(width + 1);
        expect(y + h).toBeLessThanOrEqual(height + 1);
      }
    }
  });
});
