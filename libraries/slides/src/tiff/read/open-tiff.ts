/** A TIFF that is nothing but pictures made of tiles: which of them are the slide, and who decodes them. */
import { type Slots, WsiError } from '@wsi-operator/foundation';
import type { CorrectLevels } from '../../openslide/level-correction.ts';
import type { OpenSlideSourceParts } from '../../openslide/openslide-source.ts';
import type { PictureCache } from '../../picture-cache.ts';
import type { PixelSource } from '../../pixel-source.ts';
import { createStatistics, type SlideStatistics } from '../../slide.ts';
import type { ByteSource } from './byte-source.ts';
import { compareLevels } from './compare-levels.ts';
import { TiffDamage } from './damage.ts';
import { TAG } from './directories.ts';
import type { TiffInspection } from './inspection.ts';
import { jpegColours } from './jpeg-colours.ts';
import {
  readableLayout,
  settleLayout,
  slowReason,
  type CompareLevels,
  type ReadableLayout,
  type TiffDescription,
  type TiffLayout,
} from './layout.ts';
import { PHOTOMETRIC } from './level.ts';
import { isAperio, type TiffPicture } from './picture.ts';
import { misreadByOpenSlide } from './openslide-misreads.ts';
import { nameOf } from './pyramid.ts';
import { tiffClaims, tiffPower, tiffProperties } from './properties.ts';
import { TiffSource } from './tiff-source.ts';
import { requireDepth } from './unstated-depth.ts';

export interface PlainTiff {
  readonly path: string;
  readonly bytes: ByteSource;
  readonly tiff: TiffInspection;
  readonly fingerprint: string;
  readonly statistics: SlideStatistics;
  readonly slots: Slots;
  readonly cache: PictureCache | undefined;
  readonly reader: 'auto' | 'openslide' | 'tiff';
}

/** What OpenSlide is given besides the file. */
export type OpenSlideHints = Pick<OpenSlideSourceParts, 'correct' | 'claims' | 'objectivePower' | 'notes'>;
/** Opens the same file with OpenSlide; undefined when it does not know it, or lacks the levels that are meant. */
export type OpenOther = (hints: OpenSlideHints) => Promise<PixelSource | undefined>;

/** Pixels along a side. */
const HUGE_TILE = 8192;

/** Bytes of a JPEG tile that hold all that comes before its pixels. */
const JPEG_HEAD = 4096;

const CONVERT =
  'Convert it to a tiled pyramidal TIFF with JPEG tiles, for example: vips tiffsave IN OUT --tile --pyramid --compression jpeg --bigtiff.';

/** @throws WsiError SlideUnreadable when it is damaged, SlideUnsupported when nobody here decodes it */
export async function openPlainTiff(file: PlainTiff, openOther: OpenOther): Promise<PixelSource> {
  const { path, tiff, reader } = file;
  if (tiff.damage !== undefined) return openDamaged(path, tiff.damage, openOther);
  if (tiff.description === undefined) throw unsupported(path, 'it is not a TIFF');
  const layout = await settled(file, tiff.description);
  if (typeof layout === 'string') throw unsupported(path, layout);
  await requireTrueColours(file, layout);
  await requireDepth(file, layout);
  const readable = readableLayout(layout);
  const slow = slowReason(layout);
  if (reader === 'tiff' || (reader === 'auto' && slow === undefined)) {
    if (typeof readable === 'string') throw unsupported(path, readable);
    return ownSource(file, layout, readable);
  }
  const misread = await misreadByOpenSlide(layout);
  if (misread === undefined) {
    const other = await askOpenSlide(file, { layout, readable }, openOther);
    if (other !== undefined) return other;
  } else if (reader === 'openslide') throw unsupported(path, misread);
  if (typeof readable === 'string') throw unsupported(path, readable);
  return ownSource(file, layout, readable);
}

/**
 * The Photometric tag says how JPEG tiles are decoded. Where it contradicts the data, every decoder that goes by it
 * gives false colours without an error.
 */
async function requireTrueColours({ path, bytes }: PlainTiff, { base, levels }: TiffLayout): Promise<void> {
  const { tiles } = levels[0]!;
  if (typeof tiles === 'string' || tiles.coding.kind !== 'jpeg') return;
  const photometric = await base.directory.number(TAG.photometric, -1);
  const tagged = photometric === PHOTOMETRIC.rgb ? 'rgb' : 'ycbcr';
  const first = tiles.byteCounts.findIndex((length) => length > 0);
  const head = await bytes.read(tiles.offsets[first]!, Math.min(JPEG_HEAD, tiles.byteCounts[first]!));
  const said = jpegColours(head) ?? tagged;
  if (said === tagged) return;
  const name = { rgb: 'RGB', ycbcr: 'YCbCr' } as const;
  throw new WsiError(
    'SlideUnsupported',
    `The TIFF says that its pixels are ${name[tagged]} (photometric ${photometric}), but its JPEG tiles are ${name[said]}: its colours would be false.`,
    {
      where: path,
      remedy: 'Correct the tag (tiffset -s 262 6 FILE for YCbCr, 2 for RGB), or convert the slide again.',
    },
  );
}

