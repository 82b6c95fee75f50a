/** A {@link Slide} on top of a {@link PixelSource}: checks, resolutions, thumbnails, orderly closing. */
import { setImmediate } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';
import type { Mpp } from './metadata/mpp.ts';
import { judgeClaims } from './metadata/resolution-claims.ts';
import { withStatement, type SlideResolution, type StatedResolution } from './metadata/stated-resolution.ts';
import type { PixelSource } from './pixel-source.ts';
import { copyPixels, createPixels, requireSize, type Pixels } from './pixels.ts';
import { axisWeights, resample, sourceSpan } from './resample.ts';
import { levelAtMpp, requireResolution } from './resolution.ts';
import { thumbnailOf } from './thumbnail-size.ts';
import type { LevelRegion, MppRegion, OnPart, PatchesRequest, Slide, SlideLevel } from './slide.ts';

/** Source pixels that are held at a time while resampling. */
const BAND_PIXELS = 2 ** 24;
/** Source pixels across a strip of a level that is wider than two of them. */
const STRIP_WIDTH = 2 ** 13;
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
  readonly resolution: SlideResolution;
  readonly notes: readonly string[];
  readonly objectivePower: number | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly #source: PixelSource;
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** @throws WsiError InvalidArgument when the statement and the file contradict each other */
  constructor(path: string, fingerprint: string, source: PixelSource, statement?: StatedResolution) {
    this.path = path;
    this.fingerprint = fingerprint;
    this.#source = source;
    this.format = source.format;
    this.reader = source.reader;
    this.levels = source.levels;
    this.properties = source.properties;
    this.width = source.levels[0]!.width;
    this.height = source.levels[0]!.height;
    this.objectivePower = source.objectivePower;
    this.resolution = withStatement(path, judgeClaims(source.claims, source.objectivePower), statement);
    this.mpp = this.resolution.mpp;
    this.notes = [...source.notes, ...this.resolution.notes];
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

  thumbnail(maximumSide: number, onPart?: OnPart): Promise<Pixels> {
    return this.#run(async () => {
      requireSize(this.path, maximumSide, 1);
      const { level, width, height } = thumbnailOf(this, maximumSide);
      requireSize(this.path, width, height);
      const source = this.levels[level]!;
      const scale = { scaleX: source.width / width, scaleY: source.height / height };
      return this.#readScaled({ level, x: 0, y: 0, ...scale, width, height }, onPart);
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

  /** In strips where the level is so wide that bands across all of it would cut every tile several times. */
  async #readScaled(region: ScaledRegion, onPart?: OnPart): Promise<Pixels> {
    const { scaleX, width, height } = region;
    const columns = Math.max(1, Math.floor(STRIP_WIDTH / scaleX));
    if (width * scaleX <= 2 * STRIP_WIDTH) return this.#readBands(region, onPart);
    const result = createPixels(width, height);
    for (let column = 0; column < width; column += columns) {
      const part = { width: Math.min(columns, width - column), height };
      const before = column / width;
      const strip = await this.#readBands(
        { ...region, ...part, x: region.x + column * scaleX },
        onPart && ((fraction) => onPart(before + (fraction * part.width) / width)),
      );
      copyPixels(strip, { x: 0, y: 0, ...part }, result, column, 0);
    }
    return result;
  }

  /**
   * Resamples in bands of rows, so that memory does not grow with the level's size. The next band is read meanwhile:
   * threads decode, and this one resamples.
   */
  async #readBands(region: ScaledRegion, onPart?: OnPart): Promise<Pixels> {
    const { scaleY, width, height } = region;
    const bandRows = this.#bandRows(region);
    const data = new Uint8Array(width * height * 3);
    const bandAt = (row: number): ScaledRegion => ({
      ...region,
      y: region.y + row * scaleY,
      height: Math.min(bandRows, height - row),
    });
    let next = this.#startReading(bandAt(0));
    for (let row = 0; row < height; row += bandRows) {
      const [source] = await next;
      if (row + bandRows < height) next = this.#startReading(bandAt(row + bandRows));
      // Reading begins before the thread is busy.
      await setImmediate();
      const band = bandAt(row);
      data.set(this.#resample(band, source!).data, row * width * 3);
      onPart?.((row + band.height) / height);
    }
    return { width, height, data };
  }

  /** A failure is reported where it is awaited. */
  #startReading(band: ScaledRegion): Promise<Pixels[]> {
    const reading = (async () => this.#source.read([this.#sourceOf(band)]))();
    reading.catch(() => undefined);
    return reading;
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
