/**
 * The safetensors format (https://github.com/huggingface/safetensors): an 8-byte little-endian header length, a JSON
 * header {name: {dtype, shape, data_offsets}}, then the raw little-endian data. Loads in Python with
 * `safetensors.torch.load_file`. Here are the header and files of float32 that are in memory, such as checkpoints;
 * `weights-file.ts` reads large ones.
 */
import { isRecord, parseJson, type WsiError } from '@wsi-operator/foundation';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A header larger than this is nobody's; checked before anything is allocated. */
export const LARGEST_HEADER = 16 * 1024 * 1024;
const MAXIMUM_RANK = 8;

/** The types of the format, and the bytes of an element. */
const ELEMENT_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

export type ElementType = keyof typeof ELEMENT_BYTES;

/** A tensor as the header describes it. */
export interface TensorPlace {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Bytes from the beginning of the data. */
  readonly start: number;
  readonly end: number;
}

/** Makes the error of a problem of the file. */
export type Invalid = (problem: string) => WsiError;

/** The beginning of a file of tensors that lie one after the other: length and header, padded to 8 bytes. */
export function encodeHeader(
  tensors: readonly Pick<TensorPlace, 'name' | 'type' | 'shape'>[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    const end = offset + shape.reduce((product, side) => product * side, ELEMENT_BYTES[type]);
    header[name] = { dtype: type, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  // The data starts at a multiple of 8, so that readers can map it.
  const bytes = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  text.copy(bytes, 8);
  return bytes;
}

export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header = encodeHeader(
    tensors.map(({ name, shape }) => ({ name, shape, type: 'F32' })),
    metadata,
  );
  const bytes = tensors.reduce((sum, { values }) => sum + values.byteLength, header.length);
  const file = new Uint8Array(bytes);
  file.set(header);
  let position = header.length;
  for (const { values } of tensors) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
    position += values.byteLength;
  }
  return file;
}

/**
 * As the format says: the tensors cover the data without overlap and without a hole, so that what is returned has as
 * many bytes as the file.
 * @throws what `invalid` makes of it when the bytes are not a whole safetensors file of float32
 */
export function decodeSafetensors(file: Uint8Array, invalid: Invalid): Map<string, NamedTensor> {
  const length = headerLength(file.subarray(0, 8), file.byteLength, invalid);
  const dataStart = 8 + length;
  const text = Buffer.from(file.subarray(8, dataStart)).toString('utf8');
  const places = parseHeader(text, file.byteLength - dataStart, invalid);
  const other = places.find(({ type }) => type !== 'F32');
  if (other !== undefined) throw invalid(`tensor ${shown(other.name)} is of the type ${other.type}, not F32`);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape, start, end } of places) {
    const copy = new Uint8Array(end - start);
    copy.set(file.subarray(dataStart + start, dataStart + end));
    tensors.set(name, { name, shape, values: new Float32Array(copy.buffer) });
  }
  return tensors;
}

/** Bytes of the JSON header. @param beginning the first 8 bytes, fewer of a shorter file @param size of the file */
export function headerLength(beginning: Uint8Array, size: number, invalid: Invalid): number {
  if (beginning.byteLength < 8) throw invalid('the file is shorter than a safetensors header');
  const length = new DataView(beginning.buffer, beginning.byteOffset, 8).getBigUint64(0, true);
  if (length > LARGEST_HEADER || Number(length) + 8 > size) throw invalid('the header is torn');
  return Number(length);
}

/**
 * The tensors in the order of their data, which they fill without overlap and without a hole.
 * @param bytes of the data behind the header
 */
export function parseHeader(text: string, bytes: number, invalid: Invalid): TensorPlace[] {
  let header: unknown;
  try {
    header = parseJson(text);
  } catch (error) {
    throw invalid(`the header is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isRecord(header)) throw invalid('the header is JSON, but no object');
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw invalid('its __metadata__ are no texts');
  }
  const places = Object.entries(entries).map(([name, entry]): TensorPlace => {
    const place = placeOf(entry);
    if (typeof place === 'string') throw invalid(`tensor ${shown(name)} ${place}`);
    return { name, ...place };
  });
  places.sort((a, b) => a.start - b.start || a.end - b.end);
  requireTiling(places, bytes, invalid);
  return places;
}

/** @returns what is wrong with it */
function placeOf(entry: unknown): Omit<TensorPlace, 'name'> | string {
  if (!isRecord(entry)) return 'has no description';
  const { dtype: type, shape, data_offsets: offsets } = entry;
  if (!isElementType(type)) {
    const text = JSON.stringify(type) as string | undefined;
    return `is of the type ${text?.slice(0, 20) ?? 'undefined'}, not one of the format`;
  }
  if (!isCounts(shape) || shape.length > MAXIMUM_RANK) return 'has no shape';
  if (!isCounts(offsets) || offsets.length !== 2) return 'has no place in the file';
  const [start = 0, end = 0] = offsets;
  const elements = shape.reduce((product, side) => product * side, 1);
  // A product beyond 2^53 is rounded, but it is never the size of a file.
  if (end - start !== elements * ELEMENT_BYTES[type])
    return `has ${end - start} bytes for ${elements} numbers`;
  return { type, shape, start, end };
}

function isElementType(value: unknown): value is ElementType {
  return typeof value === 'string' && Object.hasOwn(ELEMENT_BYTES, value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((member) => Number.isSafeInteger(member) && member >= 0);
}

/** @param places sorted by their beginnings */
function requireTiling(places: readonly TensorPlace[], bytes: number, invalid: Invalid): void {
  let reached = 0;
  for (const { name, start, end } of places) {
    if (start < reached) throw invalid(`tensor ${shown(name)} overlaps with another one`);
    if (start > reached) throw invalid(`bytes ${reached} to ${start} of the data belong to no tensor`);
    if (end > bytes) throw invalid(`tensor ${shown(name)} does not fit the file`);
    reached = end;
  }
  if (reached !== bytes) throw invalid(`bytes ${reached} to ${bytes} of the data belong to no tensor`);
}

/** A name from a file, for a message. */
export function shown(name: string): string {
  return name.slice(0, 80);
}
