export type { Mpp } from './metadata/mpp.ts';
export { formatS3Address, isS3Address, parseS3Address, type S3Address } from './s3/address.ts';
export {
  LARGEST_WHOLE,
  S3Store,
  storeOfEnvironment,
  type ListedObject,
  type ObjectIdentity,
  type S3Settings,
  type S3Statistics,
} from './s3/store.ts';
export { identifySlide, sameIdentity, type SlideIdentity } from './slide-identity.ts';
export { sameSlides, type SameSlides, type SignedSlide } from './likeness/same-slides.ts';
export { signatureOf, type SlideSignature } from './likeness/signature.ts';
export { openSlide, type OpenSlideOptions, type ReaderChoice } from './open-slide.ts';
export type { StatedResolution } from './metadata/stated-resolution.ts';
export { micrometresFrom } from './metadata/number-text.ts';
export { PictureCache } from './picture-cache.ts';
export { createPixels, MAXIMUM_PIXELS, type Pixels, type Rectangle } from './pixels.ts';
export { levelAtMpp, NATIVE_TOLERANCE, type LevelAtMpp } from './resolution.ts';
export {
  createStatistics,
  type LevelRegion,
  type MppRegion,
  type OnPart,
  type PatchesRequest,
  type Resolution,
  type Slide,
  type SlideLevel,
  type SlideStatistics,
} from './slide.ts';
export { pictureOf } from './thumbnail-size.ts';
export {
  gridPositions,
  tileGrid,
  tilePlaces,
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
export {
  findAnnotations,
  identifyAnnotations,
  readAnnotations,
  type AnnotationFile,
  type AnnotationOptions,
} from './annotations/annotation-file.ts';
export { LABELS, TissueLabel } from './tissue/labels.ts';
export { detectTissue, type TissueFindings, type TissueSettings } from './tissue/detect.ts';
export { MaskSums, type Mask } from './tissue/mask.ts';
export { otsuThreshold } from './tissue/otsu.ts';
export { otsuTissue } from './tissue/otsu-mask.ts';
export { areaText, summarizeTissue, type TissueSummary } from './tissue/summary.ts';
export { drawLabels, tissueSvg } from './tissue/tissue-picture.ts';
export {
  DEFAULT_TISSUE,
  tissueMask,
  tissueSpecification,
  type TissueMask,
  type TissueMethod,
  type TissueOptions,
} from './tissue/tissue.ts';
export { drawTiles } from './overlay.ts';
export { encodePng, writePng } from './picture-file.ts';
export { inverse, mapDensities, product, type DensityMap, type Matrix3 } from './stain/density-map.ts';
export { slideStain, type SlideStain, type StainOptions } from './stain/slide-stain.ts';
export { stainChange } from './stain/ruifrok.ts';
