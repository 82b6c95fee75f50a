import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OmeImage } from '../../metadata/ome.ts';
import { TiffDirectory } from './directories.ts';
import type { TiffPicture } from './picture.ts';
import { findPyramid, type Pyramid } from './pyramid.ts';

const TILE = 256;
const nothing = {
  remote: false,
  size: 0,
  read: () => Promise.resolve(Buffer.alloc(0)),
  close: () => Promise.resolve(),
};
const nowhere = new TiffDirectory(nothing, 0, new Map(), true);

function picture(width: number, height: number, more: Partial<TiffPicture> = {}): TiffPicture {
  return {
    directory: nowhere,
    page: 0,
    isSubDirectory: false,
    width,
    height,
    samples: 3,
    orientation: 1,
    tile: { width: TILE, height: TILE },
    isReduced: false,
    isMask: false,
    description: undefined,
    resolution: { x: undefined, y: undefined, unit: 'inch' },
    ...more,
  };
}

const resolution = (perUnit: number): Partial<TiffPicture> => ({
  resolution: { x: perUnit, y: perUnit, unit: 'centimeter' },
});

const pages = (...of: readonly TiffPicture[]): TiffPicture[] => of.map((each, page) => ({ ...each, page }));

function found(pictures: readonly TiffPicture[], series: readonly OmeImage[] = []): Pyramid {
  const pyramid = findPyramid(pictures, series);
  if (typeof pyramid === 'string') throw new Error(pyramid);
  return pyramid;
}

const downsamples = ({ candidates }: Pyramid): number[] =>
  candidates.map(({ hypotheses }) => hypotheses[0].downsample);

describe('levels of a TIFF', () => {
  const sides = fc.integer({ min: 2000, max: 200_000 });
  const padded = (side: number): number => Math.ceil(side / TILE) * TILE;

  it('have the scale of their tags if they are padded, whatever their sizes', () => {
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 1, max: 5 }), (width, height, power) => {
        const scale = 2 ** power;
        const level = picture(padded(Math.ceil(width / scale)), padded(Math.ceil(height / scale)), {
          isReduced: true,
          ...resolution(20_000 / scale),
        });
        const base = picture(width, height, resolution(20_000));
        fc.pre(level.width < width && level.height < height);
        const [candidate] = found(pages(base, level)).candidates;
        const { downsample, ...size } = candidate!.hypotheses[0];
        expect(candidate!.needsComparison).toBe(false);
        // Where nothing was padded the mean of the sizes says it, as in OpenSlide.
        expect(Math.abs(downsample * size.width - width)).toBeLessThanOrEqual(2 * scale);
        expect(Math.abs(downsample / scale - 1)).toBeLessThan(1.6 / Math.min(size.width, size.height));
      }),
    );
  });

  it('have the ratio of their sizes as scale if they are rounded, with and without tags', () => {
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 1, max: 6 }), fc.boolean(), fc.boolean(), (...of) => {
        const [width, height, power, up, tagged] = of;
        const scale = 2 ** power;
        const round = up ? Math.ceil : Math.floor;
        const level = picture(round(width / scale), round(height / scale), {
          isReduced: true,
          ...(tagged ? resolution(20_000 / scale) : {}),
        });
        const [candidate] = found(
          pages(picture(width, height, tagged ? resolution(20_000) : {}), level),
        ).candidates;
        expect(candidate!.needsComparison).toBe(false);
        expect(candidate!.hypotheses[0]).toEqual({
          downsample: (width / level.width + height / level.height) / 2,
          width: level.width,
          height: level.height,
        });
      }),
    );
  });

  it('ignore a tag that was copied to every page', () => {
    const levels = pages(
      picture(8000, 6000, resolution(20_000)),
      picture(4000, 3000, { isReduced: true, ...resolution(20_000) }),
    );
    expect(downsamples(found(levels))).toEqual([2]);
  });

  it('are compared by pixels if padding and shape disagree and no tag decides', () => {
    const square = found(
      pages(picture(6656, 6656), picture(3584, 3584, { isReduced: true, tile: { width: 512, height: 512 } })),
    );
    expect(square.candidates[0]).toMatchObject({ needsComparison: true });
    expect(square.candidates[0]!.hypotheses.map(({ downsample }) => downsample)).toEqual([2, 6656 / 3584]);
    const [level] = found(
      pages(picture(6656, 5120), picture(2048, 1536, { isReduced: true, tile: { width: 512, height: 512 } })),
    ).candidates;
    expect(level).toMatchObject({
      needsComparison: true,
      hypotheses: [{ downsample: 4, width: 1664, height: 1280 }],
    });
  });

  it('are skipped and noted if neither padding nor rounding explains them', () => {
    const pyramid = found(pages(picture(6656, 5120), picture(1000, 1000, { isReduced: true })));
    expect(pyramid.candidates).toEqual([]);
    expect(pyramid.notes.join()).toMatch(/page 1 \(1000 x 1000\) is not a level: its shape/u);
  });

  it('are compared by pixels unless their tags identify them', () => {
    const base = picture(8000, 6000, resolution(2));
    expect(found(pages(base, picture(4000, 3000))).candidates[0]!.needsComparison).toBe(true);
    expect(found(pages(base, picture(4000, 3000, resolution(1)))).candidates[0]!.needsComparison).toBe(false);
    const aperio = { description: 'Aperio Image Library v1\r\n8000x6000' };
    expect(
      found(pages(picture(8000, 6000, aperio), picture(4000, 3000))).candidates[0]!.needsComparison,
    ).toBe(false);
  });

  it.each(['macro', 'Label image', 'THUMBNAIL', '<image type="overview"/>'])(
    'are not called %s',
    (description) => {
      const pyramid = found(
        pages(picture(8000, 6000), picture(4000, 3000, { description, isReduced: true })),
      );
      expect(pyramid.candidates).toEqual([]);
      expect(pyramid.notes.join()).toMatch(/described as another picture/u);
    },
  );
});

