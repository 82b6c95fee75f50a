/**
 * Functions whose last bit ECMAScript leaves to the machine (`Math.exp`, `Math.cos`), from sums, products and quotients,
 * which IEEE 754 rounds alike everywhere.
 */

/** Of an angle in turns, -1 to 1; to about 1e-15. */
export function turn(turns: number): { readonly cosine: number; readonly sine: number } {
  const angle = turns * 6.283185307179586;
  // Taylor's series: the 40th power of 2 pi divided by 40! is below 1e-15.
  let [cosine, sine, term] = [0, 0, 1];
  for (let power = 0; power < 40; power += 2) {
    cosine += term;
    term *= angle / (power + 1);
    sine += term;
    term *= -angle / (power + 2);
  }
  return { cosine, sine };
}

/** e^-x for x >= 0; relative error about 1e-13, and 0 beyond 40. */
export function exponentialDecay(x: number): number {
  if (x > 40) return 0;
  const part = -x / 1024;
  let [sum, term] = [0, 1];
  for (let power = 1; power <= 16; power++) {
    sum += term;
    term *= part / power;
  }
  // To the 1024th power.
  for (let squaring = 0; squaring < 10; squaring++) sum *= sum;
  return sum;
}
