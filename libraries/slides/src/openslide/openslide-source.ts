/** A slide read by OpenSlide. */
import { type Slots, WsiError } from '@wsi-operator/foundation';
import { numberIn, objectivePowerFrom } from '../metadata/number-text.ts';
import type { MppClaim } from '../metadata/resolution-claims.ts';
import type { PixelSource } from '../pixel-source.ts';
import type { Pixels } from '../pixels.ts';
import type { LevelRegion, SlideLevel, SlideStatistics } from '../slide.ts';
import { withoutOddShapes, type Correction, type CorrectLevels } from './level-correction.ts';
import { dicomContents } from './dicom-contents.ts';
import { readDicomSeries } from './dicom-header.ts';
import { dicomLevels } from './dicom-levels.ts';
import { openSlideLibrary, type OpenSlideLibrary, type SlideHandle } from './library.ts';

/** OpenSlide itself reads larger regions in squares of this side; cutting there keeps its pixels. */
const SQUARE = 4096;
/** Of one tile: 16,384 x 16,384 pixels, which are 1 GiB in OpenSlide. */
export const MAXIMUM_TILE_PIXELS = 2 ** 28;

const CONVERT = 'Convert it to a tiled pyramidal TIFF (with JPEG tiles it is read fastest).';
const CONVERT_OR_COPY =
  'If it opens elsewhere, convert it to a tiled pyramidal TIFF; otherwise copy it again from its source.';

const COPY = 'The file is damaged, or vanished while it was read: copy it again from its source.';

/** What OpenSlide's decoders do not know is not called damaged. */
function openSlideError(path: string, problem: string, remedy: string): WsiError {
  const unsupported = /unsupported|not supported|not implemented|can ?not handle|not configured/iu.test(
    problem,
  );
  return new WsiError(unsupported ? 'SlideUnsupported' : 'SlideUnreadable', `OpenSlide says: ${problem}.`, {
    where: path,
    remedy: unsupported ? CONVERT : remedy,
  });
}

function unsupportedDicom(path: string, reason: string): WsiError {
  return new WsiError('SlideUnsupported', `This DICOM slide is not read: ${reason}.`, {
    where: path,
    remedy: 'Convert it again, or ask its source for another export.',
  });
}

/** @returns undefined when OpenSlide does not know the format, or does not have the slide that `correct` wants */
export async function openWithOpenSlide(parts: OpenSlideSourceParts): Promise<PixelSource | undefined> {
  const { path, file = path } = parts;
  const library = openSlideLibrary();
  // Before OpenSlide sees the file: some end the process.
  const series = await readDicomSeries(file);
  const contents = series === undefined ? undefined : await dicomContents(series);
  if (contents?.refusal !== undefined) throw unsupportedDicom(path, contents.refusal);
  const handle = await library.open(file);
  if (handle === undefined) return undefined;
  let source: OpenSlideSource | undefined;
  try {
    const problem = library.error(handle);
    if (problem !== undefined) throw openSlideError(path, problem, CONVERT_OR_COPY);
    requireTileSizes(library.properties(handle), path);
    const correct = parts.correct ?? (series === undefined ? withoutOddShapes : dicomLevels(series));
    const correction = correct(library.levels(handle));
    if (correction === undefined) return undefined;
    const notes = [...(contents?.notes ?? []), ...correction.notes];
    source = new OpenSlideSource(parts, { library, handle, correction: { ...correction, notes } });
    return source;
  } finally {
    if (source === undefined) await library.close(handle);
  }
}

/** OpenSlide asks for the memory of a tile whatever its size, and ends the process when there is not so much. */
function requireTileSizes(properties: Readonly<Record<string, string>>, path: string): void {
  for (let level = 0; level < Number(properties['openslide.level-count'] ?? 0); level++) {
    const [width, height] = ['width', 'height'].map((side) =>
      Number(properties[`openslide.level[${level}].tile-${side}`] ?? 0),
    ) as [number, number];
    if (width * height <= MAXIMUM_TILE_PIXELS) continue;
    const problem = `The tiles of level ${level} are ${width} x ${height} pixels, and ${MAXIMUM_TILE_PIXELS} pixels are the most.`;
    throw new WsiError('SlideUnsupported', problem, { where: path, remedy: CONVERT });
  }
}

