import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { sha256 } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';
import { openSlide, type ReaderChoice } from './open-slide.ts';
import { realSlide } from './testing/scratch.ts';

/** Independent of this project: OpenSlide called from Python, transparent pixels over white. */
const REFERENCE = `
import hashlib, json, sys
import numpy, openslide
path, regions = sys.argv[1], json.load(sys.stdin)
with openslide.OpenSlide(path) as slide:
    def digest(x, y, level, width, height):
        argb = numpy.asarray(slide.read_region((x, y), level, (width, height)))
        return hashlib.sha256(numpy.where(argb[..., 3:] == 0, 255, argb[..., :3]).astype('uint8').tobytes()).hexdigest()
    print(json.dumps({
        'levels': [[*size, down] for size, down in zip(slide.level_dimensions, slide.level_downsamples)],
        'properties': dict(slide.properties),
        'digests': [digest(*region) for region in regions],
    }))
`;

interface Reference {
  readonly levels: [number, number, number][];
  readonly properties: Record<string, string>;
  readonly digests: string[];
}

const slidePath = realSlide();
const python = readSetup().pythonReference;
const missing = [
  ...(slidePath === undefined ? ['the shared slide CMU-1-Small-Region.svs (set WSI_SHARED)'] : []),
  ...(python === null ? ['the Python reference (npm test sets it up)'] : []),
];
if (missing.length > 0)
  process.stderr.write(`The comparison with OpenSlide is skipped without ${missing.join(' and ')}.\n`);

(missing.length === 0 ? describe : describe.skip)(
  'the real slide against OpenSlide called from Python',
  () => {
    const corner = fc.integer({ min: -100, max: 3000 });
    const side = fc.integer({ min: 1, max: 400 });
    const random = fc.sample(fc.tuple(corner, corner, fc.constant(0), side, side), { numRuns: 60, seed: 7 });
    const regions = [...random, [0, 0, 0, 2220, 2967] as const];
    const reference = (): Reference =>
      JSON.parse(
        execFileSync(python!, ['-c', REFERENCE, slidePath!], {
          input: JSON.stringify(regions),
          encoding: 'utf8',
        }),
      ) as Reference;

    it('has the same levels, properties and pixels, by both readers', async () => {
      const { levels, properties, digests } = reference();
      for (const reader of ['auto', 'tiff', 'openslide'] satisfies ReaderChoice[]) {
        const slide = await openSlide(slidePath!, { reader });
        expect(slide.reader).toBe(reader === 'openslide' ? 'openslide' : 'tiff');
        expect(slide).toMatchObject({ format: 'aperio', mpp: { x: 0.499, y: 0.499 }, objectivePower: 20 });
        expect(slide.levels.map(({ width, height, downsample }) => [width, height, downsample])).toEqual(
          levels,
        );
        for (const [name, value] of Object.entries(properties)) {
          // The fast path has neither OpenSlide's hash nor the label and macro pictures.
          if (slide.reader === 'tiff' && /quickhash|associated/u.test(name)) continue;
          expect([name, slide.properties[name]]).toEqual([name, value]);
        }
        const own: string[] = [];
        for (const [x, y, level, width, height] of regions) {
          own.push(sha256((await slide.readRegion({ x, y, level, width, height })).data));
        }
        expect(own).toEqual(digests);
        await slide.close();
      }
    });
  },
);
