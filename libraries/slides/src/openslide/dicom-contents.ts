/** What is in a DICOM slide that OpenSlide reads wrongly without an error, or refuses as if it were damaged. */
import type { DataSet } from 'dicom-parser';
import { open, type FileHandle } from 'node:fs/promises';
import { jpegColours } from '../tiff/read/jpeg-colours.ts';
import { DICOM_TAG, FULL, type DicomHeader, type DicomSeries } from './dicom-header.ts';

export interface DicomContents {
  /** Why it is not read. */
  readonly refusal?: string | undefined;
  readonly notes: readonly string[];
}

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
const JPEG_2000: readonly string[] = ['1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91'];
/** The tag of PixelData with frames of their own, as explicit little-endian files have it. */
const PIXEL_DATA = Buffer.from('e07f10004f420000ffffffff', 'hex');
const ITEM_HEADER = 8;
const SEARCHED_BYTES = 2 ** 27;
const WINDOW_BYTES = 2 ** 20;
/** Of a frame: all that comes before its pixels. */
const FRAME_HEAD = 4096;

export async function dicomContents({ path, own, all, tooLong }: DicomSeries): Promise<DicomContents> {
  if (tooLong) return { refusal: 'the headers of its files are longer than 512 MiB together', notes: [] };
  const refusal = withoutPlaces(all) ?? ofHeader(own) ?? (await falseColours(path, own));
  const paths = opticalPaths(own);
  const notes = paths > 1 ? [`the slide has ${paths} optical paths; the first one is read`] : [];
  return { refusal, notes };
}

/** OpenSlide's reader of DICOM ends the process at such a file. */
function withoutPlaces(all: readonly DicomHeader[]): string | undefined {
  for (const { data, cutOff } of all) {
    const organization = data.string(DICOM_TAG.organization) ?? FULL;
    if (organization === FULL || data.elements[DICOM_TAG.perFrame] !== undefined) continue;
    if (cutOff) {
      return `its frames are ${organization}, and its header is longer than the 128 MiB that are read to find where they are`;
    }
    return `its frames are ${organization}, and nothing says where they are (PerFrameFunctionalGroupsSequence)`;
  }
  return undefined;
}

function ofHeader(data: DataSet): string | undefined {
  const planes = numberOf(data, DICOM_TAG.focalPlanes) ?? 1;
  if (planes > 1) return `it has ${planes} focal planes: export one of them`;
  const paths = opticalPaths(data);
  if (paths > 1 && data.string(DICOM_TAG.organization) !== FULL) {
    return `it has ${paths} optical paths, in no fixed order: export one of them`;
  }
  const allocated = data.uint16(DICOM_TAG.bitsAllocated) ?? 8;
  const stored = data.uint16(DICOM_TAG.bitsStored) ?? allocated;
  if (allocated !== 8 || stored !== 8) {
    return `its values have ${stored} bits (BitsStored) in words of ${allocated}: export it with 8 bits a channel`;
  }
  const samples = data.uint16(DICOM_TAG.samples) ?? 3;
  const photometric = data.string(DICOM_TAG.photometric) ?? 'unknown';
  return samples === 3
    ? undefined
    : `its pixels have ${samples} channel (${photometric}) in place of three colours`;
}

function opticalPaths(data: DataSet): number {
  const listed = data.elements[DICOM_TAG.opticalPathSequence]?.items?.length ?? 1;
  return Math.max(listed, numberOf(data, DICOM_TAG.opticalPaths) ?? 1);
}

function numberOf(data: DataSet, tag: string): number | undefined {
  return data.elements[tag] === undefined ? undefined : data.uint32(tag);
}

/** Decoders go by PhotometricInterpretation, and converters write frames that are something else. */
async function falseColours(path: string, data: DataSet): Promise<string | undefined> {
  const syntax = data.string(DICOM_TAG.transferSyntax) ?? '';
  const photometric = data.string(DICOM_TAG.photometric) ?? '';
  const frame = await firstFrame(path);
  if (frame === undefined) return undefined;
  const says = `it says that its colours are ${photometric}`;
  if (syntax === JPEG_BASELINE) {
    const colours = jpegColours(frame);
    const tagged = photometric === 'RGB' ? 'rgb' : 'ycbcr';
    if (colours === undefined || colours === tagged) return undefined;
    return `${says}, but its JPEG frames are ${colours === 'rgb' ? 'RGB' : 'YCbCr'}: its colours would be false`;
  }
  const transformed = photometric === 'YBR_ICT' || photometric === 'YBR_RCT';
  if (!JPEG_2000.includes(syntax) || !transformed || transformsColours(frame) !== false) return undefined;
  return `${says}, but its JPEG 2000 frames have no colour transform: its colours would be false`;
}

/** The multiple component transform of a JPEG 2000 codestream; undefined where its header is not understood. */
function transformsColours(frame: Buffer): boolean | undefined {
  const [start, style] = [0xff4f, 0xff52];
  if (frame.length < 4 || frame.readUInt16BE(0) !== start) return undefined;
  let at = 2;
  while (at + 9 <= frame.length && frame[at] === 0xff) {
    // Length, style, order, layers; then the transform.
    if (frame.readUInt16BE(at) === style) return frame[at + 8] !== 0;
    at += 2 + frame.readUInt16BE(at + 2);
  }
  return undefined;
}

/** The beginning of the first frame; undefined where frames are not apart from each other. */
async function firstFrame(path: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const found = await findPixelData(file);
    if (found === undefined) return undefined;
    const table = found + PIXEL_DATA.length;
    const tableBytes = (await readAt(file, table, ITEM_HEADER)).readUInt32LE(4);
    return await readAt(file, table + ITEM_HEADER + tableBytes + ITEM_HEADER, FRAME_HEAD);
  } catch {
    // What cannot be read here is left to OpenSlide to report.
    return undefined;
  } finally {
    await file.close();
  }
}

async function findPixelData(file: FileHandle): Promise<number | undefined> {
  for (let position = 0; position < SEARCHED_BYTES; position += WINDOW_BYTES) {
    const window = await readAt(file, position, WINDOW_BYTES + PIXEL_DATA.length);
    const at = window.indexOf(PIXEL_DATA);
    if (at >= 0) return position + at;
    if (window.length < WINDOW_BYTES) return undefined;
  }
  return undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
