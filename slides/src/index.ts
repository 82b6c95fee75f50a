export { openSlide, type OpenSlideOptions, type ReaderChoice } from './open-slide.ts';
export { levelAtMpp, NATIVE_TOLERANCE } from './opened-slide.ts';
export { PictureCache } from './picture-cache.ts';
export { createPixels, MAXIMUM_PIXELS, type Pixels, type Rectangle } from './pixels.ts';
export {
  createStatistics,
  type LevelRegion,
  type Mpp,
  type MppRegion,
  type Slide,
  type SlideLevel,
  type SlideStatistics,
} from './slide.ts';
