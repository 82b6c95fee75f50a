/** Features in a file are, to the last bit, what a prediction or a worker embeds the same tiles to. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { FeatureReader } from '@wsi-operator/features';
import { float32From, int32From } from '@wsi-operator/protocol';
import { openSlide } from '@wsi-operator/slides';
import { meansModel } from '@wsi-operator/tile-encoder/testing';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { slideBlocks } from '../plan/bags.ts';
import { Embedder } from '../prediction/embedder.ts';
import { openModel } from '../prediction/open-model.ts';
import { writeUntrainedCheckpoint } from '../testing/untrained-checkpoint.ts';
import { Extraction, type ExtractionRequest, type SlideEnd } from './extraction.ts';

describe('the features of slides', () => {
  let directory: string;
  let checkpoint: string;
  let slides: string[];
  let embedder: Embedder;
  const reader = new FeatureReader();
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-extraction-'));
    // Its aggregator is attention: the encoder's part of a larger graph must give the same bits.
    checkpoint = await writeUntrainedCheckpoint(join(directory, 'run'));
    const cohort = await synthesizeCohort({
      output: join(directory, 'cohort'),
      slides: 3,
      width: 384,
      height: 320,
      task: 'needle',
    });
    slides = [1, 2, 3].map((number) => join(cohort.table, '..', 'slides', `slide-000${number}.tiff`));
    embedder = await Embedder.open(checkpoint);
  });
  afterAll(async () => {
    await embedder.close();
    await reader.close();
    await rm(directory, { recursive: true, force: true });
  });

  const extract = async (
    output: string,
    changes: Partial<ExtractionRequest> = {},
  ): Promise<{ files: string[]; ends: SlideEnd[]; tiles: number }> => {
    const { patches } = openModel(await loadCheckpoint(checkpoint)).model.description;
    const { cacheBytes: _cache, blockShards: _shards, ...cut } = patches;
    const extraction = await Extraction.open({
      source: { encoder: 'tiny', parameters: { checkpoint } },
      patches: cut,
      cacheBytes: 2 ** 20,
      layout: 'trident',
      overwrite: false,
      store: {},
      toolVersion: '0',
      processes: 1,
      ...changes,
    });
    const files = slides.map((slide) => join(directory, output, `${basename(slide, '.tiff')}.h5`));
    const ends: SlideEnd[] = [];
    let tiles = 0;
    await extraction.run(
      slides.map((slide, index) => ({ slide, file: files[index]! })),
      { onTiles: (more) => (tiles += more), onSlide: (end) => ends.push(end) },
    );
    return { files, ends, tiles };
  };

  it('have the bits of the embeddings that a prediction computes, from one process and from two', async () => {
    const { files, ends, tiles } = await extract('features');
    expect(ends.filter((end) => 'error' in end)).toEqual([]);
    expect(tiles).toBe(3 * 30);
    for (const [index, slide] of slides.entries()) {
      const { survey } = await embedder.do({ survey: { slide } });
      const coordinates = int32From(survey!.coordinates);
      const blocks = slideBlocks(
        { slide, coordinates, tiles: coordinates.length / 2 },
        { batch: 4, blockShards: 2 },
      );
      const embedded = [];
      for (const { block } of blocks) {
        const { embed } = await embedder.do({ embed: { block, attention: false, gather: true } });
        embedded.push(embed!.embeddings);
      }
      const there = await reader.survey(files[index]!);
      expect([...there.coordinates]).toEqual([...coordinates]);
      const rows = await reader.rows(files[index]!, 0, there.file.rows);
      expect(rows).toEqual(float32From(Buffer.concat(embedded)));
    }
    const two = await extract('two', { processes: 2 });
    for (const [index, file] of files.entries()) {
      expect((await readFile(file)).equals(await readFile(two.files[index]!))).toBe(true);
    }
  });

  it('are of normalised tiles where the job normalises stains', async () => {
    const { patches } = openModel(await loadCheckpoint(checkpoint)).model.description;
    const { cacheBytes: _cache, blockShards: _shards, ...cut } = patches;
    const stained = await extract('stained', { patches: { ...cut, stain: { method: 'macenko' } } });
    const files = [join(directory, 'features', 'slide-0001.h5'), stained.files[0]!];
    const found = await Promise.all(files.map((file) => reader.describe(file)));
    expect(found.map(({ key }) => key!.patches.includes('macenko'))).toEqual([false, true]);
    const [plain, normalised] = await Promise.all(files.map((file) => reader.rows(file, 0, 1)));
    expect(plain).not.toEqual(normalised);
  });

  it('by an ONNX file are what it says of the normalised pixels, from one process and from two', async () => {
    const file = join(directory, 'means.onnx');
    await writeFile(file, meansModel());
    const normalisation = { mean: [0.7, 0.5, 0.6], std: [0.2, 0.25, 0.3] };
    const source = { onnx: { file, layout: 'NCHW', normalisation, device: 'cpu' } } as const;
    const one = await extract('onnx', { source });
    const two = await extract('onnx-two', { source, processes: 2 });
    const slide = await openSlide(slides[0]!);
    const { file: found, coordinates } = await reader.survey(one.files[0]!);
    expect(found).toMatchObject({ encoder: 'means', size: 3 });
    const pixels = await slide.readPatches({ level: 0, size: 64, coordinates: Int32Array.from(coordinates) });
    await slide.close();
    const rows = await reader.rows(one.files[0]!, 0, found.rows);
    const expected = Array.from(rows, (_, index) => {
      const [tile, colour] = [Math.floor(index / 3), index % 3];
      const values = pixels.subarray(tile * 64 * 64 * 3, (tile + 1) * 64 * 64 * 3);
      const sum = values.reduce((all, value, at) => all + (at % 3 === colour ? value / 255 : 0), 0);
      return (sum / 64 / 64 - normalisation.mean[colour]!) / normalisation.std[colour]!;
    });
    for (const [index, value] of expected.entries()) expect(rows[index]).toBeCloseTo(value, 4);
    for (const [index, path] of one.files.entries()) {
      expect((await readFile(path)).equals(await readFile(two.files[index]!))).toBe(true);
    }
    await writeFile(file, 'no model');
    await expect(extract('no-onnx', { source })).rejects.toThrow(/no ONNX model that can be used/);
  });
});
