/** The headers of the DICOM files that are one slide, without their frames. */
import dicomParser, { type DataSet } from 'dicom-parser';
import { open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Of a header: most have some kilobytes, those with a place for every frame some megabytes. */
const HEADER_BYTES = [2 ** 18, 2 ** 23, 2 ** 27] as const;
/** Of the headers of one series, which are held together. */
const SERIES_BYTES = 2 ** 29;
/** DimensionOrganizationType: all frames, in the order of rows. */
export const FULL = 'TILED_FULL';
export const DICOM_TAG = {
  series: 'x0020000e',
  rows: 'x00280010',
  columns: 'x00280011',
  samples: 'x00280002',
  photometric: 'x00280004',
  bitsAllocated: 'x00280100',
  bitsStored: 'x00280101',
  focalPlanes: 'x00480303',
  opticalPaths: 'x00480302',
  organization: 'x00209311',
  opticalPathSequence: 'x00480105',
  transferSyntax: 'x00020010',
  matrixColumns: 'x00480006',
  matrixRows: 'x00480007',
  shared: 'x52009229',
  perFrame: 'x52009230',
  measures: 'x00289110',
  spacing: 'x00280030',
} as const;

export interface DicomHeader {
  readonly data: DataSet;
  /** It is longer than what is read of it. */
  readonly cutOff: boolean;
}

export interface DicomSeries {
  readonly path: string;
  /** Of the file itself. */
  readonly own: DataSet;
  /** Of all files of its series that are beside it, and its own. */
  readonly all: readonly DicomHeader[];
  /** There are more, and longer ones, than are read. */
  readonly tooLong: boolean;
}

/** How many bytes may still be held. */
interface Room {
  bytes: number;
}

/**
 * @param mostBytes of all headers together
 * @returns undefined for what is no DICOM file
 */
export async function readDicomSeries(
  path: string,
  mostBytes = SERIES_BYTES,
): Promise<DicomSeries | undefined> {
  const own = await readDicomHeader(path, () => true, { bytes: SERIES_BYTES });
  if (own === undefined) return undefined;
  const series = own.data.string(DICOM_TAG.series);
  const directory = dirname(path);
  const all: DicomHeader[] = [];
  const room: Room = { bytes: mostBytes };
  for (const name of await readdir(directory).catch(() => [])) {
    // Of files of other series nothing is read but the beginning.
    const belongs = (data: DataSet): boolean => data.string(DICOM_TAG.series) === series;
    const header = await readDicomHeader(join(directory, name), belongs, room);
    if (room.bytes < 0) break;
    if (header !== undefined) all.push(header);
  }
  return { path, own: own.data, all, tooLong: room.bytes < 0 };
}

async function readDicomHeader(
  path: string,
  isWanted: (data: DataSet) => boolean,
  room: Room,
): Promise<DicomHeader | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    for (const bytes of HEADER_BYTES) {
      const buffer = Buffer.alloc(Math.min(bytes, size));
      await file.read(buffer, 0, buffer.length, 0);
      if (buffer.toString('latin1', 128, 132) !== 'DICM') return undefined;
      const data = parsed(buffer);
      if (data === undefined || !isWanted(data)) return undefined;
      const cutOff = buffer.length < size && !isWhole(data);
      if (cutOff && bytes !== HEADER_BYTES.at(-1)) continue;
      room.bytes -= buffer.length;
      return room.bytes < 0 ? undefined : { data, cutOff };
    }
    return undefined;
  } catch {
    // What cannot be read here is left to OpenSlide to report.
    return undefined;
  } finally {
    await file.close();
  }
}

/** The groups that hold for all frames are the last that is read, or the frames' own where they are needed. */
function isWhole(data: DataSet): boolean {
  if (data.elements[DICOM_TAG.shared] === undefined) return false;
  const organization = data.string(DICOM_TAG.organization) ?? FULL;
  return organization === FULL || data.elements[DICOM_TAG.perFrame] !== undefined;
}

/** The elements up to those of every frame; of a header that is cut off, those that are there. */
function parsed(buffer: Buffer): DataSet | undefined {
  try {
    return dicomParser.parseDicom(buffer, { untilTag: DICOM_TAG.perFrame });
  } catch (error) {
    const { dataSet } = error as { dataSet?: DataSet };
    return dataSet;
  }
}
