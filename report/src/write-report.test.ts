import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSampleRun, type SampleKind } from './sample-run.fixture.ts';
import { writeReport } from './write-report.ts';

const hostile = `</script><img src=x onerror="alert(1)">`;

describe('writeReport', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-report-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const reportOf = async (): Promise<string> => readFile(await writeReport(directory), 'utf8');

  it.each<[SampleKind, string[]]>([
    ['classification', ['AUC, test', 'Confusion matrix, test', 'single patches, averaged', 'apart']],
    [
      'survival',
      ['C-index, test', 'Survival by predicted risk (test)', 'by treatment, all patients', 'number at risk'],
    ],
    ['classes', ['accuracy, test', 'each class against the rest', 'carcinoma']],
  ])('is one page that fetches nothing: %s', async (kind, expected) => {
    await writeSampleRun(directory, kind);
    const page = await reportOf();
    for (const text of [
      ...expected,
      '9f2c5d0e7b1a48c3',
      'Peak memory by role',
      'tensorflow',
      'test-23.tiff',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/(src|href|url)\s*[=(]\s*["']?(https?:|\/\/|file:)/i);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
    expect(page.match(/data:image\/jpeg;base64/g)).toHaveLength(6);
    // The same directory gives the same bytes, and nothing else is left in it.
    expect(await reportOf()).toBe(page);
    expect((await readdir(directory)).filter((name) => name.includes('report'))).toEqual(['report.html']);
  });

  it('names every slide that the run left out', async () => {
    await writeSampleRun(directory, 'classification');
    const file = join(directory, 'result.json');
    const result = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const quarantined = [{ slide: '/s/a.svs', reason: '/s/a.svs: Tile 7 of level 0 is damaged <x>.' }];
    await writeFile(file, JSON.stringify({ ...result, quarantined }));
    const text = await readFile(await writeReport(directory), 'utf8');
    expect(text).toContain('/s/a.svs: Tile 7 of level 0 is damaged &lt;x&gt;.');
  });

  it('says what is missing, file by file', async () => {
    await writeSampleRun(directory, 'classification');
    for (const file of ['result.json', 'predictions.json', 'heatmaps']) {
      await rm(join(directory, file), { recursive: true });
    }
    await appendFile(join(directory, 'metrics.jsonl'), '{"step": 144, "lo');
    const page = await reportOf();
    for (const text of [
      'Not finished',
      'There is no predictions.json',
      'There is no heatmaps/INDEX.json',
      'Loss',
    ]) {
      expect(page).toContain(text);
    }
  });

  it('takes broken and senseless files for missing ones', async () => {
    await writeSampleRun(directory, 'classification');
    await writeFile(join(directory, 'predictions.json'), '[{"outcome": 3}, null, {"score": "high"}]');
    await writeFile(join(directory, 'metrics.jsonl'), 'nonsense\n[1]\n{"step": "one"}\n');
    await writeFile(join(directory, 'heatmaps', 'INDEX.json'), '{');
    const page = await reportOf();
    for (const text of ['holds no predictions', 'No step was recorded', 'INDEX.json is not JSON']) {
      expect(page).toContain(text);
    }
  });

  it('keeps every text of the run text', async () => {
    await writeSampleRun(directory, 'classification', { name: hostile, classes: [hostile, `${hostile}2`] });
    const page = await reportOf();
    expect(page).toContain('&lt;/script&gt;&lt;img src=x');
    expect(page).not.toContain('<img');
    expect(page.match(/<script>/g)).toHaveLength(1);
    expect(page.match(/<\/script>/g)).toHaveLength(1);
  });

  it('reads thumbnails from their own directory only', async () => {
    await writeSampleRun(directory, 'classification');
    const index = join(directory, 'heatmaps', 'INDEX.json');
    const entries = JSON.parse(await readFile(index, 'utf8')) as { thumbnail: string }[];
    await cp(join(directory, 'heatmaps', entries[0]!.thumbnail), join(directory, 'outside.png'));
    await writeFile(index, JSON.stringify([{ ...entries[0], thumbnail: '../outside.png' }]));
    const page = await reportOf();
    expect(page).not.toContain('data:image');
    expect(page).toContain('Some thumbnails could not be read');
  });

  it('refuses a directory that is not of a run, by name', async () => {
    await expect(writeReport(directory)).rejects.toThrow(`${directory}: holds no result.json`);
    await expect(writeReport(join(directory, 'nowhere'))).rejects.toThrow('is not a directory');
  });
});
