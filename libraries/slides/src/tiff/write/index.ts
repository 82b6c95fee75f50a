/** Writes slides as tiled BigTIFF pyramids, and checks whether an existing one is complete. */
export {
  writePyramid,
  type PyramidOptions,
  type SourceTile,
  type TileSource,
  type WrittenSlide,
} from './tiff-writer.ts';
export { isWholeSlide } from './whole-slide.ts';
