/** What a file format has to give; {@link OpenedSlide} makes a whole {@link Slide} of it. */
import type { MppClaim } from './metadata/resolution-claims.ts';
import type { Pixels } from './pixels.ts';
import type { LevelRegion, SlideLevel } from './slide.ts';

export interface PixelSource {
  readonly format: string;
  readonly reader: 'openslide' | 'tiff';
  readonly levels: readonly SlideLevel[];
  readonly properties: Readonly<Record<string, string>>;
  /** What the file says of its resolution, what its format defines first. */
  readonly claims: readonly MppClaim[];
  readonly objectivePower: number | undefined;
  /** What was chosen or passed over in the file. */
  readonly notes: readonly string[];
  /**
   * As {@link Slide.readRegion}, several at a time; the regions have been checked.
   * @param targets where the pixels of each region go, all of which are written; new memory by default
   */
  read(regions: readonly LevelRegion[], targets?: readonly Uint8Array[]): Promise<Pixels[]>;
  close(): Promise<void>;
}
