/**
 * Sums of squares of float32 numbers without any rounding, so that they do not depend on order or division: the norm of a gradient
 * is the same bits however many servers hold it.
 *
 * The square of a float32 is m^2 2^(2 e) with m below 2^24. Squares of one exponent are added as whole numbers in two halves of
 * 24 bits; a float64 holds such a sum exactly for 2^29 numbers, more than a server has parameters.
 */
const EXPONENTS = 256;
const HALF = 2 ** 24;

/** The low halves by exponent, then the high ones: float64 [2 * 256]. */
export type ExactSquares = Float64Array;

export function noSquares(): ExactSquares {
  return new Float64Array(2 * EXPONENTS);
}

/** Adds the squares of finite numbers to `sums`. */
export function addSquares(sums: ExactSquares, values: Float32Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (const word of bits) {
    const exponent = (word >>> 23) & 255;
    // Subnormal numbers have the exponent of the smallest normal ones, and no leading one.
    const mantissa = exponent === 0 ? word & 0x7fffff : (word & 0x7fffff) | 0x800000;
    const square = mantissa * mantissa;
    const high = Math.floor(square / HALF);
    sums[exponent] = sums[exponent]! + (square - high * HALF);
    sums[EXPONENTS + exponent] = sums[EXPONENTS + exponent]! + high;
  }
}

/** The sums of two parts. */
export function joinSquares(left: ExactSquares, right: ExactSquares): ExactSquares {
  return left.map((value, index) => value + right[index]!);
}

/** The square root of the sum: one rounding to float64, then that of the root. NaN when a number was not finite. */
export function normOf(sums: ExactSquares): number {
  if (sums[EXPONENTS - 1]! + sums[2 * EXPONENTS - 1]! > 0) return Number.NaN;
  let total = 0n;
  for (let exponent = EXPONENTS - 2; exponent >= 0; exponent--) {
    const square = BigInt(sums[exponent]!) + BigInt(sums[EXPONENTS + exponent]!) * BigInt(HALF);
    // In units of 2^-298, the square of the smallest subnormal number.
    total += square << BigInt(2 * Math.max(0, exponent - 1));
  }
  // An even power of two is taken out, so that it fits: of the 128 bits that stay, the float64 takes 53.
  const shift = Math.max(0, total.toString(2).length - 128) & ~1;
  return Math.sqrt(Number(total >> BigInt(shift))) * 2 ** (shift / 2 - 149);
}
