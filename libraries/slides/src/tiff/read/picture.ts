/** What one directory of a TIFF says of its picture, without the places of its tiles. */
import { objectivePowerFrom } from '../../metadata/number-text.ts';
import { TAG, type TiffDirectory, type TiffFile } from './directories.ts';

export interface TiffPicture {
  readonly directory: TiffDirectory;
  /** Its number in the main chain; of a SubIFD, that of the directory above it. */
  readonly page: number;
  readonly isSubDirectory: boolean;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** How rows and columns are stored: 1 from the upper left, row by row; others are mirrored or turned. */
  readonly orientation: number;
  /** Undefined when it is stored in strips. */
  readonly tile: { readonly width: number; readonly height: number } | undefined;
  /** The flags of NewSubfileType: a reduced version of another picture, a mask. */
  readonly isReduced: boolean;
  readonly isMask: boolean;
  readonly description: string | undefined;
  /** Pixels in one unit, and the unit's micrometres; undefined where there is none (only ratios mean something). */
  readonly resolution: TiffResolution;
}

export interface TiffResolution {
  readonly x: number | undefined;
  readonly y: number | undefined;
  readonly unit: keyof typeof UNIT_MICROMETRES;
}

/** Of ResolutionUnit: millimetres and micrometres are Exif's, and some programs write them into TIFF. */
export const UNIT_MICROMETRES = {
  none: undefined,
  inch: 25_400,
  centimeter: 10_000,
  millimeter: 1000,
  micrometer: 1,
} as const;

export const UPRIGHT = 1;
const REDUCED = 1;
const MASK = 4;
/** The older SubfileType. */
const OLD_SUBFILE_TYPE = 255;
const OLD_REDUCED = 2;
const UNITS = Object.keys(UNIT_MICROMETRES) as (keyof typeof UNIT_MICROMETRES)[];

export async function tiffPictures(file: TiffFile): Promise<TiffPicture[]> {
  const pictures: TiffPicture[] = [];
  for (const [page, directory] of file.directories.entries()) {
    pictures.push(await readPicture(directory, page, false));
    for (const below of file.subDirectories[page] ?? []) pictures.push(await readPicture(below, page, true));
  }
  return pictures;
}

async function readPicture(
  directory: TiffDirectory,
  page: number,
  isSubDirectory: boolean,
): Promise<TiffPicture> {
  const flags = await directory.number(TAG.newSubfileType, 0);
  const old = await directory.number(OLD_SUBFILE_TYPE, 0);
  const tiled = directory.has(TAG.tileWidth);
  return {
    directory,
    page,
    isSubDirectory,
    width: await directory.number(TAG.imageWidth, 0),
    height: await directory.number(TAG.imageLength, 0),
    samples: await directory.number(TAG.samplesPerPixel, 1),
    orientation: await directory.number(TAG.orientation, UPRIGHT),
    tile: tiled
      ? {
          width: await directory.number(TAG.tileWidth, 0),
          height: await directory.number(TAG.tileLength, 0),
        }
      : undefined,
    isReduced: (flags & REDUCED) !== 0 || old === OLD_REDUCED,
    isMask: (flags & MASK) !== 0,
    description: await directory.text(TAG.imageDescription),
    resolution: await resolutionOf(directory),
  };
}

async function resolutionOf(directory: TiffDirectory): Promise<TiffResolution> {
  const unit = await directory.number(TAG.resolutionUnit, 2);
  const positive = (value: number | undefined): number | undefined =>
    value !== undefined && Number.isFinite(value) && value > 0 ? value : undefined;
  return {
    x: positive((await directory.numbers(TAG.xResolution))[0]),
    y: positive((await directory.numbers(TAG.yResolution))[0]),
    unit: UNITS[unit - 1] ?? 'none',
  };
}

/** A page that says that it is not the slide: the label, a picture of the whole glass, a thumbnail. */
export function namesAnotherPicture(text: string | undefined): boolean {
  if (text === undefined) return false;
  const start = text.slice(0, 512);
  return /(?:^|[^\p{L}])(?:macro|label|thumbnail|thumb|overview|preview|barcode|navigator)(?:[^\p{L}]|$)/iu.test(
    start,
  );
}

export function isAperio(description: string | undefined): description is string {
  return description?.startsWith('Aperio') === true;
}

/** "Aperio Image Library ...|AppMag = 20|MPP = 0.4990|...": the properties by name. */
export function aperioFields(description: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of description.split('|').slice(1)) {
    const at = part.indexOf('=');
    if (at > 0) found.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return found;
}

export function aperioPower(fields: ReadonlyMap<string, string>): number | undefined {
  return objectivePowerFrom(fields.get('AppMag'));
}
