/** A small DICOM slide of one level, byte by byte (explicit little-endian), as OpenSlide reads it. */

export interface DicomFixture {
  /** Pixels, a whole number of tiles. */
  readonly width: number;
  readonly height: number;
  readonly tileSide: number;
  /** Row by row. */
  readonly frames: readonly Buffer[];
  readonly transferSyntax?: string;
  readonly photometric?: string;
  readonly samples?: number;
  /** BitsStored, and of the words that they are in. */
  readonly bits?: readonly [stored: number, allocated: number];
  readonly focalPlanes?: number;
  readonly opticalPaths?: number;
  readonly organization?: 'TILED_FULL' | 'TILED_SPARSE';
  /** Has a list of the frames' places, an empty one. */
  readonly places?: boolean;
  /** Has an element of so many bytes before all that says where frames are; they are left out here. */
  readonly longElement?: number;
  readonly series?: string;
}

export const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
export const JPEG_2000_LOSSY = '1.2.840.10008.1.2.4.91';
const WHOLE_SLIDE = '1.2.840.10008.5.1.4.1.1.77.1.6';

/** Those with a length of four bytes. */
const LONG_LENGTH = new Set(['OB', 'SQ', 'UN']);
/** The ICC profile of the optical path. */
const LONG_ELEMENT = 0x00282000;

export function buildDicom(fixture: DicomFixture): Buffer {
  const { transferSyntax = JPEG_BASELINE } = fixture;
  const meta = [
    text(0x00020002, 'UI', WHOLE_SLIDE),
    text(0x00020003, 'UI', '1.2.3.4.1'),
    text(0x00020010, 'UI', transferSyntax),
  ];
  const length = Buffer.concat(meta).length;
  const body = elementsOf(fixture);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    long(0x00020000, length),
    ...meta,
    ...body,
    pixelData(fixture.frames),
  ]);
}

function elementsOf(fixture: DicomFixture): Buffer[] {
  const { width, height, tileSide, frames, samples = 3, photometric = 'YBR_FULL_422' } = fixture;
  const {
    focalPlanes = 1,
    opticalPaths = 1,
    organization = 'TILED_FULL',
    longElement,
    bits = [8, 8],
  } = fixture;
  const spacing = sequence(0x52009229, [sequence(0x00289110, [text(0x00280030, 'DS', '0.0005\\0.0005')])]);
  return [
    text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\VOLUME\\NONE'),
    text(0x00080016, 'UI', WHOLE_SLIDE),
    text(0x00080018, 'UI', '1.2.3.4.1'),
    text(0x00080060, 'CS', 'SM'),
    text(0x0020000d, 'UI', '1.2.3.4.2'),
    text(0x0020000e, 'UI', fixture.series ?? '1.2.3.4.3'),
    text(0x00209311, 'CS', organization),
    short(0x00280002, samples),
    text(0x00280004, 'CS', photometric),
    ...(samples === 3 ? [short(0x00280006, 0)] : []),
    text(0x00280008, 'IS', String(frames.length)),
    short(0x00280010, tileSide),
    short(0x00280011, tileSide),
    short(0x00280100, bits[1]),
    short(0x00280101, bits[0]),
    short(0x00280102, bits[0] - 1),
    short(0x00280103, 0),
    ...(longElement === undefined ? [] : [tag(LONG_ELEMENT), Buffer.from('OB\0\0'), uint32(longElement)]),
    long(0x00480006, width),
    long(0x00480007, height),
    long(0x00480302, opticalPaths),
    long(0x00480303, focalPlanes),
    spacing,
    ...(fixture.places === true ? [sequence(0x52009230, [])] : []),
  ];
}

function pixelData(frames: readonly Buffer[]): Buffer {
  const item = (data: Buffer): Buffer => {
    const even = data.length % 2 === 0 ? data : Buffer.concat([data, Buffer.alloc(1)]);
    return Buffer.concat([tag(0xfffee000), uint32(even.length), even]);
  };
  return Buffer.concat([
    element(0x7fe00010, 'OB', undefined),
    item(Buffer.alloc(0)),
    ...frames.map(item),
    tag(0xfffee0dd),
    uint32(0),
  ]);
}

function sequence(id: number, contents: readonly Buffer[]): Buffer {
  const inside = Buffer.concat(contents);
  return element(id, 'SQ', Buffer.concat([tag(0xfffee000), uint32(inside.length), inside]));
}

function text(id: number, type: string, value: string): Buffer {
  const padding = value.length % 2 === 0 ? '' : type === 'UI' ? '\0' : ' ';
  return element(id, type, Buffer.from(value + padding));
}

const short = (id: number, value: number): Buffer => element(id, 'US', uint16(value));
const long = (id: number, value: number): Buffer => element(id, 'UL', uint32(value));

/** @param value undefined for one whose end is marked */
function element(id: number, type: string, value: Buffer | undefined): Buffer {
  const length = value?.length ?? 0xffffffff;
  const head = LONG_LENGTH.has(type) ? [Buffer.alloc(2), uint32(length)] : [uint16(length)];
  return Buffer.concat([tag(id), Buffer.from(type), ...head, value ?? Buffer.alloc(0)]);
}

const tag = (id: number): Buffer => Buffer.concat([uint16(id >>> 16), uint16(id & 0xffff)]);

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
