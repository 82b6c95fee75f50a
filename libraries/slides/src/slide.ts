/** What a whole-slide image is to the rest of the project, whatever its file format. */
import type { Mpp } from './metadata/mpp.ts';
import type { SlideResolution } from './metadata/stated-resolution.ts';
import type { Pixels } from './pixels.ts';

export interface SlideLevel {
  /** Pixels of this level. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels for one pixel of this level, as OpenSlide computes it: the mean of both directions. */
  readonly downsample: number;
}

export interface LevelRegion {
  readonly level: number;
  /** The top left corner, in level-0 pixels; may be outside the slide. */
  readonly x: number;
  readonly y: number;
  /** The size, in pixels of `level`. */
  readonly width: number;
  readonly height: number;
}

export interface MppRegion {
  /** Micrometres for one pixel of the result. */
  readonly mpp: number;
  /** The top left corner, in level-0 pixels; may be outside the slide. */
  readonly x: number;
  readonly y: number;
  /** The size of the result, in its own pixels. */
  readonly width: number;
  readonly height: number;
}

/** The resolution of patches: a level, or micrometres a pixel. At most one of them; neither is level 0. */
export interface Resolution {
  readonly level?: number | undefined;
  readonly mpp?: number | undefined;
}

/** Called from time to time with the fraction of a picture that has been read, from 0 to 1. */
export type OnPart = (fraction: number) => void;

export interface PatchesRequest extends Resolution {
  /** Pixels along a side of a patch, at its resolution. */
  readonly size: number;
  /** The patches' top left corners: x, y, x, y... in level-0 pixels. */
  readonly coordinates: Int32Array;
}

/**
 * An open slide. Reads may run at the same time. Every error is a WsiError that names the slide.
 * Pixels outside the slide are white; transparent ones (areas that were not scanned) have the slide's background
 * colour, which is white unless the file says otherwise.
 */
export interface Slide {
  readonly path: string;
  /** OpenSlide's vendor name (aperio, generic-tiff, dicom, mirax...), or `tiff` for one that OpenSlide does not know. */
  readonly format: string;
  /** Which implementation reads the pixels. */
  readonly reader: 'openslide' | 'tiff';
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  /** From the finest (level 0) to the coarsest. */
  readonly levels: readonly SlideLevel[];
  /** Undefined when nobody states it, and the file does not say, or says something that no microscope has. */
  readonly mpp: Mpp | undefined;
  /** Where `mpp` comes from, or why there is none. */
  readonly resolution: SlideResolution;
  /** What was chosen, assumed or passed over when it was opened, for whoever wants to know. */
  readonly notes: readonly string[];
  readonly objectivePower: number | undefined;
  readonly properties: Readonly<Record<string, string>>;
  /** SHA-256 that identifies this file without reading all of it; a key for caches. */
  readonly fingerprint: string;
  /** Pixels of a level as they are in the file. */
  readRegion(region: LevelRegion): Promise<Pixels>;
  /** Pixels at a resolution: the best level, resampled as {@link resample} says. Needs `mpp`. */
  readAtMpp(region: MppRegion): Promise<Pixels>;
  /**
   * Square patches, one after the other: `n * size * size * 3` bytes. The same pixels as one {@link readRegion} or
   * {@link readAtMpp} a patch, but a tile of the file that several patches touch is decoded once.
   * @param target is filled and returned; new memory by default. It must have that many bytes.
   */
  readPatches(request: PatchesRequest, target?: Uint8Array): Promise<Uint8Array>;
  /**
   * The whole slide, its longer side at most `maximumSide` pixels; never enlarged. Of a slide without a smaller level
   * that is every tile.
   */
  thumbnail(maximumSide: number, onPart?: OnPart): Promise<Pixels>;
  /** Waits for the reads under way, then frees the file. Later reads fail. Safe to call twice. */
  close(): Promise<void>;
}

/** Seconds and counts of what was done; shared by the slides that were opened with it. */
export interface SlideStatistics {
  openSeconds: number;
  /** Waiting for the file (fast path only: OpenSlide reads and decodes in one call). */
  readSeconds: number;
  decodeSeconds: number;
  cacheHits: number;
  cacheMisses: number;
}

export function createStatistics(): SlideStatistics {
  return { openSeconds: 0, readSeconds: 0, decodeSeconds: 0, cacheHits: 0, cacheMisses: 0 };
}
