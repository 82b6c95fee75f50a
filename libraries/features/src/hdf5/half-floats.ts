/**
 * Whether floats of two bytes are IEEE half floats. HDF5 describes each type of floats by its fields, so that bfloat16 is a float of two
 * bytes as well; the library here does not say the fields, and a number of the one read as the other looks sensible and is wrong.
 * They are looked for in the bytes of the file: HDF5 does not compress descriptions of types.
 *
 * Source: HDF5 File Format Specification 3.0, IV.A.2.d, "Datatype message", class 1.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** Sign in bit 15, a reserved byte, size 2, bit offset 0, precision 16. */
const TWO_BYTES = Buffer.from([15, 0, 2, 0, 0, 0, 0, 0, 16, 0]);
/** What follows: the exponent's place and size, those of the fraction, and the exponent's bias. */
const HALF = Buffer.from([10, 5, 0, 10, 15, 0, 0, 0]);
/** Class and version, and byte order, come first. */
const BEFORE = 2;
const FLOAT_CLASS = 1;
const READ_BYTES = 2 ** 20;

/** @returns true when floats of two bytes are described in the file, and all as half floats */
export function hasHalfFloatsOnly(path: string): boolean {
  const whole = BEFORE + TWO_BYTES.length + HALF.length;
  const buffer = Buffer.alloc(READ_BYTES + whole);
  const file = openSync(path, 'r');
  try {
    let found = false;
    let kept = 0;
    for (;;) {
      const read = readSync(file, buffer, kept, READ_BYTES, null);
      const bytes = buffer.subarray(0, kept + read);
      for (const rest of descriptions(bytes)) {
        if (!rest.equals(HALF)) return false;
        found = true;
      }
      if (read === 0) return found;
      // One that lies across the border is found with the next part.
      kept = Math.min(whole - 1, bytes.length);
      bytes.copy(buffer, 0, bytes.length - kept);
    }
  } finally {
    closeSync(file);
  }
}

function* descriptions(bytes: Buffer): Generator<Buffer> {
  for (let at = bytes.indexOf(TWO_BYTES); at >= 0; at = bytes.indexOf(TWO_BYTES, at + 1)) {
    const start = at + TWO_BYTES.length;
    if (at < BEFORE || start + HALF.length > bytes.length) continue;
    if ((bytes[at - BEFORE]! & 15) === FLOAT_CLASS) yield bytes.subarray(start, start + HALF.length);
  }
}
