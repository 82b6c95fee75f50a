/** Writes slides as tiled BigTIFF pyramids, and tells whether one that is there is whole. */
export {
  writePyramid,
  type PyramidOptions,
  type SourceTile,
  type TileSource,
  type WrittenSlide,
} from './tiff-writer.ts';
export { isWholeSlide } from './whole-slide.ts';
