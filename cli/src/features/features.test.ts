/** What `wsi features` understands of a job or of options, and what it refuses before anything is read. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encoderSource } from './encoder.ts';
import { jobOf } from './job.ts';
import { slidesToExtract } from './slides.ts';

let directory: string;
const ignore = (): void => undefined;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-features-options-'));
  for (const folder of ['a', 'b']) {
    mkdirSync(join(directory, folder));
    writeFileSync(join(directory, folder, folder === 'a' ? 'Scan.tiff' : 'scan.svs'), '');
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

it('takes options for fields of the job, with the defaults of a job', async () => {
  const spec = await jobOf(['slide.svs'], {
    encoder: 'resnet18',
    weights: '/w.safetensors',
    mpp: 0.5,
    set: ['patches.stain={}'],
  });
  expect(spec.patches).toMatchObject({ size: 224, mpp: 0.5, batch: 16, stain: { method: 'macenko' } });
  expect(await encoderSource(spec, {}, ignore)).toEqual({
    encoder: 'resnet18',
    parameters: { weights: '/w.safetensors' },
  });
});

it('refuses tiles that no job could have', async () => {
  await expect(jobOf(['slide.svs'], { encoder: 'tiny', patchSize: 9 })).rejects.toThrow(/patches\.size/);
  await expect(jobOf(['slide.svs'], { encoder: 'tiny', set: ['patches.sice=64'] })).rejects.toThrow(/sice/);
  await expect(jobOf(['slide.svs'], {})).rejects.toThrow(/without an encoder/);
  await expect(jobOf(['job.yaml', 'slide.svs'], {})).rejects.toThrow(/has its own slides/);
});

it('refuses random numbers that nobody asked for', async () => {
  const spec = await jobOf(['slide.svs'], { encoder: 'tiny' });
  await expect(encoderSource(spec, {}, ignore)).rejects.toThrow(/nothing says the weights of tiny.*--random/);
  expect(await encoderSource(spec, { random: 0 }, ignore)).toEqual({
    encoder: 'tiny',
    parameters: { random: 0 },
  });
  await expect(encoderSource(spec, { random: 0, from: 'run' }, ignore)).rejects.toThrow(/exclude each other/);
});

it('refuses slides that would share a file, also where names differ in case only', async () => {
  const given = [join(directory, 'a'), join(directory, 'b')];
  const spec = await jobOf(given, { encoder: 'tiny' });
  const output = join(directory, 'out');
  await expect(slidesToExtract(given, spec, { output })).rejects.toThrow(
    /2 slides would be written to one file: .*Scan\.tiff, .*scan\.svs.*Rename/,
  );
  const { slides } = await slidesToExtract(given.slice(0, 1), spec, { output, slideMpp: 0.25 });
  expect(slides).toEqual([
    {
      slide: join(directory, 'a', 'Scan.tiff'),
      file: join(output, 'Scan.h5'),
      stated: { mpp: 0.25, overrides: false },
    },
  ]);
});

it('takes an ONNX file only with its normalisation, and what is of ONNX only with a file', async () => {
  const spec = await jobOf(['slide.svs'], { onnx: 'm.onnx', patchSize: 518 });
  expect(spec.patches.size).toBe(518);
  await expect(encoderSource(spec, { onnx: 'm.onnx' }, ignore)).rejects.toThrow(
    /m\.onnx: .*normalised.*imagenet/,
  );
  await expect(encoderSource(spec, { random: 1, device: 'cuda' }, ignore)).rejects.toThrow(/only for --onnx/);
  await expect(encoderSource(spec, { random: 1, onnx: 'm.onnx' }, ignore)).rejects.toThrow(
    /exclude each other/,
  );
  expect(await encoderSource(spec, { onnx: '/m.onnx', normalise: 'half', onnxOutput: 'y' }, ignore)).toEqual({
    onnx: {
      file: '/m.onnx',
      input: undefined,
      output: 'y',
      layout: 'NCHW',
      normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
      device: 'cpu',
    },
  });
});
