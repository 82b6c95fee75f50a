/** The readers of what a slide is made of, each by itself, and seeds for them: for the fuzzing of damaged files. */
export { applyAnnotations } from '../annotations/areas.ts';
export { parseAnnotations } from '../annotations/geojson.ts';
export { omeImages } from '../metadata/ome.ts';
export { dicomContents } from '../openslide/dicom-contents.ts';
export { readDicomSeries } from '../openslide/dicom-header.ts';
export { dicomLevels } from '../openslide/dicom-levels.ts';
export { requireInside, type ByteSource } from '../tiff/read/byte-source.ts';
export { TiffDamage } from '../tiff/read/damage.ts';
export { inspectTiff } from '../tiff/read/inspection.ts';
export { completeJpeg, joinedJpeg, jpegPrefix, parseTile } from '../tiff/read/jpeg-tile.ts';
export { buildDicom } from './dicom-fixture.ts';
export { buildTiff, encodedLevel, paintedPixels } from '../tiff/testing/tiff-fixture.ts';
