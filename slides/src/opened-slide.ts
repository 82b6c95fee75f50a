/** A {@link Slide} on top of a {@link PixelSource}: checks, resolutions, thumbnails, orderly closing. */
import { WsiError } from '@wsi/foundation';
import type { PixelSource } from './pixel-source.ts';
import { requireSize, type Pixels } from './pixels.ts';
import { axisWeights, resample, sourceSpan } from './resample.ts';
import type { LevelRegion, Mpp, MppRegion, Slide, SlideLevel } from './slide.ts';

/** Within this of the wanted resolution a level is given as it is: 0.499 for 0.5 is not worth a resampling. */
export const NATIVE_TOLERANCE = 0.01;

/** Source pixels that are held at a time while resampling. */
const BAND_PIXELS = 2 ** 22;

/** A picture on a level, in pixels of that level: origin, level pixels for one output pixel, output size. */
interface ScaledRegion {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly scaleX: number;
  readonly scaleY: number;
  readonly width: number;
  readonly height: number;
}

export class OpenedSlide implements Slide {
  readonly path: string;
  readonly format: string;
  readonly reader: 'openslide' | 'tiff';
  readonly width: number;
  readonly height: number;
  readonly levels: readonly SlideLevel[];
  readonly mpp: Mpp | undefined;
  readonly objectivePower: number | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly #source: PixelSource;
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(path: string, fingerprint: string, source: PixelSource) {
    this.path = path;
    this.fingerprint = fingerprint;
    this.#source = source;
    this.format = source.format;
    this.reader = source.reader;
    this.levels = source.levels;
    this.properties = source.properties;
    this.width = source.levels[0]!.width;
    this.height = source.levels[0]!.height;
    this.mpp = plausibleMpp(source.properties);
    this.objectivePower = positive(source.properties['openslide.objective-power']);
  }

  readRegion(region: LevelRegion): Promise<Pixels> {
    return this.#run(async () => {
      requireSize(this.path, region.width, region.height);
      if (!Number.isSafeInteger(region.x) || !Number.isSafeInteger(region.y)) {
        throw this.#invalid(
          `The position (${region.x}, ${region.y}) is not in whole pixels.`,
          'Give whole numbers, in level-0 pixels.',
        );
      }
      if (this.levels[region.level] === undefined) {
        throw this.#invalid(
          `There is no level ${region.level}.`,
          `The slide has levels 0 to ${this.levels.length - 1}.`,
        );
      }
      return this.#source.read(region);
    });
  }

  readAtMpp(region: MppRegion): Promise<Pixels> {
    return this.#run(async () => {
      requireSize(this.path, region.width, region.height);
      const { level, scaleX, scaleY } = levelAtMpp(this, region.mpp);
      const native = Math.abs(scaleX - 1) <= NATIVE_TOLERANCE && Math.abs(scaleY - 1) <= NATIVE_TOLERANCE;
      if (native) return this.readRegion({ ...region, level });
      const { downsample } = this.levels[level]!;
      const { width, height } = region;
      const x = region.x / downsample;
      return this.#readScaled({ level, x, y: region.y / downsample, scaleX, scaleY, width, height });
    });
  }

  thumbnail(maximumSide: number): Promise<Pixels> {
    return this.#run(async () => {
      const reduction = Math.max(1, Math.max(this.width, this.height) / maximumSide);
      const width = Math.max(1, Math.round(this.width / reduction));
      const height = Math.max(1, Math.round(this.height / reduction));
      requireSize(this.path, width, height);
      const level = this.levels.findLastIndex((each) => each.width >= width && each.height >= height);
      const { width: levelWidth, height: levelHeight } = this.levels[Math.max(0, level)]!;
      const scale = { scaleX: levelWidth / width, scaleY: levelHeight / height };
      return this.#readScaled({ level: Math.max(0, level), x: 0, y: 0, ...scale, width, height });
    });
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#source.close());
    await this.#closed;
  }

  /** Resamples in bands of rows, so that memory does not grow with the level's size. */
  async #readScaled(region: ScaledRegion): Promise<Pixels> {
    const { level, scaleX, scaleY, width, height } = region;
    const { downsample } = this.levels[level]!;
    const columns = sourceSpan(region.x, scaleX, width);
    const sourceWidth = columns.end - columns.start;
    const bandRows = Math.max(1, Math.floor(BAND_PIXELS / sourceWidth / scaleY));
    const horizontal = axisWeights(region.x - columns.start, scaleX, width);
    const data = new Uint8Array(width * height * 3);
    for (let row = 0; row < height; row += bandRows) {
      const count = Math.min(bandRows, height - row);
      const top = region.y + row * scaleY;
      const rows = sourceSpan(top, scaleY, count);
      requireSize(this.path, sourceWidth, rows.end - rows.start);
      const source = await this.#source.read({
        level,
        x: Math.round(columns.start * downsample),
        y: Math.round(rows.start * downsample),
        width: sourceWidth,
        height: rows.end - rows.start,
      });
      const band = resample(source, horizontal, axisWeights(top - rows.start, scaleY, count));
      data.set(band.data, row * width * 3);
    }
    return { width, height, data };
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw this.#invalid('The slide is closed.', 'Open it again.');
    const running = work().catch((error: unknown) => {
      throw WsiError.from(error, 'SlideUnreadable', { where: this.path });
    });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #invalid(problem: string, remedy: string): WsiError {
    return new WsiError('InvalidArgument', problem, { where: this.path, remedy });
  }
}

/**
 * The level to read for a resolution (the coarsest that is not coarser than wanted, within the tolerance; level 0
 * when all are), and its pixels for one pixel of the result.
 * @throws WsiError InvalidArgument when the slide has no resolution
 */
export function levelAtMpp(
  slide: Pick<Slide, 'path' | 'levels' | 'mpp'>,
  mpp: number,
): { level: number; scaleX: number; scaleY: number } {
  if (!Number.isFinite(mpp) || mpp < 0.01 || mpp > 1000) {
    throw new WsiError('InvalidArgument', `${mpp} micrometres a pixel is not a resolution.`, {
      where: slide.path,
      remedy: 'Give a number from 0.01 to 1000.',
    });
  }
  if (slide.mpp === undefined) {
    throw new WsiError('InvalidArgument', 'The slide does not say its resolution (micrometres a pixel).', {
      where: slide.path,
      remedy: 'Ask for a level (patches.level, --level) in place of a resolution (patches.mpp, --mpp).',
    });
  }
  const wanted = (2 * mpp) / (slide.mpp.x + slide.mpp.y);
  const fine = slide.levels.findLastIndex((each) => each.downsample <= wanted * (1 + NATIVE_TOLERANCE));
  const level = Math.max(0, fine);
  const { downsample } = slide.levels[level]!;
  return { level, scaleX: mpp / slide.mpp.x / downsample, scaleY: mpp / slide.mpp.y / downsample };
}

/** Files that were never given a resolution often say 72 dpi, which would be 353 micrometres a pixel. */
function plausibleMpp(properties: Readonly<Record<string, string>>): Mpp | undefined {
  const x = positive(properties['openslide.mpp-x']);
  const y = positive(properties['openslide.mpp-y']);
  if (x === undefined || y === undefined) return undefined;
  return Math.min(x, y) >= 0.01 && Math.max(x, y) <= 100 ? { x, y } : undefined;
}

function positive(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
