/** Opens a slide with the implementation that fits it. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { systemErrorCode, WsiError } from '@wsi/foundation';
import { Slots } from './concurrency.ts';
import { OpenedSlide } from './opened-slide.ts';
import { openSlideLibrary } from './openslide/library.ts';
import { openWithOpenSlide } from './openslide/openslide-source.ts';
import type { PictureCache } from './picture-cache.ts';
import type { PixelSource } from './pixel-source.ts';
import { createStatistics, type Slide, type SlideStatistics } from './slide.ts';
import { openBytes, type ByteSource } from './tiff/byte-source.ts';
import { readTiff, TiffDamage, type TiffFile } from './tiff/directories.ts';
import { tiffLayout, type TiffLayout } from './tiff/layout.ts';
import { tiffProperties } from './tiff/properties.ts';
import { TiffSource } from './tiff/tiff-source.ts';

export type ReaderChoice = 'auto' | 'openslide' | 'tiff';

export interface OpenSlideOptions {
  /** `auto` (the default) takes the fast path for JPEG-tiled TIFF and SVS, and OpenSlide for the rest. */
  readonly reader?: ReaderChoice;
  /** Bounds the decoding calls under way; may be shared by slides. Four a slide by default. */
  readonly slots?: Slots;
  /** Keeps decoded tiles of the fast path; may be shared by slides. None by default. */
  readonly cache?: PictureCache;
  readonly statistics?: SlideStatistics;
}

/** As many as libuv has threads. */
const DEFAULT_SLOTS = 4;

/** The TIFF formats that are nothing but a pyramid of tiles; in the others tiles overlap or are placed by metadata. */
const PLAIN_TIFF_VENDORS: ReadonlySet<string | undefined> = new Set(['aperio', 'generic-tiff', undefined]);

const CONVERT =
  'Give a slide that OpenSlide knows (SVS, NDPI, MRXS, SCN, DICOM and others), or convert it to a tiled pyramidal TIFF.';

/**
 * @param path a slide file; for formats of several files, the one that OpenSlide is given
 * @throws WsiError NotFound, SlideUnreadable (damaged) or SlideUnsupported, naming the slide and the remedy
 */
export async function openSlide(path: string, options: OpenSlideOptions = {}): Promise<Slide> {
  const started = performance.now();
  const statistics = options.statistics ?? createStatistics();
  const slots = options.slots ?? new Slots(DEFAULT_SLOTS);
  await requireFile(path);
  const bytes = await openBytes(path);
  let source: PixelSource | undefined;
  try {
    const tiff = await inspectTiff(bytes);
    const fingerprint = await fingerprintOf(bytes, tiff);
    source = await openSource(path, { bytes, tiff, fingerprint, statistics, slots }, options);
    statistics.openSeconds += (performance.now() - started) / 1000;
    return new OpenedSlide(path, fingerprint, source);
  } catch (error) {
    throw WsiError.from(error, 'SlideUnreadable', { where: path });
  } finally {
    if (source?.reader !== 'tiff') await bytes.close();
  }
}

/** What the TIFF parser makes of a file: a layout it can read, or why not. */
interface TiffInspection {
  readonly file?: TiffFile;
  readonly layout?: TiffLayout;
  readonly unsupported?: string;
  readonly damage?: TiffDamage | WsiError;
}

interface OpenedFile {
  readonly bytes: ByteSource;
  readonly tiff: TiffInspection;
  readonly fingerprint: string;
  readonly statistics: SlideStatistics;
  readonly slots: Slots;
}

async function inspectTiff(bytes: ByteSource): Promise<TiffInspection> {
  try {
    const file = await readTiff(bytes);
    if (file === undefined) return { unsupported: 'it is not a TIFF' };
    const layout = await tiffLayout(file, bytes.size);
    return typeof layout === 'string' ? { file, unsupported: layout } : { file, layout };
  } catch (error) {
    if (error instanceof TiffDamage || error instanceof WsiError) return { damage: error };
    throw error;
  }
}

async function openSource(path: string, file: OpenedFile, options: OpenSlideOptions): Promise<PixelSource> {
  const reader = options.reader ?? 'auto';
  const { tiff } = file;
  if (reader === 'tiff') return openTiff(path, file, options.cache);
  if (reader === 'auto' && (tiff.layout !== undefined || tiff.damage !== undefined)) {
    const vendor = await openSlideLibrary().detectVendor(path);
    if (PLAIN_TIFF_VENDORS.has(vendor)) return openTiff(path, file, options.cache);
  }
  const source = await openWithOpenSlide({ path, slots: file.slots, statistics: file.statistics });
  if (source !== undefined) return source;
  const reason = tiff.file === undefined ? '' : ` (${tiff.unsupported ?? 'a TIFF that it does not know'})`;
  throw new WsiError('SlideUnsupported', `This is not a slide that OpenSlide can read${reason}.`, {
    where: path,
    remedy: CONVERT,
  });
}

async function openTiff(
  path: string,
  file: OpenedFile,
  cache: PictureCache | undefined,
): Promise<PixelSource> {
  const { tiff } = file;
  if (tiff.damage !== undefined) {
    throw tiff.damage instanceof TiffDamage ? tiff.damage.toWsiError(path) : tiff.damage;
  }
  if (tiff.layout === undefined) {
    throw new WsiError(
      'SlideUnsupported',
      `The fast reader cannot read it: ${tiff.unsupported ?? 'unknown'}.`,
      {
        where: path,
        remedy: 'Leave the choice of the reader to the program, or choose `openslide`.',
      },
    );
  }
  const properties = await tiffProperties(tiff.layout);
  const format = properties['openslide.vendor'] ?? 'tiff';
  return new TiffSource({ ...file, path, layout: tiff.layout, format, properties, cache });
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined; // openBytes tells more.
    throw new WsiError('NotFound', 'There is no such slide.', {
      where: path,
      remedy: 'Check the path, and that the disk with the slides is mounted.',
      cause: error,
    });
  });
  if (found === undefined) return;
  if (found.isDirectory()) {
    throw new WsiError('SlideUnsupported', 'This is a directory, not a slide.', {
      where: path,
      remedy:
        'Give the slide file; for DICOM, one of the .dcm files; for MIRAX, the .mrxs file beside the directory.',
    });
  }
  if (!found.isFile()) {
    throw new WsiError('SlideUnsupported', 'This is not a regular file.', { where: path, remedy: CONVERT });
  }
  if (found.size === 0) {
    throw new WsiError('SlideUnreadable', 'The file is empty.', {
      where: path,
      remedy: 'Copy the slide again from its source.',
    });
  }
}

const SAMPLE_BYTES = 65_536;

/** The size, the first and last 64 KiB, and where every tile of a TIFF is: enough to tell two slides apart. */
async function fingerprintOf(bytes: ByteSource, tiff: TiffInspection): Promise<string> {
  const hash = createHash('sha256').update(`${bytes.size}\n`);
  const length = Math.min(SAMPLE_BYTES, bytes.size);
  hash.update(await bytes.read(0, length));
  hash.update(await bytes.read(bytes.size - length, length));
  for (const level of tiff.layout?.levels ?? []) {
    hash.update(`${level.width} ${level.height} ${level.tileWidth} ${level.tileHeight}\n`);
    hash.update(level.offsets).update(level.byteCounts).update(level.prefix);
  }
  return hash.digest('hex');
}
