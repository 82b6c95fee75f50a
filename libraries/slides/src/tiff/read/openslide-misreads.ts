/** What OpenSlide's decoder (libtiff's RGBA interface) takes without an error, and reads wrongly or not at all. */
import { TAG } from './directories.ts';
import type { TiffLayout } from './layout.ts';
import { bitsOf, COMPRESSION, NOT_UNSIGNED, UNSIGNED } from './level.ts';
import { UPRIGHT } from './picture.ts';
import { depthText, WORD_BITS } from './sample-depth.ts';

/** Values of more bits are refused by it, but only when pixels are read. */
const MOST_BITS = 16;

/** @returns why OpenSlide must not be asked for the slide */
export async function misreadByOpenSlide({ depth, levels }: TiffLayout): Promise<string | undefined> {
  for (const { picture } of levels) {
    const { directory, orientation } = picture;
    const formats = await directory.numbers(TAG.sampleFormat);
    if (formats.some((format) => format !== UNSIGNED)) return NOT_UNSIGNED;
    const bits = await bitsOf(directory);
    if (bits.some((value) => value > MOST_BITS))
      return `its channels have ${[...new Set(bits)].join(', ')} bits`;
    // It takes the upper 8 of all 16.
    if (depth !== undefined && bits.includes(WORD_BITS)) return depthText(depth);
    const compression = await directory.number(TAG.compression, COMPRESSION.none);
    // It decodes these itself, in the order in which they are stored; the others libtiff turns, each tile by itself.
    const isDirect = compression === COMPRESSION.jpeg || APERIO_JPEG_2000.includes(compression);
    if (orientation !== UPRIGHT && !isDirect)
      return `its rows or columns are mirrored (Orientation ${orientation})`;
  }
  return undefined;
}

const APERIO_JPEG_2000: readonly number[] = [33_003, 33_005];
