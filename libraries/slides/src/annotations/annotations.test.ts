/* eslint-disable max-lines -- all shapes drawn on one slide */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TissueLabel } from '../tissue/labels.ts';
import { findAnnotations, identifyAnnotations, readAnnotations } from './annotation-file.ts';
import { applyAnnotations, rasterised, type LabelledSlide } from './areas.ts';
import { parseAnnotations } from './geojson.ts';
import { placed, type OriginChoice } from './origin.ts';

const square = (left: number, top: number, side: number): number[][] => [
  [left, top],
  [left + side, top],
  [left + side, top + side],
  [left, top + side],
  [left, top],
];
const polygon = (...rings: number[][][]): object => ({ type: 'Polygon', coordinates: rings });
const feature = (geometry: unknown, name?: string, more: object = {}): object => ({
  type: 'Feature',
  id: '1f2a',
  geometry,
  properties: {
    objectType: 'annotation',
    ...(name === undefined ? {} : { classification: { name, color: [1, 2, 3] } }),
    ...more,
  },
});
const collection = (...features: unknown[]): string =>
  JSON.stringify({ type: 'FeatureCollection', features });
const parse = (text: string) => parseAnnotations(text, 'a.geojson');

describe('parseAnnotations', () => {
  const one = polygon(square(0, 0, 10));
  it.each([
    ['a collection', collection(feature(one, 'Tumor'))],
    ['a feature', JSON.stringify(feature(one, 'Tumor'))],
    ['a list of features', JSON.stringify([feature(one, 'Tumor')])],
    [
      'a collection of geometries',
      collection(feature({ type: 'GeometryCollection', geometries: [one] }, 'Tumor')),
    ],
    [
      'several polygons',
      collection(feature({ type: 'MultiPolygon', coordinates: [[square(0, 0, 10)]] }, 'Tumor')),
    ],
    ['a byte-order mark', `\uFEFF${collection(feature(one, 'Tumor'))}`],
    [
      'a class as a text',
      collection({ type: 'Feature', geometry: one, properties: { classification: ' Tumor' } }),
    ],
    ['a locked one without a name', collection(feature(one, 'Tumor', { isLocked: true, name: null }))],
    [
      'a class of several names',
      collection({
        type: 'Feature',
        geometry: one,
        properties: { objectType: 'annotation', classification: { names: ['Tumor'] } },
      }),
    ],
    [
      'heights, and a ring that is not closed',
      collection(
        feature(
          polygon([
            [0, 0, 5],
            [10, 0, 5],
            [10, 10, 5],
          ]),
          'Tumor',
        ),
      ),
    ],
  ])('reads %s', (_, text) => {
    const { areas } = parse(text);
    expect(areas.map(({ className, rings }) => [className, rings.length])).toEqual([['Tumor', 1]]);
  });

  it('gives a bare geometry no class, and counts points, lines and detections', () => {
    expect(parse(JSON.stringify(one)).areas[0]?.className).toBe('');
    const mixed = parse(
      collection(
        feature(one),
        feature({ type: 'Point', coordinates: [1, 2] }),
        feature({
          type: 'LineString',
          coordinates: [
            [1, 2],
            [3, 4],
          ],
        }),
        feature(one, 'Tumor', { objectType: 'cell' }),
      ),
    );
    expect([mixed.areas.length, mixed.withoutArea, mixed.detections]).toEqual([1, 2, 1]);
  });

  it.each([
    ['no properties', { type: 'Feature', geometry: one }],
    ['null for properties', { type: 'Feature', geometry: one, properties: null }],
    ['null for a class', feature(one, undefined, { classification: null })],
  ])('treats a feature with %s as one without a class', (_, given) => {
    expect(parse(collection(given)).areas.map(({ className }) => className)).toEqual(['']);
  });

  it.each([
    ['no JSON', '{', /not JSON/],
    ['NaN', '{"type": "Polygon", "coordinates": [[[NaN, 1]]]}', /not JSON/],
    ['other JSON', '{"a": 1}', /not GeoJSON/],
    ['nothing', collection(), /no annotations/],
    [
      'points only',
      collection(feature({ type: 'MultiPoint', coordinates: [[1, 2]] })),
      /no areas, only 1 points or lines/,
    ],
    ['detections only', collection(feature(one, 'x', { objectType: 'detection' })), /only 1 detections/],
    [
      'null for a number',
      collection(
        feature(
          polygon([
            [0, 0],
            [null as unknown as number, 1],
            [1, 1],
          ]),
        ),
      ),
      /feature 0: has a point that is not a pair of numbers \(\[null,1\]\)/,
    ],
    [
      'a text for a number',
      collection(feature(one), feature(polygon([['1', 0] as unknown as number[], [1, 1], [2, 0]]))),
      /feature 1/,
    ],
    [
      'two points',
      collection(
        feature(
          polygon([
            [0, 0],
            [1, 1],
          ]),
        ),
      ),
      /ring of 2 points/,
    ],
    ['no geometry', collection(feature(null)), /has no geometry/],
    [
      'another type',
      collection(feature({ type: 'Circle', coordinates: [1, 2] })),
      /type that is not known \(Circle\)/,
    ],
  ])('refuses %s', (_, text, says) => {
    expect(() => parse(text)).toThrow(says);
  });
});

