export { Slots } from './concurrency.ts';
export { openSlide, type OpenSlideOptions, type ReaderChoice } from './open-slide.ts';
export { PictureCache } from './picture-cache.ts';
export { createPixels, MAXIMUM_PIXELS, type Pixels, type Rectangle } from './pixels.ts';
export { levelAtMpp, NATIVE_TOLERANCE, type LevelAtMpp } from './resolution.ts';
export {
  createStatistics,
  type LevelRegion,
  type Mpp,
  type MppRegion,
  type PatchesRequest,
  type Resolution,
  type Slide,
  type SlideLevel,
  type SlideStatistics,
} from './slide.ts';
