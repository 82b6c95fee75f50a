/**
 * The safetensors format (https://github.com/huggingface/safetensors): an 8-byte little-endian header length, a JSON
 * header {name: {dtype, shape, data_offsets}}, then the raw little-endian data. Only float32 (F32) is written and
 * read here. Loads in Python with `safetensors.torch.load_file`.
 */
import { WsiError } from '@wsi/foundation';
import { bytesOf } from '@wsi/protocol';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A header larger than this is not ours; checked before anything is allocated. */
const maximumHeaderBytes = 16 * 1024 * 1024;

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

/** @throws WsiError `CheckpointInvalid` naming `path` when the bytes are not a whole safetensors file of float32 */
export function decodeSafetensors(file: Uint8Array, path: string): Map<string, NamedTensor> {
  const invalid = (problem: string): WsiError =>
    new WsiError('CheckpointInvalid', problem, { where: path, remedy: 'Use an earlier checkpoint.' });
  if (file.byteLength < 8) throw invalid('the file is shorter than a safetensors header');
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > maximumHeaderBytes || Number(length) + 8 > file.byteLength)
    throw invalid('the header is torn');
  const dataStart = 8 + Number(length);
  const header = parseHeader(Buffer.from(file.subarray(8, dataStart)).toString('utf8'), invalid);
  const tensors = new Map<string, NamedTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [start, end] = entry.data_offsets;
    const elements = entry.shape.reduce((product, side) => product * side, 1);
    if (
      entry.dtype !== 'F32' ||
      end - start !== elements * 4 ||
      dataStart + end > file.byteLength ||
      start < 0
    ) {
      throw invalid(`tensor ${name} does not fit the file`);
    }
    const copy = new Uint8Array(end - start);
    copy.set(file.subarray(dataStart + start, dataStart + end));
    tensors.set(name, { name, shape: entry.shape, values: new Float32Array(copy.buffer) });
  }
  return tensors;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

function parseHeader(text: string, invalid: (problem: string) => WsiError): Record<string, HeaderEntry> {
  try {
    return JSON.parse(text) as Record<string, HeaderEntry>;
  } catch {
    throw invalid('the header is not JSON');
  }
}
