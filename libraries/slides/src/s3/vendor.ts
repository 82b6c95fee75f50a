/**
 * Whose format a TIFF in S3 is, asked of OpenSlide itself: it is shown a file of the same size that has the directories
 * at their places and holes where the pictures are.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSlideLibrary } from '../openslide/library.ts';
import { TAG, type TiffFile } from '../tiff/read/directories.ts';
import type { BlockReader } from './block-reader.ts';
import { cacheStorageError } from './cache-directory.ts';

/** Values of tags that are longer do not identify a vendor's format: they are colour profiles. */
const LONGEST_VALUE = 2 ** 20;
const STRIP_OFFSETS = 273;
const STRIP_BYTE_COUNTS = 279;
const PLACES = new Set<number>([TAG.tileOffsets, TAG.tileByteCounts, STRIP_OFFSETS, STRIP_BYTE_COUNTS]);

/** @returns OpenSlide's name, or undefined for a TIFF that it does not know */
export async function vendorOf(
  key: string,
  { tiff, blocks }: { readonly tiff: TiffFile; readonly blocks: BlockReader },
  directory: string,
): Promise<string | undefined> {
  const values = [...tiff.directories, ...tiff.subDirectories.flat()].flatMap((of) => [...of.values()]);
  await Promise.all(
    values
      .filter(({ tag, length }) => !PLACES.has(tag) && length <= LONGEST_VALUE)
      // One that lies outside the file is nothing to OpenSlide either.
      .map(({ position, length }) => blocks.read(position, length).catch(() => undefined)),
  );
  const folder = await mkdtemp(join(directory, 'directories-')).catch((error: unknown) => {
    throw cacheStorageError(directory, error);
  });
  try {
    // OpenSlide considers the file's extension, too.
    const path = join(folder, basename(key));
    const file = await open(path, 'wx');
    try {
      await blocks.writeTo(file);
    } catch (error) {
      throw cacheStorageError(directory, error);
    } finally {
      await file.close();
    }
    return await openSlideLibrary().detectVendor(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