export interface OpenSlideSourceParts {
  /** What errors name. */
  readonly path: string;
  /** The file, where it is not `path`: a copy of a slide from elsewhere. */
  readonly file?: string;
  /** What is known of the levels beside what OpenSlide says. */
  readonly correct?: CorrectLevels | undefined;
  /** What the file says of its resolution; by default what OpenSlide says. */
  readonly claims?: readonly MppClaim[];
  readonly objectivePower?: number | undefined;
  readonly notes?: readonly string[];
  /** Called when it is closed. */
  readonly onClose?: () => Promise<void>;
  /** Bounds the reads under way. */
  readonly slots: Slots;
  readonly statistics: SlideStatistics;
}

interface OpenedHandle {
  readonly library: OpenSlideLibrary;
  readonly handle: SlideHandle;
  readonly correction: Correction;
}

class OpenSlideSource implements PixelSource {
  readonly format: string;
  readonly reader = 'openslide';
  readonly levels: readonly SlideLevel[];
  /** For each level, which of OpenSlide's it is. */
  readonly #indices: readonly number[];
  readonly claims: readonly MppClaim[];
  readonly objectivePower: number | undefined;
  readonly notes: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly #parts: OpenSlideSourceParts;
  readonly #library: OpenSlideLibrary;
  readonly #handle: SlideHandle;
  readonly #background: readonly [number, number, number];

  /** As OpenSlide has them. */
  readonly #native: readonly SlideLevel[];

  constructor(parts: OpenSlideSourceParts, { library, handle, correction }: OpenedHandle) {
    this.#parts = parts;
    this.#library = library;
    this.#handle = handle;
    this.#native = library.levels(handle);
    this.levels = correction.levels.map(({ width, height, downsample }) => ({ width, height, downsample }));
    this.#indices = correction.levels.map(({ index }) => index);
    this.properties = library.properties(handle);
    this.claims = parts.claims ?? openSlideClaims(this.properties);
    this.objectivePower =
      parts.objectivePower ?? objectivePowerFrom(this.properties['openslide.objective-power']);
    this.notes = [...(parts.notes ?? []), ...correction.notes];
    this.format = this.properties['openslide.vendor'] ?? 'openslide';
    this.#background = parseColour(this.properties['openslide.background-color']);
  }

