/** Opens a slide with the implementation that fits it. */
import { stat } from 'node:fs/promises';
import { type Logger, Slots, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { fingerprintOf } from './fingerprint.ts';
import { OpenedSlide } from './opened-slide.ts';
import { openSlideLibrary } from './openslide/library.ts';
import { openWithOpenSlide } from './openslide/openslide-source.ts';
import type { StatedResolution } from './metadata/stated-resolution.ts';
import type { PictureCache } from './picture-cache.ts';
import type { PixelSource } from './pixel-source.ts';
import { isS3Address, parseS3Address, type S3Address } from './s3/address.ts';
import { BlockReader } from './s3/block-reader.ts';
import { cacheDirectory } from './s3/cache-directory.ts';
import { localCopy } from './s3/local-copies.ts';
import { openObject } from './s3/object-bytes.ts';
import { defaultStore, type S3Store } from './s3/store.ts';
import { vendorOf } from './s3/vendor.ts';
import { createStatistics, type Slide, type SlideStatistics } from './slide.ts';
import { openBytes, type ByteSource } from './tiff/read/byte-source.ts';
import { inspectTiff, type TiffInspection } from './tiff/read/inspection.ts';
import { openPlainTiff, type OpenSlideHints } from './tiff/read/open-tiff.ts';

export type ReaderChoice = 'auto' | 'openslide' | 'tiff';

export interface OpenSlideOptions {
  /** `auto` (the default) takes the fast path for JPEG-tiled TIFF and SVS, and OpenSlide for the rest. */
  readonly reader?: ReaderChoice;
  /** Bounds the decoding calls under way; may be shared by slides. Four a slide by default. */
  readonly slots?: Slots;
  /** Keeps decoded tiles of the fast path; may be shared by slides. None by default. */
  readonly cache?: PictureCache;
  readonly statistics?: SlideStatistics;
  /** Where `s3://` leads; by default what the environment says. */
  readonly store?: S3Store;
  /** The resolution that somebody states for this slide. */
  readonly stated?: StatedResolution | undefined;
  /** Called when a slide has to be copied from S3. */
  readonly logger?: Pick<Logger, 'info'>;
}

/** As many as libuv has threads. */
const DEFAULT_SLOTS = 4;

/** The TIFF formats that are nothing but a pyramid of tiles; in the others tiles overlap or are placed by metadata. */
const PLAIN_TIFF_VENDORS: ReadonlySet<string | undefined> = new Set(['aperio', 'generic-tiff', undefined]);

const CONVERT =
  'Give a slide that OpenSlide knows (SVS, NDPI, MRXS, SCN, DICOM and others), or convert it to a tiled pyramidal TIFF.';

/**
 * @param path a slide file, or `s3://BUCKET/KEY`; for formats of several files, the one that OpenSlide is given
 * @throws WsiError NotFound, SlideUnreadable (damaged) or SlideUnsupported, naming the slide and the remedy; for S3 also
 *   Unavailable (retryable) and StorageFailed (no room for a copy)
 */
export async function openSlide(path: string, options: OpenSlideOptions = {}): Promise<Slide> {
  const started = performance.now();
  const statistics = options.statistics ?? createStatistics();
  const slots = options.slots ?? new Slots(DEFAULT_SLOTS);
  try {
    const open = isS3Address(path) ? openStored : openLocal;
    const { source, fingerprint } = await open(path, { statistics, slots }, options);
    statistics.openSeconds += (performance.now() - started) / 1000;
    try {
      return new OpenedSlide(path, fingerprint, source, options.stated);
    } catch (error) {
      await source.close();
      throw error;
    }
  } catch (error) {
    throw WsiError.from(error, 'SlideUnreadable', { where: path });
  }
}

type Shared = Pick<OpenedFile, 'statistics' | 'slots'>;

interface OpenedSource {
  readonly source: PixelSource;
  readonly fingerprint: string;
}

async function openLocal(path: string, shared: Shared, options: OpenSlideOptions): Promise<OpenedSource> {
  await requireFile(path);
  const bytes = await openBytes(path);
  let source: PixelSource | undefined;
  try {
    const tiff = await inspectTiff(bytes);
    const fingerprint = await fingerprintOf(bytes, tiff.description?.fingerprintLevels);
    source = await openSource(path, { bytes, tiff, fingerprint, ...shared }, options);
    return { source, fingerprint };
  } finally {
    if (source?.reader !== 'tiff') await bytes.close();
  }
}

/** The fast path reads from S3 itself; for OpenSlide the slide is copied. */
async function openStored(path: string, shared: Shared, options: OpenSlideOptions): Promise<OpenedSource> {
  const address = parseS3Address(path);
  if (address.key === '' || address.key.endsWith('/')) throw directoryGiven(path);
  const store = options.store ?? defaultStore();
  const { bytes, head } = await openObject(store, address);
  const blocks = new BlockReader(bytes, head);
  const tiff = await inspectTiff(blocks);
  const fingerprint = await fingerprintOf(blocks, tiff.description?.fingerprintLevels);
  const file = { bytes, tiff, fingerprint, ...shared, address, store, etag: bytes.etag };
  if (await isPlainTiff(address, { tiff, blocks }, options.reader ?? 'auto')) {
    const source = await openPlain(path, file, options);
    blocks.forget();
    return { source, fingerprint };
  }
  blocks.forget();
  const source =
    (await openCopy(path, file, options, {})) ??
    // Nobody's peculiarity: damage.
    (tiff.damage === undefined ? undefined : await openPlain(path, file, options));
  if (source === undefined) throw notASlide(path, tiff);
  return { source, fingerprint };
}

async function isPlainTiff(
  address: S3Address,
  { tiff, blocks }: { readonly tiff: TiffInspection; readonly blocks: BlockReader },
  reader: ReaderChoice,
): Promise<boolean> {
  if (reader !== 'auto') return reader === 'tiff';
  // Damage to us may be a manufacturer's peculiarity to OpenSlide.
  if (tiff.file === undefined) return false;
  const vendor = await vendorOf(address.key, { tiff: tiff.file, blocks }, await cacheDirectory());
  return PLAIN_TIFF_VENDORS.has(vendor);
}

interface OpenedFile {
  readonly bytes: ByteSource;
  readonly tiff: TiffInspection;
  readonly fingerprint: string;
  readonly statistics: SlideStatistics;
  readonly slots: Slots;
}

interface StoredFile extends OpenedFile {
  readonly bytes: ByteSource;
  readonly etag: string;
  readonly address: S3Address;
  readonly store: S3Store;
}

function openPlain(
  path: string,
  file: StoredFile | OpenedFile,
  options: OpenSlideOptions,
): Promise<PixelSource> {
  const { cache, reader = 'auto' } = options;
  return openPlainTiff({ ...file, path, cache, reader }, (hints) =>
    'store' in file
      ? openCopy(path, file, options, hints)
      : openWithOpenSlide({ path, slots: file.slots, statistics: file.statistics, ...hints }),
  );
}

/** @returns undefined when OpenSlide does not know it, or lacks the levels that are meant */
async function openCopy(
  path: string,
  file: StoredFile,
  options: OpenSlideOptions,
  hints: OpenSlideHints,
): Promise<PixelSource | undefined> {
  const { address, bytes, store, slots, statistics } = file;
  const object = { bytes: bytes.size, etag: file.etag };
  const copy = await localCopy(store, address, object, options.logger);
  try {
    const { path: local, release: onClose } = copy;
    const source = await openWithOpenSlide({ path, file: local, onClose, slots, statistics, ...hints });
    if (source === undefined) await copy.release();
    return source;
  } catch (error) {
    await copy.release();
    throw error;
  }
}

async function openSource(path: string, file: OpenedFile, options: OpenSlideOptions): Promise<PixelSource> {
  const reader = options.reader ?? 'auto';
  const { tiff } = file;
  if (reader === 'tiff') return openPlain(path, file, options);
  const isTiff = tiff.file !== undefined || tiff.damage !== undefined;
  if (isTiff && PLAIN_TIFF_VENDORS.has(await openSlideLibrary().detectVendor(path))) {
    return openPlain(path, file, options);
  }
  const source = await openWithOpenSlide({ path, slots: file.slots, statistics: file.statistics });
  if (source !== undefined) return source;
  throw notASlide(path, tiff);
}

function notASlide(path: string, tiff: TiffInspection): WsiError {
  const reason = tiff.file === undefined ? '' : ' (a TIFF that it does not know)';
  return new WsiError('SlideUnsupported', `This is not a slide that OpenSlide can read${reason}.`, {
    where: path,
    remedy: CONVERT,
  });
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined; // openBytes reports more.
    throw new WsiError('NotFound', 'There is no such slide.', {
      where: path,
      remedy: 'Check the path, and that the disk with the slides is mounted.',
      cause: error,
    });
  });
  if (found === undefined) return;
  if (found.isDirectory()) throw directoryGiven(path);
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

function directoryGiven(path: string): WsiError {
  return new WsiError('SlideUnsupported', 'This is a directory, not a slide.', {
    where: path,
    remedy:
      'Give the slide file; for DICOM, one of the .dcm files; for MIRAX, the .mrxs file beside the directory.',
  });
}
