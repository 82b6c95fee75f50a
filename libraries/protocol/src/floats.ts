/** Floats as little-endian bytes, in chunks. Views where alignment allows, copies where it does not. */
import { endianness } from 'node:os';
import { publicText, WsiError } from '@wsi-operator/foundation';

/** Bytes of one chunk of bulk data: between 1 and 4 MiB gRPC's throughput in Node is flat. */
export const chunkBytes = 2 * 1024 * 1024;

/** Fails on a big-endian machine, where float views would not be the wire format. */
export function requireLittleEndian(): void {
  if (endianness() !== 'LE') {
    throw new WsiError(
      'Internal',
      publicText`this machine is big-endian; only little-endian machines are supported`,
    );
  }
}

export function bytesOf(values: Float32Array | Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

export function float32From(bytes: Uint8Array): Float32Array {
  checkSize(bytes, 4);
  return new Float32Array(copied(bytes));
}

export function float64From(bytes: Uint8Array): Float64Array {
  checkSize(bytes, 8);
  return new Float64Array(copied(bytes));
}

export function int32From(bytes: Uint8Array): Int32Array {
  checkSize(bytes, 4);
  return new Int32Array(copied(bytes));
}

/** Splits `values` into chunks of at most {@link chunkBytes}; offsets are in floats. */
export function* floatChunks(values: Float32Array): Generator<{ offset: number; data: Uint8Array }> {
  const floats = chunkBytes / 4;
  for (let offset = 0; offset < values.length; offset += floats) {
    const part = values.subarray(offset, Math.min(values.length, offset + floats));
    yield { offset, data: Buffer.from(part.buffer, part.byteOffset, part.byteLength) };
  }
}

/** Writes a chunk into `target` at `offset` floats; a chunk that does not fit is refused before anything is written. */
export function placeChunk(
  target: Float32Array,
  chunk: { offset: number; data: Uint8Array },
  peer: string,
): number {
  const floats = chunk.data.byteLength / 4;
  if (!Number.isInteger(floats) || chunk.offset + floats > target.length) {
    throw new WsiError(
      'InvalidArgument',
      publicText`chunk of ${chunk.data.byteLength} bytes at ${chunk.offset} does not fit`,
      {
        where: peer,
      },
    );
  }
  bytesOf(target).set(chunk.data, chunk.offset * 4);
  return floats;
}

function checkSize(bytes: Uint8Array, size: number): void {
  if (bytes.byteLength % size !== 0) {
    throw new WsiError(
      'InvalidArgument',
      publicText`${bytes.byteLength} bytes are not a whole number of ${size}-byte values`,
    );
  }
}

/** An own, aligned buffer: views into a received message keep the whole message alive and may be unaligned. */
function copied(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}