  read(regions: readonly LevelRegion[], targets?: readonly Uint8Array[]): Promise<Pixels[]> {
    const { slots } = this.#parts;
    return Promise.all(regions.map((region, index) => slots.run(() => this.#read(region, targets?.[index]))));
  }

  async #read(region: LevelRegion, target: Uint8Array | undefined): Promise<Pixels> {
    const started = performance.now();
    const index = this.#indices[region.level]!;
    const { downsample } = this.#native[index]!;
    const start = this.#nativePosition(region);
    const data = target ?? new Uint8Array(region.width * region.height * 3);
    const result = { width: region.width, height: region.height, data };
    const size = { width: Math.min(SQUARE, region.width), height: Math.min(SQUARE, region.height) };
    // At least 64 bytes: V8 keeps smaller arrays in its own heap, where they move.
    const buffer = new Uint8Array(new ArrayBuffer(Math.max(64, size.width * size.height * 4)));
    for (let top = 0; top < region.height; top += SQUARE) {
      for (let left = 0; left < region.width; left += SQUARE) {
        const width = Math.min(SQUARE, region.width - left);
        const height = Math.min(SQUARE, region.height - top);
        const x = start.x + Math.trunc(left * downsample);
        const y = start.y + Math.trunc(top * downsample);
        await this.#library.readRegion(this.#handle, buffer, { x, y, level: index, width, height });
        this.#check();
        this.#blend(buffer, { left, top, width, height }, result);
      }
    }
    this.#whitenOutside(region, result);
    this.#parts.statistics.decodeSeconds += (performance.now() - started) / 1000;
    return result;
  }

  /** Where OpenSlide has a region, in the level-0 pixels of its own idea of the scale. */
  #nativePosition({ level, x, y }: LevelRegion): { readonly x: number; readonly y: number } {
    const { downsample } = this.levels[level]!;
    const own = this.#native[this.#indices[level]!]!.downsample;
    if (own === downsample) return { x, y };
    return {
      x: Math.round(Math.round(x / downsample) * own),
      y: Math.round(Math.round(y / downsample) * own),
    };
  }

  async close(): Promise<void> {
    await this.#library.close(this.#handle);
    await this.#parts.onClose?.();
  }

  #check(): void {
    const problem = this.#library.error(this.#handle);
    if (problem === undefined) return;
    throw openSlideError(this.#parts.path, problem, COPY);
  }

  /** Premultiplied ARGB words over the background colour. */
  #blend(
    buffer: Uint8Array,
    part: { left: number; top: number; width: number; height: number },
    result: Pixels,
  ): void {
    const words = new Uint32Array(buffer.buffer, 0, part.width * part.height);
    const [red, green, blue] = this.#background;
    let index = 0;
    for (let y = 0; y < part.height; y++) {
      let to = ((part.top + y) * result.width + part.left) * 3;
      for (let x = 0; x < part.width; x++, index++, to += 3) {
        const word = words[index]!;
        const rest = 255 - (word >>> 24);
        if (rest === 0) {
          result.data[to] = word >>> 16;
          result.data[to + 1] = word >>> 8;
          result.data[to + 2] = word;
        } else {
          result.data[to] = ((word >>> 16) & 255) + Math.round((rest * red) / 255);
          result.data[to + 1] = ((word >>> 8) & 255) + Math.round((rest * green) / 255);
          result.data[to + 2] = (word & 255) + Math.round((rest * blue) / 255);
        }
      }
    }
  }

  /** Outside the slide is white whatever the background colour of what was not scanned. */
  #whitenOutside(region: LevelRegion, result: Pixels): void {
    const level = this.levels[region.level]!;
    const { width, height } = this.#native[this.#indices[region.level]!]!;
    const isWhole = level.width === width && level.height === height;
    if (isWhole && this.#background.every((channel) => channel === 255)) return;
    const left = Math.round(region.x / level.downsample);
    const top = Math.round(region.y / level.downsample);
    for (let y = 0; y < region.height; y++) {
      const row = result.data.subarray(y * region.width * 3, (y + 1) * region.width * 3);
      if (top + y < 0 || top + y >= level.height) {
        row.fill(255);
        continue;
      }
      row.fill(255, 0, Math.max(0, Math.min(region.width, -left)) * 3);
      row.fill(255, Math.max(0, Math.min(region.width, level.width - left)) * 3);
    }
  }
}

function openSlideClaims(properties: Readonly<Record<string, string>>): MppClaim[] {
  const vendor = properties['openslide.vendor'] ?? 'unknown';
  const value = (axis: 'x' | 'y'): number | undefined =>
    numberIn(properties[`openslide.mpp-${axis}`] ?? '')?.value;
  return [{ source: `OpenSlide (openslide.mpp-x and -y of ${vendor})`, x: value('x'), y: value('y') }];
}

/** RRGGBB, as in `openslide.background-color`; white when there is none. */
function parseColour(text: string | undefined): readonly [number, number, number] {
  if (text === undefined || !/^[0-9a-f]{6}$/iu.test(text)) return [255, 255, 255];
  const value = Number.parseInt(text, 16);
  return [value >>> 16, (value >>> 8) & 255, value & 255];
}