/** OpenSlide's source, where it has the slide and is to be preferred to this reader. */
async function askOpenSlide(
  { path, reader }: PlainTiff,
  { layout, readable }: { readonly layout: TiffLayout; readonly readable: ReadableLayout | string },
  openOther: OpenOther,
): Promise<PixelSource | undefined> {
  const complete = typeof readable !== 'string' && readable.levels.length === layout.levels.length;
  const all = layout.levels.every((level) => openSlideSees(level.picture));
  if (!openSlideSees(layout.base) || (complete && hasHugeTiles(layout))) return undefined;
  if (!all && complete && reader !== 'openslide') return undefined;
  const hints = { correct: correction(layout), ...facts(layout), notes: layout.notes };
  return openOther(hints).catch((error: unknown) => {
    if (!(error instanceof WsiError)) throw error;
    // What OpenSlide does not decode, this reader may.
    if (complete && error.code === 'SlideUnsupported') return undefined;
    // This reader knows why, and it is no damage.
    if (typeof readable === 'string')
      throw unsupported(path, `${readable}. ${error.problem}`.replace(/\.$/u, ''));
    throw error;
  });
}

async function settled(file: PlainTiff, description: TiffDescription): Promise<TiffLayout | string> {
  try {
    return await settleLayout(description, file.bytes.size, comparison(file));
  } catch (error) {
    throw error instanceof TiffDamage ? error.toWsiError(file.path) : error;
  }
}

/** What is beyond this reader's limits, another one may read. */
async function openDamaged(
  path: string,
  damage: TiffDamage | WsiError,
  openOther: OpenOther,
): Promise<PixelSource> {
  if (!(damage instanceof TiffDamage)) throw damage;
  if (!damage.isLimit) throw damage.toWsiError(path);
  const other = await openOther({});
  if (other !== undefined) return other;
  throw unsupported(path, damage.message);
}

function unsupported(path: string, reason: string): WsiError {
  return new WsiError('SlideUnsupported', `This TIFF cannot be read as a slide: ${reason}.`, {
    where: path,
    remedy: CONVERT,
  });
}

function facts({ base, series }: TiffLayout): Pick<PixelSource, 'claims' | 'objectivePower'> {
  return { claims: tiffClaims(base, series), objectivePower: tiffPower(base, series) };
}

async function ownSource(
  file: PlainTiff,
  layout: TiffLayout,
  readable: ReadableLayout,
): Promise<PixelSource> {
  const properties = await tiffProperties(readable, layout.base);
  const lost = layout.levels.flatMap(({ tiles, picture }) =>
    typeof tiles === 'string' ? [`${nameOf(picture)} is not used: ${tiles}`] : [],
  );
  return new TiffSource({
    ...file,
    ...facts(layout),
    layout: readable,
    properties,
    format: properties['openslide.vendor'] ?? 'tiff',
    notes: [...layout.notes, ...lost],
  });
}

/** OpenSlide's decoder takes a small file with one huge tile for damaged. */
function hasHugeTiles({ levels }: TiffLayout): boolean {
  return levels.some(
    ({ picture: { tile } }) => tile !== undefined && Math.max(tile.width, tile.height) > HUGE_TILE,
  );
}

/** OpenSlide takes the first page, those that are marked as reduced, and of Aperio all that have tiles. */
function openSlideSees({ page, isSubDirectory, isReduced, description, tile }: TiffPicture): boolean {
  if (isSubDirectory || tile === undefined) return false;
  return page === 0 || isReduced || isAperio(description);
}

/** The layout's levels among those of OpenSlide, found by their sizes. */
function correction({ levels }: TiffLayout): CorrectLevels {
  return (native) => {
    const notes: string[] = [];
    const corrected = levels.flatMap(({ picture, hypothesis }) => {
      const index = native.findIndex(
        ({ width, height }) => width === picture.width && height === picture.height,
      );
      const found = openSlideSees(picture) ? native[index] : undefined;
      if (found === undefined) {
        notes.push(`${nameOf(picture)} is not used: OpenSlide does not read it`);
        return [];
      }
      // Of levels that are not padded, OpenSlide's own number, to the last bit.
      const isPadded = Math.abs(hypothesis.downsample / found.downsample - 1) > 1e-9;
      return [{ index, ...hypothesis, downsample: isPadded ? hypothesis.downsample : found.downsample }];
    });
    return corrected[0]?.downsample === 1 && corrected[0].index === 0
      ? { levels: corrected, notes }
      : undefined;
  };
}

/** Reads the pictures in question with a source of their own, in their own pixels. */
function comparison(file: PlainTiff): CompareLevels {
  return (base, level, hypotheses) => {
    const levels = [base, level];
    const source = new TiffSource({
      ...file,
      cache: undefined,
      statistics: createStatistics(),
      layout: { levels },
      format: 'tiff',
      properties: {},
    });
    return compareLevels((regions) => source.read(regions), { base, level }, hypotheses);
  };
}
