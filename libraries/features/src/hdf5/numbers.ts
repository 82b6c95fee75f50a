/** Numbers of a dataset from their little-endian bytes (pure). */

export type NumberType = 'float16' | 'float32' | 'float64' | 'int' | 'uint';

/** @param size bytes of a number @returns undefined for a type that holds no numbers that are read here */
export function numberType(type: number, size: number, signed: boolean): NumberType | undefined {
  if (type === 1) return size === 2 ? 'float16' : size === 4 ? 'float32' : size === 8 ? 'float64' : undefined;
  if (type !== 0 || ![1, 2, 4, 8].includes(size)) return undefined;
  return signed ? 'int' : 'uint';
}

/** Every float16 as a float32, by its bits. */
let halves: Float32Array | undefined;

function halfTable(): Float32Array {
  const table = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Infinity
            : NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = bits & 0x8000 ? -magnitude : magnitude;
  }
  return table;
}

/** A value that float32 cannot hold becomes infinite. */
export function toFloat32(bytes: Uint8Array<ArrayBuffer>, type: NumberType, size: number): Float32Array {
  if (type === 'float32') return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  if (type === 'float16') {
    halves ??= halfTable();
    const table = halves;
    const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
    const values = new Float32Array(bits.length);
    for (let index = 0; index < bits.length; index++) values[index] = table[bits[index]!]!;
    return values;
  }
  return Float32Array.from(toFloat64(bytes, type, size));
}

/** Integers beyond 2^53 are rounded: they are far beyond any coordinate. */
export function toFloat64(bytes: Uint8Array<ArrayBuffer>, type: NumberType, size: number): Float64Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const count = byteLength / size;
  if (type === 'float64') return new Float64Array(buffer, byteOffset, count);
  if (type === 'float32' || type === 'float16') return Float64Array.from(toFloat32(bytes, type, size));
  if (size === 8) {
    const Wide = type === 'int' ? BigInt64Array : BigUint64Array;
    return Float64Array.from(new Wide(buffer, byteOffset, count), Number);
  }
  const Narrow = {
    int: { 1: Int8Array, 2: Int16Array, 4: Int32Array },
    uint: { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array },
  }[type][size as 1 | 2 | 4];
  return Float64Array.from(new Narrow(buffer, byteOffset, count));
}

/** Index of the first number that is NaN or infinite, or -1. */
export function firstNotFinite(values: Float32Array | Float64Array): number {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    // Infinity - Infinity and NaN - NaN are NaN.
    if (value - value !== 0) return index;
  }
  return -1;
}

/** Counts rows that hold nothing but zeros. */
export class ZeroRows {
  readonly #size: number;
  all = 0;
  /** Of them, those after which no other row came. */
  last = 0;

  /** @param size numbers of a row */
  constructor(size: number) {
    this.#size = size;
  }

  /** @param rows whole ones, in order */
  count(rows: Float32Array): void {
    for (let row = 0; row < rows.length; row += this.#size) {
      const end = row + this.#size;
      let at = row;
      while (at < end && rows[at] === 0) at += 1;
      this.last = at < end ? 0 : this.last + 1;
      if (at === end) this.all += 1;
    }
  }
}
