/** Annotations that stand for more than any drawing. */
import { describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { applyAnnotations } from './areas.ts';
import { parseAnnotations } from './geojson.ts';

const polygon = (points: readonly (readonly [number, number])[]): object => ({
  type: 'Polygon',
  coordinates: [points],
});
const slide = {
  width: 1000,
  height: 1000,
  labels: new Uint8Array(1_000_000).fill(1),
  scaleX: 10,
  scaleY: 10,
};

function refused(work: () => unknown, problem: RegExp): void {
  expect(work).toThrow(WsiError);
  expect(work).toThrow(problem);
}

describe('hostile annotations are refused', () => {
  it('if they are nested deeper than GeoJSON', () => {
    const collections = 100_000;
    const text = `${'{"type":"GeometryCollection","geometries":['.repeat(collections)}${']}'.repeat(collections)}`;
    refused(() => parseAnnotations(text, 'a.geojson'), /a\.geojson.*64 levels/u);
    refused(() => parseAnnotations('['.repeat(100_000) + ']'.repeat(100_000), 'a.geojson'), /64 levels/u);
  });

  it('if they have more areas than anybody draws', () => {
    const triangle = '[[[0,0],[9,0],[9,9]]]';
    const text = `{"type":"MultiPolygon","coordinates":[${Array(100_002).fill(triangle).join()}]}`;
    refused(() => parseAnnotations(text, 'a.geojson'), /more than 100000 areas/u);
  });

  it('if an outline crosses each row of pixels too often', () => {
    const points = Array.from({ length: 100_000 }, (_, at) => [at % 10_000, (at % 2) * 9999] as const);
    const annotations = parseAnnotations(JSON.stringify(polygon(points)), 'a.geojson');
    refused(() => applyAnnotations(slide, annotations, {}, 'a.geojson'), /up and down/u);
  });
});
