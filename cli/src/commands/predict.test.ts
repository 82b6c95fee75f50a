/** `wsi predict` as a process: faults of some slides, equal names, a stop in the middle. */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { writeUntrainedCheckpoint } from '@wsi-operator/trainer/testing';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
let directory: string;
let checkpoint: string;
let slides: string[];

const predict = (...words: string[]) =>
  spawnSync(process.execPath, [main, 'predict', '--workers', '1', '--size', '64', ...words], {
    encoding: 'utf8',
    cwd: directory,
  });
const read = (...path: string[]): string => readFileSync(join(directory, ...path), 'utf8');

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-predict-command-'));
  checkpoint = await writeUntrainedCheckpoint(join(directory, 'model'));
  await synthesizeCohort({
    output: join(directory, 'cohort'),
    slides: 4,
    width: 256,
    height: 256,
    task: 'needle',
  });
  slides = readdirSync(join(directory, 'cohort', 'slides')).map((name) => `cohort/slides/${name}`);
});
afterAll(() => rmSync(directory, { recursive: true }));

it('scores the good slides, reports all faults, keeps equal names apart, and skips finished slides', () => {
  for (const [folder, slide] of [slides[0]!, slides[1]!].entries()) {
    mkdirSync(join(directory, `P${folder}`));
    copyFileSync(join(directory, slide), join(directory, `P${folder}`, 'scan.tif'));
  }
  writeFileSync(join(directory, 'cut-off.tif'), readFileSync(join(directory, slides[0]!)).subarray(0, 3000));
  const given = ['P0/scan.tif', 'cut-off.tif', 'gone.svs', 'P1/scan.tif', '--checkpoint', checkpoint];
  const first = predict(...given, '--output', 'out', '--json');
  expect(first.status).toBe(64);
  const lines = first.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { files: object[] });
  expect(lines.map(({ files }) => files[0])).toMatchObject([
    { tiles: 'P0-scan.json', heatmap: 'P0-scan.heatmap.png' },
    { tiles: 'P1-scan.json' },
  ]);
  expect(first.stderr).toMatch(
    /2 slides could not be used.*\n.*cut-off\.tif: .*\n.*gone\.svs: There is no such slide/,
  );
  expect(first.stderr).not.toMatch(/oneDNN|absl/);
  const failures = JSON.parse(read('out', 'failures.json')) as { slide: string; code: string }[];
  expect(failures.map(({ code }) => code)).toEqual(['SlideUnreadable', 'NotFound']);
  expect(JSON.parse(read('out', 'model.json'))).toMatchObject({ score: "probability of the class 'b'" });
  const before = read('out', 'P0-scan.json');
  const again = predict('P0/scan.tif', '--checkpoint', checkpoint, '--output', 'out');
  expect([again.status, again.stdout]).toEqual([0, expect.stringMatching(/\tas before\n$/)]);
  expect(read('out', 'P0-scan.json')).toBe(before);
});

it('stops on request without a partial file, and gets the same results when continued', async () => {
  const given = [...slides, '--checkpoint', checkpoint];
  expect(predict(...given, '--output', 'whole').status).toBe(0);
  const child = spawn(
    process.execPath,
    [main, 'predict', '--workers', '1', '--size', '64', ...given, '--output', 'part'],
    { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  child.stdout.once('data', () => child.kill('SIGTERM'));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(143);
  const left = readdirSync(join(directory, 'part'));
  expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(readdirSync(join(directory, 'part', '.wsi'))).toEqual(['pods']);
  expect(predict(...given, '--output', 'part').status).toBe(0);
  expect(read('part', 'predictions.json')).toBe(read('whole', 'predictions.json'));
});

it('scores a slide again when its annotations have changed, and only then', async () => {
  const areas = join(directory, 'areas');
  mkdirSync(areas);
  const model = await writeUntrainedCheckpoint(join(directory, 'annotated'), {
    method: 'none',
    minimumFraction: 0.5,
    annotations: { directory: areas, use: 'replace', missing: 'fail' },
  });
  const annotate = (side: number): void => {
    const ring = [0, 1, 2, 3, 0].map((corner) => [
      corner === 1 || corner === 2 ? side : 0,
      corner > 1 ? side : 0,
    ]);
    const geometry = { type: 'Polygon', coordinates: [ring] };
    const features = [{ type: 'Feature', geometry, properties: {} }];
    const file = basename(slides[0]!).replace(/\.tiff$/, '.geojson');
    writeFileSync(join(areas, file), JSON.stringify({ type: 'FeatureCollection', features }));
  };
  const score = (): { stdout: string; tiles: unknown } => {
    const { status, stdout, stderr } = predict(
      slides[0]!,
      '--checkpoint',
      model,
      '--output',
      'areas-out',
      '--json',
    );
    expect([status, stderr]).toEqual([0, expect.anything()]);
    return { stdout, tiles: (JSON.parse(stdout) as { tiles: number }).tiles };
  };
  annotate(256);
  expect(score().tiles).toBe(16);
  expect(predict(slides[0]!, '--checkpoint', model, '--output', 'areas-out').stdout).toMatch(/as before/);
  annotate(128);
  expect(score().tiles).toBe(4);
});
