/** The levels of a DICOM slide by their pixel spacing: OpenSlide goes by their sizes, which Philips pads to whole tiles. */
import type { DataSet } from 'dicom-parser';
import { byResolution, type SizedPicture } from '../level-scale.ts';
import { DICOM_TAG as TAG, type DicomSeries } from './dicom-header.ts';
import { withoutOddShapes, type CorrectLevels } from './level-correction.ts';

interface DicomLevel extends SizedPicture {
  /** Millimetres from one pixel to the next: from row to row, and from column to column. */
  readonly spacing: readonly [number, number] | undefined;
}

export function dicomLevels({ all }: DicomSeries): CorrectLevels {
  const known = all.map(({ data }) => levelOf(data)).filter((level) => level !== undefined);
  return (levels) => {
    const find = (of: { width: number; height: number }): DicomLevel | undefined =>
      known.find(({ width, height }) => width === of.width && height === of.height);
    const base = find(levels[0]!);
    const scaled = levels.map((level, index) => {
      const found = find(level);
      const ratio = index === 0 ? undefined : ratioOf(base, found);
      if (base === undefined || found === undefined || ratio === undefined) return level;
      const { downsample, width, height } = byResolution(base, found, ratio) ?? level;
      // Where nothing is padded, OpenSlide's own number, to the last bit.
      return Math.abs(downsample / level.downsample - 1) > 1e-9 ? { downsample, width, height } : level;
    });
    return withoutOddShapes(scaled);
  };
}

function ratioOf(base: DicomLevel | undefined, level: DicomLevel | undefined): number | undefined {
  if (base?.spacing === undefined || level?.spacing === undefined) return undefined;
  const [rows, columns] = [0, 1].map((axis) => level.spacing![axis]! / base.spacing![axis]!) as [
    number,
    number,
  ];
  return Math.abs(rows / columns - 1) > 0.01 || rows < 1.01 ? undefined : (rows + columns) / 2;
}

/** @returns undefined for what is no DICOM image of tiles */
function levelOf(data: DataSet): DicomLevel | undefined {
  const [rows, columns] = [data.uint16(TAG.rows), data.uint16(TAG.columns)];
  const [width, height] = [data.uint32(TAG.matrixColumns), data.uint32(TAG.matrixRows)];
  if (width === undefined || height === undefined) return undefined;
  const tile = rows === undefined || columns === undefined ? undefined : { width: columns, height: rows };
  return { width, height, tile, spacing: spacingOf(data) };
}

function spacingOf(data: DataSet): DicomLevel['spacing'] {
  const groups = data.elements[TAG.shared]?.items?.[0]?.dataSet;
  const measures = groups?.elements[TAG.measures]?.items?.[0]?.dataSet;
  const [row, column] = [0, 1].map((index) => measures?.floatString(TAG.spacing, index));
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : undefined;
}
