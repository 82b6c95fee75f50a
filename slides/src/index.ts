export { Slots } from './concurrency.ts';
export { formatS3Address, isS3Address, parseS3Address, type S3Address } from './s3/address.ts';
export {
  S3Store,
  type ListedObject,
  type ObjectIdentity,
  type S3Settings,
  type S3Statistics,
} from './s3/store.ts';
export { identifySlide, sameIdentity, type SlideIdentity } from './slide-identity.ts';
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
export {
  gridPositions,
  tileGrid,
  tilesWithTissue,
  type GridPositions,
  type TileFrame,
  type TileGrid,
  type TileGridOptions,
} from './tile-grid.ts';
export {
  TileReader,
  type TileReaderOptions,
  type TileReaderStatistics,
  type TileRequest,
} from './tile-reader.ts';
export { MaskSums, type Mask } from './tissue/mask.ts';
export { otsuThreshold } from './tissue/otsu.ts';
export { tissueMask, tissueOfPixels, type TissueMask, type TissueMethod } from './tissue/tissue.ts';
export { drawTiles } from './overlay.ts';
export { encodePng, writePng } from './picture-file.ts';
