/**
 * The safetensors format (https://github.com/huggingface/safetensors): an 8-byte little-endian header length, a JSON
 * header {name: {dtype, shape, data_offsets}}, then the raw little-endian data. Only float32 (F32) is written and
 * read here. Loads in Python with `safetensors.torch.load_file`.
 */
import { isRecord, parseJson, publicText, WsiError } from '@wsi-operator/foundation';
import { bytesOf } from '@wsi-operator/protocol';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A header larger than this is not ours; checked before anything is allocated. */
const maximumHeaderBytes = 16 * 1024 * 1024;
const maximumRank = 8;

export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Record<string, string>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  // The data starts at a multiple of 8, so that readers can map it.
  const headerBytes = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(headerBytes);
  const file = new Uint8Array(8 + headerBytes.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes.length), true);
  file.set(headerBytes, 8);
  let position = 8 + headerBytes.length;
  for (const { values } of tensors) {
    file.set(bytesOf(values), position);
    position += values.byteLength;
  }
  return file;
}

/**
 * As the format says: the tensors cover the data without overlap and without a hole, so that what is returned has as
 * many bytes as the file.
 * @throws WsiError `CheckpointInvalid` naming `path` when the bytes are not a whole safetensors file of float32
 */
export function decodeSafetensors(file: Uint8Array, path: string): Map<string, NamedTensor> {
  const invalid = (problem: string): WsiError =>
    new WsiError('CheckpointInvalid', problem, {
      where: path,
      remedy: publicText`Use an earlier checkpoint.`,
    });
  if (file.byteLength < 8) throw invalid('the file is shorter than a safetensors header');
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > maximumHeaderBytes || Number(length) + 8 > file.byteLength)
    throw invalid('the header is torn');
  const dataStart = 8 + Number(length);
  const places = parseHeader(Buffer.from(file.subarray(8, dataStart)).toString('utf8'), invalid);
  requireTiling(places, file.byteLength - dataStart, invalid);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape, start, end } of places) {
    const copy = new Uint8Array(end - start);
    copy.set(file.subarray(dataStart + start, dataStart + end));
    tensors.set(name, { name, shape, values: new Float32Array(copy.buffer) });
  }
  return tensors;
}

interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  /** Bytes from the beginning of the data. */
  readonly start: number;
  readonly end: number;
}

type Invalid = (problem: string) => WsiError;

/** In the header's order. */
function parseHeader(text: string, invalid: Invalid): Place[] {
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
  return Object.entries(entries).map(([name, entry]) => {
    const place = placeOf(entry);
    if (typeof place === 'string') throw invalid(`tensor ${name.slice(0, 80)} ${place}`);
    return { name, ...place };
  });
}

/** @returns what is wrong with it */
function placeOf(entry: unknown): Omit<Place, 'name'> | string {
  if (!isRecord(entry)) return 'has no description';
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== 'F32')
    return `is of the type ${(JSON.stringify(dtype) as string | undefined)?.slice(0, 20) ?? 'undefined'}, not F32`;
  if (!isCounts(shape) || shape.length > maximumRank) return 'has no shape';
  if (!isCounts(offsets) || offsets.length !== 2) return 'has no place in the file';
  const [start = 0, end = 0] = offsets;
  const elements = shape.reduce((product, side) => product * side, 1);
  // A product beyond 2^53 is rounded, but it is never the size of a file.
  if (end - start !== elements * 4) return `has ${end - start} bytes for ${elements} numbers`;
  return { shape, start, end };
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((member) => Number.isSafeInteger(member) && member >= 0);
}

function requireTiling(places: readonly Place[], bytes: number, invalid: Invalid): void {
  let reached = 0;
  for (const { name, start, end } of [...places].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const shown = name.slice(0, 80);
    if (start < reached) throw invalid(`tensor ${shown} overlaps with another one`);
    if (start > reached) throw invalid(`bytes ${reached} to ${start} of the data belong to no tensor`);
    if (end > bytes) throw invalid(`tensor ${shown} does not fit the file`);
    reached = end;
  }
  if (reached !== bytes) throw invalid(`bytes ${reached} to ${bytes} of the data belong to no tensor`);
}
