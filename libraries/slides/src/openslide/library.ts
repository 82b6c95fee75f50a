/**
 * The C interface of OpenSlide 4, called through koffi. Calls that touch a file run on a thread of libuv's pool, so
 * that the event loop goes on.
 */
import koffi, { type KoffiFunc } from 'koffi';
import { existsSync } from 'node:fs';
import { WsiError } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';

/** An `openslide_t *`, or null. */
export type SlideHandle = object;

export interface OpenSlideLibrary {
  readonly version: string;
  /** The vendor name, or undefined when OpenSlide cannot open the file. */
  detectVendor(path: string): Promise<string | undefined>;
  /** Undefined when the file is not a slide. A slide with an error is returned; see {@link error}. */
  open(path: string): Promise<SlideHandle | undefined>;
  /** What went wrong with this slide, or undefined. After an error a slide gives nothing any more. */
  error(slide: SlideHandle): string | undefined;
  levels(slide: SlideHandle): { width: number; height: number; downsample: number }[];
  properties(slide: SlideHandle): Record<string, string>;
  /** Fills `target` with premultiplied ARGB in native-endian words; it must hold `width * height * 4` bytes. */
  readRegion(slide: SlideHandle, target: Uint8Array, region: NativeRegion): Promise<void>;
  close(slide: SlideHandle): Promise<void>;
}

export interface NativeRegion {
  /** Level-0 pixels. */
  readonly x: number;
  readonly y: number;
  readonly level: number;
  /** Pixels of the level. */
  readonly width: number;
  readonly height: number;
}

/** Of OpenSlide's own cache of decoded tiles, one for all slides; its default would be as much for each. */
const CACHE_BYTES = 32 * 2 ** 20;

let loaded: OpenSlideLibrary | undefined;

/** The library, loaded once in a process. @throws WsiError NotFound when it is not installed */
export function openSlideLibrary(): OpenSlideLibrary {
  loaded ??= load(findLibrary());
  return loaded;
}

function findLibrary(): string {
  const path = readSetup().openslideLibrary;
  if (path !== null && existsSync(path)) return path;
  throw new WsiError('NotFound', 'OpenSlide is not installed.', {
    ...(path === null ? {} : { where: path }),
    remedy: 'Run `npm run setup`, or set WSI_OPENSLIDE_LIBRARY to the path of libopenslide (4.0 or newer).',
  });
}

function load(path: string): OpenSlideLibrary {
  try {
    return bind(path);
  } catch (error) {
    throw WsiError.from(error, 'Unavailable', {
      where: path,
      remedy: 'It must be libopenslide 4.0 or newer for this machine; `npm run setup` installs one.',
    });
  }
}

/**
 * Keeps the library in memory until the process is gone. koffi unloads it when Node exits, but the threads that called
 * it end later, and then run its thread-local destructors (GLib's): that would be a crash at exit.
 */
function keepLoaded(path: string): void {
  const dlopen = koffi.load(null).func('void *dlopen(const char *path, int flags)');
  const now = 2;
  const noDelete = process.platform === 'darwin' ? 0x80 : 0x1000;
  dlopen(path, now | noDelete);
}

/** Buffers that a running call writes to: koffi does not hold them, and a collected one crashes the process. */
const buffersInUse = new Set<Uint8Array>();

function bind(path: string): OpenSlideLibrary {
  const library = koffi.load(path);
  keepLoaded(path);
  const functions = {
    cacheCreate: library.func('void *openslide_cache_create(size_t capacity)'),
    setCache: library.func('void openslide_set_cache(void *slide, void *cache)'),
    version: library.func('const char *openslide_get_version()'),
    detectVendor: library.func('const char *openslide_detect_vendor(const char *path)'),
    open: library.func('void *openslide_open(const char *path)'),
    close: library.func('void openslide_close(void *slide)'),
    error: library.func('const char *openslide_get_error(void *slide)'),
    levelCount: library.func('int32_t openslide_get_level_count(void *slide)'),
    levelDimensions: library.func(
      'void openslide_get_level_dimensions(void *slide, int32_t level, _Out_ int64_t *width, _Out_ int64_t *height)',
    ),
    levelDownsample: library.func('double openslide_get_level_downsample(void *slide, int32_t level)'),
    propertyNames: library.func('void *openslide_get_property_names(void *slide)'),
    propertyValue: library.func('const char *openslide_get_property_value(void *slide, const char *name)'),
    readRegion: library.func(
      'void openslide_read_region(void *slide, void *target, int64_t x, int64_t y, int32_t level, int64_t width, int64_t height)',
    ),
  };
  const cache: unknown = functions.cacheCreate(CACHE_BYTES);
  return {
    version: functions.version() as string,
    detectVendor: async (file) => ((await call(functions.detectVendor, file)) as string | null) ?? undefined,
    open: async (file) => {
      const slide = (await call(functions.open, file)) as SlideHandle | null;
      if (slide !== null) functions.setCache(slide, cache);
      return slide ?? undefined;
    },
    error: (slide) => (functions.error(slide) as string | null) ?? undefined,
    levels: (slide) =>
      Array.from({ length: Math.max(0, functions.levelCount(slide) as number) }, (_, level) => {
        const width = [0];
        const height = [0];
        functions.levelDimensions(slide, level, width, height);
        const downsample = functions.levelDownsample(slide, level) as number;
        return { width: Number(width[0]), height: Number(height[0]), downsample };
      }),
    properties: (slide) => {
      const names = stringsAt(functions.propertyNames(slide));
      return Object.fromEntries(
        names.map((name) => [name, (functions.propertyValue(slide, name) as string | null) ?? '']),
      );
    },
    readRegion: async (slide, target, { x, y, level, width, height }) => {
      buffersInUse.add(target);
      try {
        await call(functions.readRegion, slide, target, x, y, level, width, height);
      } finally {
        buffersInUse.delete(target);
      }
    },
    close: async (slide) => {
      await call(functions.close, slide);
    },
  };
}

type NativeFunction = KoffiFunc<(...values: unknown[]) => unknown>;

function call(native: NativeFunction, ...values: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    native.async(...values, (error: unknown, result: unknown) => {
      if (error === null || error === undefined) resolve(result);
      else reject(WsiError.from(error));
    });
  });
}

/** The strings of a null-terminated `char **`. */
function stringsAt(pointer: unknown): string[] {
  const strings: string[] = [];
  if (pointer === null || pointer === undefined) return strings;
  const size = koffi.sizeof('char *');
  for (;;) {
    const text: unknown = koffi.decode(pointer, strings.length * size, 'char *');
    if (typeof text !== 'string') return strings;
    strings.push(text);
  }
}
