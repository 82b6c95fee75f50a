/** Rows of features as tiles: which they are, where they lie, and which files are refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FeatureReader, type FeatureFile } from '@wsi-operator/features';
import { int32From, type TileBlock } from '@wsi-operator/protocol';
import { writeFeatures } from '../testing/feature-cohort.ts';
import { completed, kindOf, requireKind } from './feature-kind.ts';
import { FeatureTiles } from './feature-tiles.ts';
import { RowCache } from './row-cache.ts';

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-feature-tiles-'));
  path = join(directory, 'slide.h5');
  await writeFeatures(path, { rows: 30, size: 4 });
  await writeFeatures(join(directory, 'clam.h5'), { rows: 30, size: 4, layout: 'clam' });
  await writeFeatures(join(directory, 'stamp.h5'), { rows: 30, size: 4, layout: 'stamp' });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('rows of a file', () => {
  let tiles: FeatureTiles;
  beforeEach(() => {
    tiles = new FeatureTiles({ size: 4 }, { cacheBytes: 100 });
  });
  afterEach(() => tiles.close());

  const block = (first: number): TileBlock => ({
    slide: path,
    coordinates: new Uint8Array(0),
    orientationSeed: 0,
    first,
  });

  it('are those of the block, whether they are in the cache or not', async () => {
    const reader = new FeatureReader();
    const all = await reader.rows(path, 0, 30);
    await reader.close();
    for (const [first, range] of [
      [0, { start: 0, end: 5 }],
      [10, { start: 2, end: 7 }],
      [10, { start: 2, end: 7 }],
      [29, { start: 0, end: 1 }],
    ] as const) {
      const rows = await tiles.read(block(first), range);
      expect([...rows]).toEqual([...all.subarray((first + range.start) * 4, (first + range.end) * 4)]);
      tiles.release();
    }
    await expect(tiles.read(block(29), { start: 0, end: 2 })).rejects.toThrow(/rows up to 31 were expected/);
  });

  it.each([
    ['slide.h5', 256, 6 * 256],
    ['clam.h5', 256, 6 * 256],
    ['stamp.h5', 128, 6 * 128],
  ])('of %s have places in the unit of the file', async (name, side, width) => {
    const survey = await tiles.survey({ slide: join(directory, name) });
    expect([...int32From(survey.coordinates).subarray(0, 4)]).toEqual([0, 0, side, 0]);
    expect([survey.footprintX, survey.width]).toEqual([side, width]);
    expect(survey.fingerprint).toBe(await tiles.fingerprint(join(directory, name)));
  });

  it('lie on an empty picture of the shape of the slide', async () => {
    const { width, height, data } = await tiles.picture({ slide: path, width: 3000, height: 1500 }, 100);
    expect([width, height, new Set(data)]).toEqual([100, 50, new Set([255])]);
  });
});

describe('the kind of a cohort of features', () => {
  const file: FeatureFile = { layout: 'clam', rows: 1, size: 8, coordinates: { unit: 'pixels' } };
  const key = {
    encoder: 'e',
    encoderDigest: '1',
    patches: 'p',
    slideFingerprint: 'f',
    toolVersion: '1',
  };

  it('is completed by a file that says more', () => {
    expect(completed(undefined, file)).toEqual({ size: 8 });
    expect(completed({ size: 8 }, { ...file, encoder: 'e' })).toEqual({ size: 8, encoder: 'e' });
    expect(completed({ size: 8, encoder: 'e' }, { ...file, encoder: 'f', key })).toMatchObject({
      encoder: 'e',
      encoderDigest: '1',
    });
    // The layout of CLAM has no place for the name, but files written here have their own.
    expect(kindOf({ ...file, key }).encoder).toBe('e');
  });

  it('is the same for slides with resolutions that the table states, and with annotations of their own', () => {
    const cut = (patches: object): FeatureFile => ({
      ...file,
      key: { ...key, patches: JSON.stringify(patches) },
    });
    const annotated = (directory: string): object => ({
      size: 256,
      tissue: { method: 'none', annotations: { directory, include: ['tumour'] } },
    });
    for (const [one, other] of [
      [{ size: 256 }, { size: 256, stated: { mpp: 0.5, overrides: false } }],
      [annotated('sha256 of one'), annotated('none')],
    ] as const) {
      expect(kindOf(cut(one))).toEqual(kindOf(cut(other)));
    }
    const otherClass = { size: 256, tissue: { method: 'none', annotations: { include: ['stroma'] } } };
    expect(() => requireKind('x.h5', cut(otherClass), kindOf(cut(annotated('none'))))).toThrow(
      /cut in another way/,
    );
  });

  it('holds as far as both files say what they are', () => {
    expect(() => requireKind('x.h5', file, kindOf({ ...file, encoder: 'e', key }))).not.toThrow();
    expect(() => requireKind('x.h5', { ...file, encoder: 'e', key }, kindOf(file))).not.toThrow();
  });

  it.each([
    [
      'numbers of a row',
      { size: 9 },
      /rows have 9 numbers, where those of the cohort or of the model have 8/,
    ],
    ['another encoder', { encoder: 'other' }, /made by the encoder 'other', others by 'e'/],
    ['other parameters', { key: { ...key, encoderDigest: '2' } }, /its encoder has other parameters/],
    ['other tiles', { key: { ...key, patches: 'q' } }, /its tiles were cut in another way/],
  ])('is refused for %s, with the file', (_name, change, says) => {
    const kind = kindOf({ ...file, encoder: 'e', key });
    const refuse = (): void => requireKind('x.h5', { ...file, encoder: 'e', key, ...change }, kind);
    expect(refuse).toThrow(says);
    expect(refuse).toThrow(/x\.h5/);
    expect(refuse).toThrow(expect.objectContaining({ code: 'SlideUnsupported' }));
  });
});

describe('the cache of rows', () => {
  it('holds no more than its limit, drops the longest unused, and tries again what failed', async () => {
    const cache = new RowCache(100);
    let reads = 0;
    const get = (key: string): Promise<Float32Array> =>
      cache.get(key, () => {
        reads += 1;
        return Promise.resolve(new Float32Array(10));
      });
    await get('a');
    await get('b');
    await get('a');
    expect([reads, cache.bytes]).toEqual([2, 80]);
    await get('c');
    expect(cache.bytes).toBe(80);
    await get('a');
    expect(reads).toBe(3);
    await get('b');
    expect(reads).toBe(4);
    // Those that made place for c and for b.
    expect([cache.takeDropped(), cache.takeDropped()]).toEqual([80, 0]);
    await expect(cache.get('d', () => Promise.reject(new Error('torn')))).rejects.toThrow('torn');
    await get('d');
    expect(reads).toBe(5);
    expect(await new RowCache(0).get('x', () => Promise.resolve(new Float32Array(3)))).toHaveLength(3);
  });
});
