/** `wsi patches` as a process: what it writes of an annotated slide, and what it refuses. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { listBelow } from '../testing/files.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const SIDE = 256;
let directory: string;
let slide: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-patches-command-'));
  await synthesizeCohort({
    output: join(directory, 'cohort'),
    slides: 2,
    width: SIDE,
    height: SIDE,
    task: 'needle',
  });
  slide = listBelow(join(directory, 'cohort')).find((path) => /\.(tiff?|svs)$/.test(path))!;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function annotated(name: string, text: string): string {
  const folder = join(directory, name);
  mkdirSync(folder);
  const stem = slide.slice(slide.lastIndexOf('/') + 1).replace(/\.[^.]+$/, '');
  writeFileSync(join(folder, `${stem}.geojson`), text);
  return folder;
}

function area(left: number, top: number, side: number): string {
  const [right, bottom] = [left + side, top + side];
  const ring = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
  const properties = { classification: { name: 'Tumor' } };
  return JSON.stringify({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] }, properties });
}

function patches(...words: string[]): { code: number | null; error: string; output: string } {
  const output = join(directory, 'out');
  rmSync(output, { recursive: true, force: true });
  const usual = ['patches', slide, '--output', output, '--size', '32', '--tissue', 'none'];
  const { status, stderr } = spawnSync(process.execPath, [main, ...usual, ...words], { encoding: 'utf8' });
  return { code: status, error: stderr, output };
}

describe('wsi patches --annotations', () => {
  it('selects the tiles that are written', () => {
    const { code, output } = patches('--annotations', annotated('good', area(64, 96, 64)));
    expect(code).toBe(0);
    const rows = readFileSync(join(output, 'coordinates.csv'), 'utf8').trim().split('\n').slice(1);
    expect(rows.map((row) => row.split(',').slice(1, 3).join())).toEqual([
      '64,96',
      '96,96',
      '64,128',
      '96,128',
    ]);
    expect(readFileSync(join(output, 'tissue.json'), 'utf8')).toContain('"Tumor": 1');
  });

  it.each<[string, () => string[], RegExp]>([
    ['a class without annotations', () => ['--include', 'Tumor'], /only for --annotations/],
    ['an origin without annotations', () => ['--origin', 'slide'], /only for --annotations/],
    [
      'a class that no area has',
      () => ['--annotations', join(directory, 'good'), '--include', 'Tumour'],
      /no area of class Tumour; they have Tumor/,
    ],
    [
      'a folder without annotations of the slide',
      () => ['--annotations', directory],
      /no annotations: none of .*\.geojson/,
    ],
    [
      'a file that is not GeoJSON',
      () => ['--annotations', annotated('bad', '{"a": 1}')],
      /not GeoJSON.*Export/s,
    ],
    [
      'areas of a larger slide',
      () => ['--annotations', annotated('other', area(900, 900, 64))],
      /outside the slide/,
    ],
  ])('refuses %s with the reason and without a stack trace', (_, words, problem) => {
    const { code, error } = patches(...words());
    expect(code).toBe(64);
    expect(error).toMatch(problem);
    expect(error).not.toContain('    at ');
  });
});
