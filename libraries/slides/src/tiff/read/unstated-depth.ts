/** Words of 16 bits that are nearly empty, of which the file does not say how many bits are used. */
import { WsiError } from '@wsi-operator/foundation';
import type { ByteSource } from './byte-source.ts';
import type { TiffLayout } from './layout.ts';
import { PHOTOMETRIC, type OtherCoding, type TiffLevel } from './level.ts';
import { decodeWords } from './other-tile.ts';
import { bitsHolding, WORD_BITS } from './sample-depth.ts';

/** Tiles that are inspected, spread over the slide. */
const INSPECTED_TILES = 24;
/** Values of 12 bits: as 16 bits they are darker than a sixteenth of white, which nothing on glass is. */
const SUSPECTED = 2 ** 12;

/**
 * What is shown as black would be called not scanned, and no tissue found.
 * @throws WsiError SlideUnsupported for such a slide
 */
export async function requireDepth(
  { path, bytes }: { readonly path: string; readonly bytes: ByteSource },
  { levels }: TiffLayout,
): Promise<void> {
  const { tiles } = levels[0]!;
  if (typeof tiles === 'string' || tiles.coding.kind !== 'other') return;
  const { coding } = tiles;
  const inverted = coding.photometric === PHOTOMETRIC.whiteIsZero;
  if (coding.usedBits < WORD_BITS || coding.bits !== WORD_BITS) return;
  if (inverted || coding.photometric === PHOTOMETRIC.palette || coding.samples % 2 === 0) return;
  const most = await largestValue(bytes, tiles, coding);
  // Nothing but zeros says nothing.
  if (most === 0 || most >= SUSPECTED) return;
  const bits = bitsHolding(most);
  const problem = `The values of this TIFF are words of ${WORD_BITS} bits, and at most ${most} where ${INSPECTED_TILES} tiles were inspected: they seem to have ${bits} bits, and the file does not say so. All of it would be black.`;
  throw new WsiError('SlideUnsupported', problem, {
    where: path,
    remedy: `State the largest value that there can be (for 12 bits: tiffset -s 281 4095 FILE; in OME-XML SignificantBits), or convert it to 8 bits a channel.`,
  });
}

async function largestValue(bytes: ByteSource, level: TiffLevel, coding: OtherCoding): Promise<number> {
  const { tileWidth: width, tileHeight: height, offsets, byteCounts } = level;
  const written = [...byteCounts.keys()].filter((index) => byteCounts[index]! > 0);
  const step = Math.max(1, written.length / INSPECTED_TILES);
  let most = 0;
  for (let at = step / 2; at < written.length && most < SUSPECTED; at += step) {
    const index = written[Math.floor(at)]!;
    const data = await bytes.read(offsets[index]!, byteCounts[index]!);
    const kept = { width: Math.min(width, level.width), height: Math.min(height, level.height) };
    // A damaged tile is reported when the slide is read.
    const found = await decodeWords(data, coding, { width, height, kept }).catch(() => undefined);
    for (const word of found?.words ?? []) if (word > most) most = word;
  }
  return most;
}
