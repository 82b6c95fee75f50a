import { createHash } from 'node:crypto';
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
    ['classification', ['Test AUC', 'Confusion matrix, test', 'single patches, averaged', 'apart']],
    [
      'survival',
      ['Test C-index', 'Survival by predicted risk (test)', 'by treatment, all patients', 'patients at risk'],
    ],
    ['classes', ['Test mean AUC', 'each class against the rest', 'carcinoma']],
  ])('writes one self-contained page for a run of %s', async (kind, expected) => {
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

  it('lets a browser run its own script and no other', async () => {
    await writeSampleRun(directory, 'classification');
    const page = await reportOf();
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script = '']) => script);
    expect(scripts).toHaveLength(1);
    const digest = createHash('sha256').update(scripts[0]!).digest('base64');
    expect(policy.replaceAll('&#39;', "'")).toContain(`script-src 'sha256-${digest}'`);
  });

  it('names every slide that the run left out', async () => {
    await writeSampleRun(directory, 'classification');
    const file = join(directory, 'result.json');
    const result = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const quarantined = [{ slide: '/s/a.svs', reason: '/s/a.svs: Tile 7 of level 0 is damaged <x>.' }];
    await writeFile(file, JSON.stringify({ ...result, quarantined }));
    const text = await readFile(await writeReport(directory), 'utf8');
    expect(text).toContain('Tile 7 of level 0 is damaged &lt;x&gt;.');
    expect(text).toContain('<a href="#left-out">');
    // The result stays on the first screen: the list is a section of its own, below.
    expect(text.indexOf('class="judgement"')).toBeLessThan(text.indexOf('1 slide was left out'));
    expect(text.indexOf('Tile 7 of level 0')).toBeGreaterThan(text.indexOf('id="results"'));
  });

  it('lists the assumptions about the cohort, if there are any', async () => {
    await writeSampleRun(directory, 'classification');
    expect(await reportOf()).not.toContain('id="cohort"');
    const file = join(directory, 'result.json');
    const result = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const notes = ['slides that are there twice: line 3: <x> is a copy'];
    await writeFile(file, JSON.stringify({ ...result, notes }));
    const text = await reportOf();
    expect(text).toContain('<a href="#cohort">');
    expect(text).toContain('line 3: &lt;x&gt; is a copy');
    expect(text.indexOf('class="judgement"')).toBeLessThan(text.indexOf('1 note on the table'));
  });

  it.each(['classification', 'survival'] as const)(
    'says of the numbers of the training what they are: %s',
    async (kind) => {
      await writeSampleRun(directory, kind);
      const page = (await reportOf()).replace(/\s+/g, ' ');
      expect(page).toContain('so their numbers and p-values say nothing of new ones');
      if (kind === 'survival') expect(page).toContain('to whom the model was fitted. Log-rank test');
      else
        expect(page).toMatch(
          /Balanced accuracy \(95% CI\).*Brier score \(0 is best; of the classes’ shares alone\)/,
        );
    },
  );

  it('names missing files', async () => {
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

  it('shows name, step and time left of a running run, and the reason of a failed one', async () => {
    await writeSampleRun(directory, 'classification');
    for (const file of ['result.json', 'predictions.json', 'heatmaps']) {
      await rm(join(directory, file), { recursive: true });
    }
    const write = (file: string, value: unknown): Promise<void> =>
      writeFile(join(directory, file), JSON.stringify(value));
    await write('job.json', { name: 'lung-2026' });
    const progress = { step: 144, steps: 360, epoch: 11, epochs: 30, eta: '2h 10m' };
    await write('status.json', { phase: 'Running', message: 'training 40%', progress });
    const running = await reportOf();
    for (const text of [
      '<h1>lung-2026</h1>',
      'under way',
      'Step 144 of 360',
      'epoch 12 of 30',
      'About 2h 10m',
    ]) {
      expect(running).toContain(text);
    }
    await write('status.json', { phase: 'Failed', message: 'the disk is full', progress });
    const failed = await reportOf();
    expect(failed).toContain('No result: the run has failed');
    expect(failed).toContain('The disk is full.');
    expect(failed).not.toContain('2h 10m');
  });

  it('evaluates by patients, whatever the number of slides, and says so', async () => {
    await writeSampleRun(directory, 'survival');
    const file = join(directory, 'predictions.json');
    const first = (await reportOf()).match(/<h2 class="judgement">[^<]*/)![0];
    const rows = JSON.parse(await readFile(file, 'utf8')) as { bag: string }[];
    await writeFile(file, JSON.stringify(rows.flatMap((row) => [row, { ...row, bag: `${row.bag}b` }])));
    const page = await reportOf();
    expect(page).toContain(first);
    expect(page).toContain('24 patients (48 slides)');
    expect(page).toContain('with the mean over the slides');
    expect(page).toContain('follow-up (unit of the table)');
  });

  it('names units, the positive class and the direction of a risk as the job states them', async () => {
    await writeSampleRun(directory, 'survival');
    const file = join(directory, 'result.json');
    const result = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const outcome = { type: 'survival', time: 'os', event: 'died', timeUnit: 'months' };
    await writeFile(file, JSON.stringify({ ...result, job: { spec: { cohort: { outcome } } } }));
    const page = await reportOf();
    for (const text of [
      'follow-up (months)',
      'column “died”',
      'A higher log hazard ratio',
      'patients at risk',
    ]) {
      expect(page).toContain(text);
    }
    await writeSampleRun(directory, 'classification');
    expect(await reportOf()).toContain('Positive class: “together”');
    await writeFile(file, JSON.stringify({ ...result, positiveClass: 'apart' }));
    const turned = await reportOf();
    expect(turned).toContain('Positive class: “apart”');
    expect(turned).toContain('P(apart)');
  });

  it('treats broken and nonsensical files as missing', async () => {
    await writeSampleRun(directory, 'classification');
    await writeFile(join(directory, 'predictions.json'), '[{"outcome": 3}, null, {"score": "high"}]');
    await writeFile(join(directory, 'metrics.jsonl'), 'nonsense\n[1]\n{"step": "one"}\n');
    await writeFile(join(directory, 'heatmaps', 'INDEX.json'), '{');
    const page = await reportOf();
    for (const text of ['holds no predictions', 'No step was recorded', 'INDEX.json is not JSON']) {
      expect(page).toContain(text);
    }
  });

  it('escapes every text of the run', async () => {
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

  it('refuses a directory that is not a run, naming it', async () => {
    await expect(writeReport(directory)).rejects.toThrow(`${directory}: holds no result.json`);
    await expect(writeReport(join(directory, 'nowhere'))).rejects.toThrow('is not a directory');
  });
});
