import { mkdtempSync, readdirSync, readFileSync, rmSync, appendFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PredictionOutput } from './output.ts';
import { progressText } from './progress.ts';
import { asCsv, type ModelCard, type PredictionRecord } from './records.ts';

const card: ModelCard = {
  format: 1,
  checkpoint: '/run/checkpoints/step-00000003',
  step: 3,
  parametersSha256: 'abc',
  head: 'classification',
  classes: ['a', 'b'],
  score: 'probability of b',
  bag: 'patient',
  sha256: 'card',
};

function record(
  bag: string,
  slides: readonly string[],
  more: Partial<PredictionRecord> = {},
): PredictionRecord {
  const files = slides.map((slide) => ({ slide, tiles: `${slide.slice(1)}.json` }));
  return {
    patient: bag,
    bag,
    slides,
    split: null,
    score: 0.75,
    probabilities: { a: 0.25, b: 0.75 },
    tiles: 4,
    files,
    ...more,
  };
}

describe('the directory of predictions', () => {
  let directory: string;
  const open = (slides: readonly string[], of: ModelCard = card) =>
    PredictionOutput.open(directory, of, slides);
  const predictions = (): PredictionRecord[] =>
    JSON.parse(readFileSync(join(directory, 'predictions.json'), 'utf8')) as PredictionRecord[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsi-output-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is continued where a prediction was killed in the middle of a line', async () => {
    const first = await open(['/one', '/two']);
    await first.write('one.json', '{}');
    await first.add('k1', record('P1', ['/one']));
    first.close();
    appendFileSync(join(directory, 'predictions.jsonl'), '{"key":"k2","rec');
    const second = await open(['/one', '/two']);
    expect(second.done('k1')).toEqual(record('P1', ['/one']));
    expect(second.done('k2')).toBeUndefined();
    await second.write('two.json', '{}');
    await second.add('k2', record('P0', ['/two']));
    await second.finish([]);
    second.close();
    const third = await open([]);
    expect(third.done('k2')).toBeDefined();
    rmSync(join(directory, 'two.json'));
    expect(third.done('k2')).toBeUndefined();
    third.close();
    expect(predictions().map(({ bag }) => bag)).toEqual(['P0', 'P1']);
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('names slides of different directories differently, even in a later call', async () => {
    const first = await open(['/P1/scan.tif']);
    await first.add(
      'k1',
      record('P1', ['/P1/scan.tif'], { files: [{ slide: '/P1/scan.tif', tiles: 'scan.json' }] }),
    );
    first.close();
    const second = await open(['/P1/scan.tif', '/P2/scan.tif', '/P3/Predictions.svs']);
    expect(second.nameOf('/P1/scan.tif')).toBe('scan');
    expect(second.nameOf('/P2/scan.tif')).toBe('scan-2');
    expect(second.nameOf('/P3/Predictions.svs')).toBe('Predictions-2');
    second.close();
  });

  it('is refused with results of another or an unknown model, and to a second writer', async () => {
    const first = await open([]);
    await expect(open([])).rejects.toThrow(/in use/);
    await first.finish([]);
    first.close();
    // Nothing came to a score.
    (await open([], { ...card, sha256: 'x' })).close();
    const second = await open([]);
    await second.add('k', record('P1', []));
    second.close();
    await expect(open([], { ...card, sha256: 'x', parametersSha256: 'def' })).rejects.toThrow(
      /predictions of another checkpoint \(\/run.*step 3\)/,
    );
    await expect(open([], { ...card, sha256: 'x', bag: 'slide' })).rejects.toThrow(
      /of patients, and these are of slides/,
    );
    for (const name of readdirSync(directory).filter((of) => of !== '.wsi')) rmSync(join(directory, name));
    writeFileSync(join(directory, 'old.json'), '{}');
    await expect(open([])).rejects.toThrow(/nothing says the model of \(old\.json\)/);
    // A refusal leaves no lock.
    await expect(open([])).rejects.toThrow(/nothing says/);
  });

  it('has a single, current record of a bag whose missing slides have arrived', async () => {
    const output = await open([]);
    await output.add('incomplete k', record('P1', ['/one'], { leftOut: ['/two'] }));
    await output.add('k', record('P1', ['/one', '/two'], { score: 0.5 }));
    await output.finish([]);
    output.close();
    expect(predictions().map(({ score }) => score)).toEqual([0.5]);
  });
});

describe('the table of predictions', () => {
  it('has a row for each bag, and quotes what a spreadsheet would misread', () => {
    const rows = asCsv(
      [record('P,1', ['/a "b".svs']), record('P2', ['/c', '/d'], { split: 'train', leftOut: ['/e'] })],
      ['a', 'b'],
    );
    expect(rows).toBe(
      'patient,bag,slides,split,score,tiles,left_out,class,probability of a,probability of b\n' +
        '"P,1","P,1","/a ""b"".svs",new,0.75,4,,b,0.25,0.75\n' +
        'P2,P2,/c;/d,train,0.75,4,/e,b,0.25,0.75\n',
    );
  });
});

describe('in the CSV of predictions', () => {
  const names = ['=1+1', '@SUM(A1)', '+cmd|x!A1', '-a.svs', '\tx', '\r=1'];

  it.each(names)('the name %j is protected from evaluation as a formula', (name) => {
    const [, row = ''] = asCsv([record(name, ['/a'])], []).split(/\n/);
    expect(row.replace(/^"/, '').startsWith(`'${name}`)).toBe(true);
  });

  it.each(['-1', '+', '-', '+2.5', 'P-1', "O'Neil"])('the harmless name %j is unchanged', (name) => {
    expect(asCsv([record(name, ['/a'])], [])).toContain(`\n${name},${name},/a,`);
  });

  it('numbers stay numbers', () => {
    expect(asCsv([record('P', ['/a'], { score: -0.5 })], [])).toContain(',-0.5,');
  });
});

describe('the progress of a prediction', () => {
  it('shows how far it is, and the time left at the present rate', () => {
    const counts = { bags: 10, done: 2, failed: 1, tiles: 250, tilesDone: 200, seconds: 10 };
    expect(progressText(counts)).toBe('2/10 done, 1 slide failed, 250 tiles, 25 tiles/s, ETA 30s');
    expect(progressText({ ...counts, done: 0, failed: 0, tiles: 0, tilesDone: 0, seconds: 0 })).toBe(
      '0/10 done, 0 tiles',
    );
  });
});