describe('the slide in a TIFF', () => {
  it('is the largest picture, wherever it is, with a note', () => {
    const levels = pages(
      picture(1000, 750, { isReduced: true }),
      picture(4000, 3000),
      picture(2000, 1500, { isReduced: true }),
    );
    const pyramid = found(levels);
    expect(pyramid.base.page).toBe(1);
    expect(downsamples(pyramid)).toEqual([2, 4]);
    expect(pyramid.notes.join()).toMatch(/page 1 \(4000 x 3000\), the largest/u);
  });

  it('is not a larger picture named macro', () => {
    expect(found(pages(picture(9000, 9000, { description: 'macro' }), picture(4000, 3000))).base.page).toBe(
      1,
    );
  });

  it('is not a tiled thumbnail beside a large picture in strips', () => {
    expect(findPyramid(pages(picture(1000, 750), picture(4000, 3000, { tile: undefined })), [])).toMatch(
      /no tiles/u,
    );
  });

  it('is the first of several of equal size, with a note', () => {
    const pyramid = found(
      pages(picture(4000, 3000), picture(4000, 3000), picture(2000, 1500, { isReduced: true })),
    );
    expect(pyramid.base.page).toBe(0);
    expect(downsamples(pyramid)).toEqual([2]);
    expect(pyramid.notes.join()).toMatch(/1 more pictures of this size/u);
  });

  const image = (name: string, width: number, height: number, more: Partial<OmeImage> = {}): OmeImage => ({
    name,
    width,
    height,
    channels: 3,
    planes: 1,
    significantBits: undefined,
    samples: 3,
    mppX: undefined,
    mppY: undefined,
    objectivePower: undefined,
    page: undefined,
    elsewhere: undefined,
    ...more,
  });

  it('is the largest series of OME-TIFF, with its SubIFDs', () => {
    const below = { isSubDirectory: true, page: 1, isReduced: true };
    const levels = [picture(600, 300), picture(4000, 3000, { page: 1 }), picture(2000, 1500, below)];
    const pyramid = found(levels, [image('macro', 600, 300), image('slide', 4000, 3000)]);
    expect(pyramid.base.page).toBe(1);
    expect(downsamples(pyramid)).toEqual([2]);
    expect(pyramid.notes.join()).toMatch(/series 1 \("slide"\)/u);
  });

  it('is refused if several scenes qualify', () => {
    const scenes = [picture(4000, 3000), picture(2500, 3000)];
    const named = [image('left', 4000, 3000), image('right', 2500, 3000)];
    expect(findPyramid(pages(...scenes), named)).toMatch(
      /2 scenes.*series 0 \("left"\), series 1 \("right"\)\. Export each/u,
    );
    const twins = [image('', 4000, 3000, { page: 0 }), image('', 4000, 3000, { page: 1 })];
    expect(findPyramid(pages(picture(4000, 3000), picture(4000, 3000)), twins)).toMatch(/2 scenes/u);
  });

  it('is unambiguous if the other pictures are its levels, small, or named otherwise', () => {
    const others = [image('', 2000, 1500), image('', 1000, 1500), image('macro image', 3900, 3900)];
    const levels = pages(picture(4000, 3000), picture(2000, 1500), picture(1000, 1500), picture(3900, 3900));
    expect(found(levels, [image('', 4000, 3000), ...others]).base.page).toBe(0);
  });

  it('is refused if its channels are separate pages or in another file', () => {
    const grey = pages(picture(4000, 3000, { samples: 1 }), picture(4000, 3000, { samples: 1 }));
    expect(findPyramid(grey, [image('', 4000, 3000, { samples: 1 })])).toMatch(
      /3 channels in pages of their own/u,
    );
    const elsewhere = image('', 9000, 9000, { elsewhere: 'b.ome.tif' });
    expect(findPyramid(pages(picture(4000, 3000)), [elsewhere])).toMatch(/in another file \(b\.ome\.tif\)/u);
  });
});
