/** A slide read by OpenSlide. */
import { WsiError } from '@wsi/foundation';
import type { PixelSource } from '../pixel-source.ts';
import type { Pixels } from '../pixels.ts';
import type { Slots } from '../concurrency.ts';
import type { LevelRegion, SlideLevel, SlideStatistics } from '../slide.ts';
import { openSlideLibrary, type OpenSlideLibrary, type SlideHandle } from './library.ts';

/** OpenSlide itself reads larger regions in squares of this side; cutting there keeps its pixels. */
const SQUARE = 4096;

const CONVERT =
  'If it opens elsewhere, convert it to a tiled pyramidal TIFF; otherwise copy it again from its source.';

/** @returns undefined when OpenSlide does not know the format */
export async function openWithOpenSlide(parts: OpenSlideSourceParts): Promise<PixelSource | undefined> {
  const { path, file = path } = parts;
  const library = openSlideLibrary();
  const handle = await library.open(file);
  if (handle === undefined) return undefined;
  const problem = library.error(handle);
  if (problem !== undefined) {
    await library.close(handle);
    throw new WsiError('SlideUnreadable', `OpenSlide says: ${problem}.`, { where: path, remedy: CONVERT });
  }
  return new OpenSlideSource(parts, library, handle);
}

export interface OpenSlideSourceParts {
  /** What errors name. */
  readonly path: string;
  /** The file, where it is not `path`: a copy of a slide from elsewhere. */
  readonly file?: string;
  /** Called when it is closed. */
  readonly onClose?: () => Promise<void>;
  /** Bounds the reads under way. */
  readonly slots: Slots;
  readonly statistics: SlideStatistics;
}

class OpenSlideSource implements PixelSource {
  readonly format: string;
  readonly reader = 'openslide';
  readonly levels: readonly SlideLevel[];
  readonly properties: Readonly<Record<string, string>>;
  readonly #parts: OpenSlideSourceParts;
  readonly #library: OpenSlideLibrary;
  readonly #handle: SlideHandle;
  readonly #background: readonly [number, number, number];

  constructor(parts: OpenSlideSourceParts, library: OpenSlideLibrary, handle: SlideHandle) {
    this.#parts = parts;
    this.#library = library;
    this.#handle = handle;
    this.levels = library.levels(handle);
    this.properties = library.properties(handle);
    this.format = this.properties['openslide.vendor'] ?? 'openslide';
    this.#background = parseColour(this.properties['openslide.background-color']);
  }

  read(regions: readonly LevelRegion[], targets?: readonly Uint8Array[]): Promise<Pixels[]> {
    const { slots } = this.#parts;
    return Promise.all(regions.map((region, index) => slots.run(() => this.#read(region, targets?.[index]))));
  }

  async #read(region: LevelRegion, target: Uint8Array | undefined): Promise<Pixels> {
    const started = performance.now();
    const { downsample } = this.levels[region.level]!;
    const data = target ?? new Uint8Array(region.width * region.height * 3);
    const result = { width: region.width, height: region.height, data };
    const size = { width: Math.min(SQUARE, region.width), height: Math.min(SQUARE, region.height) };
    // At least 64 bytes: V8 keeps smaller arrays in its own heap, where they move.
    const buffer = new Uint8Array(new ArrayBuffer(Math.max(64, size.width * size.height * 4)));
    for (let top = 0; top < region.height; top += SQUARE) {
      for (let left = 0; left < region.width; left += SQUARE) {
        const width = Math.min(SQUARE, region.width - left);
        const height = Math.min(SQUARE, region.height - top);
        const x = region.x + Math.trunc(left * downsample);
        const y = region.y + Math.trunc(top * downsample);
        await this.#library.readRegion(this.#handle, buffer, { x, y, level: region.level, width, height });
        this.#check();
        this.#blend(buffer, { left, top, width, height }, result);
      }
    }
    this.#whitenOutside(region, result);
    this.#parts.statistics.decodeSeconds += (performance.now() - started) / 1000;
    return result;
  }

  async close(): Promise<void> {
    await this.#library.close(this.#handle);
    await this.#parts.onClose?.();
  }

  #check(): void {
    const problem = this.#library.error(this.#handle);
    if (problem === undefined) return;
    throw new WsiError('SlideUnreadable', `OpenSlide says: ${problem}.`, {
      where: this.#parts.path,
      remedy: 'The file is damaged, or vanished while it was read: copy it again from its source.',
    });
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
    if (this.#background.every((channel) => channel === 255)) return;
    const level = this.levels[region.level]!;
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

/** RRGGBB, as in `openslide.background-color`; white when there is none. */
function parseColour(text: string | undefined): readonly [number, number, number] {
  if (text === undefined || !/^[0-9a-f]{6}$/iu.test(text)) return [255, 255, 255];
  const value = Number.parseInt(text, 16);
  return [value >>> 16, (value >>> 8) & 255, value & 255];
}
