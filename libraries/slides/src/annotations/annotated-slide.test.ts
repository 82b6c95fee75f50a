/** Annotations on slides that were painted: which tiles are left, and when the list is another one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSlide } from '../open-slide.ts';
import { createPixels } from '../pixels.ts';
import { S3Store } from '../s3/store.ts';
import { scratchDirectory } from '../testing/scratch.ts';
import { storeCredentials, storePython, TestStore } from '../testing/s3-server.ts';
import { buildTiff, encodedLevel } from '../tiff/testing/tiff-fixture.ts';
import { tileGrid, type TileGrid } from '../tile-grid.ts';
import { identifyAnnotations, type AnnotationOptions } from './annotation-file.ts';

const scratch = scratchDirectory();
const SIDE = 256;
const TILE = 32;

/** GeoJSON of one rectangle. */
function rectangle(left: number, top: number, width: number, height: number, name = 'Tumor'): string {
  const [right, bottom] = [left + width, top + height];
  const ring = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
    [left, top],
  ];
  const geometry = { type: 'Polygon', coordinates: [ring] };
  const properties = { objectType: 'annotation', classification: { name } };
  return JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', geometry, properties }] });
}

let slide: string;
beforeAll(async () => {
  slide = scratch('slide.tif');
  const pink = createPixels(SIDE, SIDE);
  for (let at = 0; at < pink.data.length; at++) pink.data[at] = [205, 120, 170][at % 3]! + ((at * 31) % 7);
  const level = await encodedLevel(pink, { tileSide: 64, micrometres: 0.5 });
  await writeFile(slide, buildTiff({ levels: [level] }));
});

async function directoryWith(name: string, text: string): Promise<string> {
  const directory = scratch(name);
  await mkdir(directory);
  await writeFile(join(directory, 'slide.geojson'), text);
  return directory;
}

async function grid(annotations: AnnotationOptions, store?: S3Store): Promise<TileGrid> {
  const opened = await openSlide(slide);
  try {
    const tissue = { method: 'none', annotations, minimumFraction: 0.9 } as const;
    return await tileGrid(opened, { size: TILE, tissue }, { store });
  } finally {
    await opened.close();
  }
}

const corners = ({ coordinates }: TileGrid): string[] =>
  Array.from({ length: coordinates.length / 2 }, (_, at) => coordinates.slice(at * 2, at * 2 + 2).join());

describe('the tiles of an annotated slide', () => {
  it('are those within the annotated areas', async () => {
    const directory = await directoryWith('two', rectangle(64, 32, 64, 32));
    expect(corners(await grid({ directory }))).toEqual(['64,32', '96,32']);
    const rest = await grid({ directory, exclude: ['Tumor'] });
    expect(rest.count).toBe((SIDE / TILE) ** 2 - 2);
  });

  it('have a digest that depends on the areas and their selection, but not on the directory', async () => {
    const text = rectangle(64, 32, 64, 32);
    const directory = await directoryWith('first', text);
    const { digest } = await grid({ directory });
    expect((await grid({ directory: await directoryWith('moved', text) })).digest).toBe(digest);
    const others = [
      // The same tiles, from other areas.
      await grid({ directory: await directoryWith('redrawn', rectangle(65, 32, 63, 32)) }),
      await grid({ directory, use: 'replace' }),
      await grid({ directory, include: ['Tumor'] }),
      await grid({ directory, origin: 'slide' }),
    ];
    expect(others.map(({ count }) => count)).toEqual([2, 2, 2, 2]);
    expect(new Set([digest, ...others.map((other) => other.digest)]).size).toBe(5);
  });
});

const whenSetUp = storePython === null ? describe.skip : describe;
whenSetUp('annotations in S3 (skipped without `node tools/setup/setup.mjs --python-reference`)', () => {
  let server: TestStore;
  let store: S3Store;
  beforeAll(async () => {
    Object.assign(process.env, storeCredentials, { AWS_EC2_METADATA_DISABLED: 'true' });
    server = await TestStore.start();
    await server.createBucket('areas');
    store = new S3Store({ endpoint: server.endpoint, forcePathStyle: true, pause: () => Promise.resolve() });
  });
  afterAll(async () => {
    await store.close();
    await server.close();
  });
  const put = (key: string, text: string): Promise<void> => server.put('areas', key, Buffer.from(text));

  it('are found, read and identified in S3 as on disk', async () => {
    await put('study/slide.geojson', rectangle(64, 32, 64, 32));
    const options = { directory: 's3://areas/study/' };
    const stored = await grid(options, store);
    expect(corners(stored)).toEqual(['64,32', '96,32']);
    const local = await grid({ directory: await directoryWith('local', rectangle(64, 32, 64, 32)) });
    expect(stored.digest).toBe(local.digest);
    const before = await identifyAnnotations(slide, options, store);
    await put('study/slide.geojson', rectangle(0, 0, 32, 32));
    expect(await identifyAnnotations(slide, options, store)).not.toBe(before);
    expect(corners(await grid(options, store))).toEqual(['0,0']);
  });

  it('are an error with the address of a missing or damaged annotation file', async () => {
    const nothing = { directory: 's3://areas/elsewhere' };
    await expect(grid(nothing, store)).rejects.toMatchObject({
      code: 'NotFound',
      problem: expect.stringMatching(/none of slide\.geojson.* is in s3:\/\/areas\/elsewhere/u) as unknown,
    });
    expect((await grid({ ...nothing, missing: 'detect' }, store)).count).toBe((SIDE / TILE) ** 2);
    await put('bad/slide.json', '{');
    await expect(grid({ directory: 's3://areas/bad' }, store)).rejects.toMatchObject({
      code: 'InvalidArgument',
      where: 's3://areas/bad/slide.json',
    });
  });
});
