/** A {@link Slide} on top of a {@link PixelSource}: checks, resolutions, thumbnails, orderly closing. */
import { WsiError } from '@wsi/foundation';
import type { PixelSource } from './pixel-source.ts';
import { requireSize, type Pixels } from './pixels.ts';
import { axisWeights, resample, sourceSpan } from './resample.ts';
import { levelAtMpp, plausibleMpp, positiveNumber, requireResolution } from './resolution.ts';
import type { LevelRegion, Mpp, MppRegion, PatchesRequest, Slide, SlideLevel } from './slide.ts';

/** Source pixels that are held at a time while resampling. */
const BAND_PIXELS = 2 ** 24;
/** Patches that are read together; their regions are held beside the result. */
const PATCHES_AT_ONCE = 32;

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
    this.objectivePower = positiveNumber(source.properties['openslide.objective-power']);
  }

  readRegion(region: LevelRegion): Promise<Pixels> {
    return this.#run(() => this.#readNative(region));
  }

  readAtMpp(region: MppRegion): Promise<Pixels> {
    return this.#run(async () => {
      requireSize(this.path, region.width, region.height);
      this.#requirePosition(region.x, region.y);
      const { level, scaleX, scaleY, native } = levelAtMpp(this, region.mpp);
      if (native) return this.#readNative({ ...region, level });
      const { downsample } = this.levels[level]!;
      const { width, height } = region;
      const x = region.x / downsample;
      return this.#readScaled({ level, x, y: region.y / downsample, scaleX, scaleY, width, height });
    });
  }

  readPatches(request: PatchesRequest, target?: Uint8Array): Promise<Uint8Array> {
    return this.#run(async () => {
      const { size, coordinates } = request;
      const resolution = requireResolution(this.path, request);
      const count = coordinates.length / 2;
      requireSize(this.path, size, size * Math.max(1, count));
      const scaled = 'mpp' in resolution ? levelAtMpp(this, resolution.mpp) : undefined;
      const bytes = size * size * 3;
      const result = target ?? new Uint8Array(count * bytes);
      if (result.length !== count * bytes)
        throw new RangeError(`the target must have ${count * bytes} bytes`);
      for (let first = 0; first < count; first += PATCHES_AT_ONCE) {
        const indices = Array.from(
          { length: Math.min(PATCHES_AT_ONCE, count - first) },
          (_, offset) => first + offset,
        );
        const regions = indices.map((index) => ({
          level: scaled?.level ?? ('level' in resolution ? resolution.level : 0),
          x: coordinates[index * 2]!,
          y: coordinates[index * 2 + 1]!,
          width: size,
          height: size,
        }));
        const targets = indices.map((index) => result.subarray(index * bytes, (index + 1) * bytes));
        if (scaled === undefined || scaled.native) {
          await this.#readAll(regions, targets);
        } else {
          const pictures = await this.#readScaledPatches(regions, scaled);
          for (const [at, { data }] of pictures.entries()) targets[at]!.set(data);
        }
      }
      return result;
    });
  }

  thumbnail(maximumSide: number): Promise<Pixels> {
    return this.#run(async () => {
      requireSize(this.path, maximumSide, 1);
      const reduction = Math.max(1, Math.max(this.width, this.height) / maximumSide);
      const width = Math.max(1, Math.round(this.width / reduction));
      const height = Math.max(1, Math.round(this.height / reduction));
      requireSize(this.path, width, height);
      const enough = this.levels.findLastIndex((each) => each.width >= width && each.height >= height);
      const level = Math.max(0, enough);
      const source = this.levels[level]!;
      const scale = { scaleX: source.width / width, scaleY: source.height / height };
      return this.#readScaled({ level, x: 0, y: 0, ...scale, width, height });
    });
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#source.close());
    await this.#closed;
  }

  async #readNative(region: LevelRegion): Promise<Pixels> {
    const [picture] = await this.#readAll([region]);
    return picture!;
  }

  async #readAll(regions: readonly LevelRegion[], targets?: readonly Uint8Array[]): Promise<Pixels[]> {
    for (const { level, x, y, width, height } of regions) {
      requireSize(this.path, width, height);
      this.#requirePosition(x, y);
      if (this.levels[level] !== undefined) continue;
      throw new WsiError('InvalidArgument', `There is no level ${level}.`, {
        where: this.path,
        remedy: `The slide has levels 0 to ${this.levels.length - 1}.`,
      });
    }
    return this.#source.read(regions, targets);
  }

  async #readScaledPatches(
    regions: readonly LevelRegion[],
    { scaleX, scaleY }: { scaleX: number; scaleY: number },
  ): Promise<Pixels[]> {
    const { downsample } = this.levels[regions[0]!.level]!;
    const scaled = regions.map((region) => ({
      ...region,
      x: region.x / downsample,
      y: region.y / downsample,
      scaleX,
      scaleY,
    }));
    // A patch so large that it needs bands is read alone.
    if (this.#bandRows(scaled[0]!) >= scaled[0]!.height) {
      const sources = await this.#source.read(scaled.map((region) => this.#sourceOf(region)));
      return scaled.map((region, at) => this.#resample(region, sources[at]!));
    }
    const pictures: Pixels[] = [];
    for (const region of scaled) pictures.push(await this.#readScaled(region));
    return pictures;
  }

  /** Resamples in bands of rows, so that memory does not grow with the level's size. */
  async #readScaled(region: ScaledRegion): Promise<Pixels> {
    const { scaleY, width, height } = region;
    const bandRows = this.#bandRows(region);
    const data = new Uint8Array(width * height * 3);
    for (let row = 0; row < height; row += bandRows) {
      const band = { ...region, y: region.y + row * scaleY, height: Math.min(bandRows, height - row) };
      const [source] = await this.#source.read([this.#sourceOf(band)]);
      data.set(this.#resample(band, source!).data, row * width * 3);
    }
    return { width, height, data };
  }

  #bandRows({ scaleX, scaleY, width }: ScaledRegion): number {
    return Math.max(1, Math.floor(BAND_PIXELS / (width * scaleX) / scaleY));
  }

  /** What of its level a scaled region covers. */
  #sourceOf({ level, x, y, scaleX, scaleY, width, height }: ScaledRegion): LevelRegion {
    const { downsample } = this.levels[level]!;
    const columns = sourceSpan(x, scaleX, width);
    const rows = sourceSpan(y, scaleY, height);
    const size = { width: columns.end - columns.start, height: rows.end - rows.start };
    requireSize(this.path, size.width, size.height);
    return {
      level,
      x: Math.round(columns.start * downsample),
      y: Math.round(rows.start * downsample),
      ...size,
    };
  }

  #resample({ x, y, scaleX, scaleY, width, height }: ScaledRegion, source: Pixels): Pixels {
    const columns = sourceSpan(x, scaleX, width);
    const rows = sourceSpan(y, scaleY, height);
    const horizontal = axisWeights(x - columns.start, scaleX, width);
    return resample(source, horizontal, axisWeights(y - rows.start, scaleY, height));
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) {
      throw new WsiError('InvalidArgument', 'The slide is closed.', {
        where: this.path,
        remedy: 'Open it again.',
      });
    }
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

  #requirePosition(x: number, y: number): void {
    if (Number.isSafeInteger(x) && Number.isSafeInteger(y)) return;
    throw new WsiError('InvalidArgument', `The position (${x}, ${y}) is not in whole pixels.`, {
      where: this.path,
      remedy: 'Give whole numbers, in level-0 pixels.',
    });
  }
}
