/** Pictures as PNG files. */
import sharp from 'sharp';
import { WsiError, writeFileAtomically } from '@wsi-operator/foundation';
import type { Pixels } from './pixels.ts';

export function encodePng({ width, height, data }: Pixels): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Whole or not at all. @throws WsiError StorageFailed, or InvalidArgument when the name does not end in .png */
export async function writePng(path: string, pixels: Pixels): Promise<void> {
  if (!path.toLowerCase().endsWith('.png')) {
    throw new WsiError('InvalidArgument', 'Pictures are written as PNG.', {
      where: path,
      remedy: 'Give a file name that ends in .png.',
    });
  }
  await writeFileAtomically(path, await encodePng(pixels));
}