const slide = (labels: Uint8Array = new Uint8Array(100).fill(TissueLabel.Tissue)): LabelledSlide => ({
  width: 10,
  height: 10,
  labels,
  scaleX: 4,
  scaleY: 4,
});
const count = (labels: Uint8Array, label: number): number => labels.filter((each) => each === label).length;

describe('applyAnnotations', () => {
  const apply = (text: string, choice: object, of = slide()): Uint8Array =>
    applyAnnotations(of, parse(text), choice, 'a.geojson');
  const two = collection(
    feature(polygon(square(0, 0, 20)), 'Tumor'),
    feature(polygon(square(20, 20, 20)), 'Necrosis'),
  );

  it('includes and excludes classes, ignoring case', () => {
    const included = apply(two, { include: ['tumor'] });
    expect([count(included, TissueLabel.Tissue), count(included, TissueLabel.Outside)]).toEqual([25, 75]);
    const excluded = apply(two, { exclude: ['Necrosis'] });
    expect([count(excluded, TissueLabel.Tissue), count(excluded, TissueLabel.Excluded)]).toEqual([25, 25]);
    expect(count(apply(two, {}), TissueLabel.Tissue)).toBe(50);
  });

  it('keeps the rest of the slide when only excluded areas are drawn', () => {
    const labels = apply(collection(feature(polygon(square(0, 0, 20)), 'Fold')), { exclude: ['Fold'] });
    expect(count(labels, TissueLabel.Tissue)).toBe(75);
  });

  it('replaces the detected tissue', () => {
    const glass = slide(new Uint8Array(100));
    expect(count(apply(two, { use: 'replace', include: ['Tumor'] }, glass), TissueLabel.Tissue)).toBe(25);
    expect(() => apply(two, {}, glass)).toThrow(/Only 0.0% of the annotated areas lies on tissue/);
  });

  it('covers each of several polygons without their holes', () => {
    const several = {
      type: 'MultiPolygon',
      coordinates: [[square(0, 0, 16), square(4, 4, 8)], [square(20, 20, 20)]],
    };
    const mask = rasterised(slide(), parse(collection(feature(several))).areas);
    expect(count(mask, 1)).toBe(16 - 4 + 25);
  });

  it('covers both halves of an outline that crosses itself', () => {
    const bow = [
      [0, 0],
      [40, 40],
      [40, 0],
      [0, 40],
    ];
    const mask = rasterised(slide(), parse(collection(feature(polygon(bow)))).areas);
    const row = (y: number): number => count(mask.subarray(y * 10, y * 10 + 10), 1);
    // The halves touch in the middle.
    expect([row(0) + row(9), mask[5 * 10], mask[5 * 10 + 9], mask[5]]).toEqual([row(0) * 2, 1, 1, 0]);
  });

  it('skips classes that QuPath ignores, unless they are named', () => {
    const marked = collection(
      feature(polygon(square(0, 0, 20)), 'Tumor'),
      feature(polygon(square(20, 0, 20)), 'Ignore*'),
    );
    expect(count(apply(marked, {}), TissueLabel.Tissue)).toBe(25);
    expect(count(apply(marked, { include: ['Ignore*'] }), TissueLabel.Tissue)).toBe(25);
    const alone = collection(feature(polygon(square(0, 0, 20)), 'Ignore*'));
    expect(count(apply(alone, {}), TissueLabel.Tissue)).toBe(100);
    expect(count(apply(alone, { exclude: ['Ignore*'] }), TissueLabel.Tissue)).toBe(75);
  });

  it('refuses areas outside the slide, such as with x and y swapped', () => {
    const tall = { ...slide(new Uint8Array(40).fill(TissueLabel.Tissue)), width: 4 };
    const swapped = collection(feature(polygon(square(30, 2, 8))));
    expect(() => apply(swapped, {}, tall)).toThrow(/lie outside the slide/);
  });

  it('omits holes', () => {
    const ring = collection(feature(polygon(square(0, 0, 40), square(8, 8, 24))));
    expect(count(apply(ring, {}), TissueLabel.Tissue)).toBe(64);
  });

  it.each([
    ['outside', square(100, 100, 20), /all areas lie outside/],
    ['of a larger slide', square(0, 0, 400), /reach far beyond the slide/],
    ['in parts of the size', square(0.2, 0.2, 0.5), /smaller than two pixels/],
  ])('refuses areas %s', (_, ring, says) => {
    expect(() => apply(collection(feature(polygon(ring))), {})).toThrow(says);
  });

  it('names the existing classes when one is unknown', () => {
    expect(() => apply(two, { include: ['Tumour'] })).toThrow(
      /no area of class Tumour; they have Necrosis, Tumor/,
    );
  });

  it('covers exactly the pixels within a polygon', () => {
    const point = fc.tuple(fc.integer({ min: -20, max: 60 }), fc.integer({ min: -20, max: 60 }));
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 9 }), (points) => {
        const area = parse(JSON.stringify(polygon(points))).areas;
        const mask = rasterised(slide(), area);
        mask.forEach((value, at) => {
          const [x, y] = [(at % 10) * 4 + 2, Math.floor(at / 10) * 4 + 2];
          let inside = false;
          points.forEach(([x1, y1], index) => {
            const [x2, y2] = points[(index + 1) % points.length]!;
            const crosses = y1 <= y ? y2 > y : y2 <= y;
            if (crosses && x1 + ((y - y1) / (y2 - y1)) * (x2 - x1) <= x) inside = !inside;
          });
          expect(value === 1).toBe(inside);
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('positions of annotations on a partly scanned slide', () => {
  const scanned = { properties: { 'openslide.bounds-x': '100', 'openslide.bounds-y': '50' } };
  const drawn = parse(collection(feature(polygon(square(0, 0, 10)))));
  const corner = (choice: OriginChoice, of: Parameters<typeof placed>[1] = scanned): number[] =>
    Array.from(placed(drawn, of, choice, 'a.geojson').areas[0]!.rings[0]!.subarray(0, 2));

  it('count from the given origin, which is required', () => {
    expect(corner({ origin: 'slide' })).toEqual([0, 0]);
    expect(corner({ origin: 'scanned' })).toEqual([100, 50]);
    expect(() => corner({})).toThrow(/begins at 100, 50.*count from there.*annotations\.origin/s);
  });

  it('are those of the slide where all of it was scanned', () => {
    expect(corner({}, { properties: {} })).toEqual([0, 0]);
    const whole = { properties: { 'openslide.bounds-x': '0', 'openslide.bounds-y': '0' } };
    expect(corner({ origin: 'scanned' }, whole)).toEqual([0, 0]);
  });
});

describe('the annotation file of a slide', () => {
  let directory: string;
  beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'wsi-annotations-'))));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  const text = collection(feature(polygon(square(0, 0, 10))));

  it('is found with and without the extension of the slide, must be unique, and may be missing only if allowed', async () => {
    await writeFile(join(directory, 'a.geojson'), text);
    await writeFile(join(directory, 'b.svs.json'), text);
    await writeFile(join(directory, 'c.geojson'), text);
    await writeFile(join(directory, 'c.svs.geojson'), text);
    expect(await findAnnotations('/x/a.svs', { directory })).toBe(join(directory, 'a.geojson'));
    expect((await readAnnotations('s3://bucket/x/b.svs', { directory }))?.areas.length).toBe(1);
    await expect(findAnnotations('/x/c.svs', { directory })).rejects.toThrow(/2 files of annotations/);
    await expect(findAnnotations('/x/d.svs', { directory })).rejects.toThrow(
      /no annotations: none of d.geojson/,
    );
    expect(await readAnnotations('/x/d.svs', { directory, missing: 'detect' })).toBeUndefined();
    await truncate(join(directory, 'c.geojson'), 2 ** 28 + 1);
    await rm(join(directory, 'c.svs.geojson'));
    await expect(readAnnotations('/x/c.svs', { directory })).rejects.toThrow(/256 MiB.*without cells/s);
    const before = await identifyAnnotations('/x/a.svs', { directory });
    await writeFile(join(directory, 'a.geojson'), `${text}\n`);
    expect(await identifyAnnotations('/x/a.svs', { directory })).not.toBe(before);
  });
});
