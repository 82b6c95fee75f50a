/**
 * Bags of digits as a cohort: each bag is a slide of one patient, a tiled TIFF one digit high and as many digits wide as the
 * bag has, so that the grid of 28-pixel tiles is exactly the digits. Deflate loses nothing: tiles are the digits to the bit,
 * grey in three colours.
 */
import { storageError, writeFileAtomically } from '@wsi-operator/foundation';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Bag } from './bags.ts';
import { DIGIT_SIDE, type Digit } from './digits.ts';

/** Side of the file's own tiles; TIFF takes multiples of 16. */
const FILE_TILE = 64;
/** Micrometres a pixel: slides state a resolution, and training at level 0 does not use it. */
const MPP = 0.5;

/**
 * Writes `cohort.csv` (patient, slide, label, split), `slides/` and `bags.json` (the digits of every bag). The same bags give
 * the same bytes.
 * @throws WsiError `StorageFailed` when the disk fails
 */
export async function writeCohort(
  directory: string,
  bags: readonly Bag[],
  digits: readonly Digit[],
): Promise<void> {
  const slides = join(directory, 'slides');
  try {
    await mkdir(slides, { recursive: true });
    for (const bag of bags) {
      await writeFile(join(slides, slideName(bag)), await slideOf(bag, digits));
    }
    const contents = bags.map((bag) => ({ ...bag, labels: bag.digits.map((digit) => digits[digit]!.label) }));
    await writeFileAtomically(join(directory, 'bags.json'), `${JSON.stringify(contents)}\n`);
    // Last: where the table is, the slides are.
    await writeFileAtomically(join(directory, 'cohort.csv'), tableOf(bags));
  } catch (error) {
    throw storageError(directory, error);
  }
}

export function slideName({ name }: Bag): string {
  return `${name}.tif`;
}

function tableOf(bags: readonly Bag[]): string {
  const rows = bags.map((bag) =>
    [bag.name, slideName(bag), bag.positive ? 'nine' : 'other', bag.set].join(','),
  );
  return `patient,slide,label,split\n${rows.join('\n')}\n`;
}

/** The file of a slide. */
async function slideOf({ digits: places }: Bag, digits: readonly Digit[]): Promise<Uint8Array> {
  const width = places.length * DIGIT_SIDE;
  const pixels = new Uint8Array(width * DIGIT_SIDE * 3);
  places.forEach((place, column) => {
    const { pixels: digit } = digits[place]!;
    for (let index = 0; index < digit.length; index += 1) {
      const x = column * DIGIT_SIDE + (index % DIGIT_SIDE);
      const y = Math.floor(index / DIGIT_SIDE);
      pixels.fill(digit[index]!, (y * width + x) * 3, (y * width + x + 1) * 3);
    }
  });
  const pixelsPerMillimetre = 1000 / MPP;
  return sharp(pixels, { raw: { width, height: DIGIT_SIDE, channels: 3 } })
    .tiff({
      ...{
        compression: 'deflate',
        predictor: 'none',
        tile: true,
        tileWidth: FILE_TILE,
        tileHeight: FILE_TILE,
      },
      ...{ xres: pixelsPerMillimetre, yres: pixelsPerMillimetre, resolutionUnit: 'cm' },
    })
    .toBuffer();
}
