/** Tail probabilities of the normal and chi-squared distributions, through the regularised incomplete gamma function. */

const SERIES_LIMIT = 10_000;
const PRECISION = 1e-16;

/** P(X > x) for X chi-squared with `degrees` degrees of freedom. */
export function chiSquaredTail(x: number, degrees: number): number {
  return x <= 0 ? 1 : upperGamma(degrees / 2, x / 2);
}

/** P(Z <= z) for Z standard normal. */
export function normalCdf(z: number): number {
  const tail = z === 0 ? 0.5 : upperGamma(0.5, (z * z) / 2) / 2;
  return z > 0 ? 1 - tail : tail;
}

/** The z with P(Z <= z) = probability, by Newton's method; +-Infinity at 1 and 0. */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    if (probability === 0 || probability === 1) return probability === 1 ? Infinity : -Infinity;
    throw new RangeError(`A probability lies in [0, 1]: ${probability}`);
  }
  // The lower tail keeps its digits; the upper one is its mirror image.
  if (probability > 0.5) return -normalQuantile(1 - probability);
  // From outside the root Newton's steps on log(cdf), which is concave, never overshoot.
  let z = -Math.sqrt(-2 * Math.log(probability));
  for (let iteration = 0; iteration < 60; iteration++) {
    const cdf = normalCdf(z);
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const step = (cdf / density) * Math.log(cdf / probability);
    z -= step;
    if (Math.abs(step) < 1e-14 * Math.max(1, Math.abs(z))) break;
  }
  return z;
}

/**
 * Q(a, x) = Gamma(a, x) / Gamma(a), for a > 0 and x > 0: the power series of P below a + 1, Lentz's continued
 * fraction above (Press et al., Numerical Recipes, section 6.2).
 */
function upperGamma(a: number, x: number): number {
  if (x === Infinity) return 0;
  const factor = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - factor * lowerSeries(a, x) : factor * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < SERIES_LIMIT; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * PRECISION) break;
  }
  return sum;
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let result = d;
  for (let n = 1; n < SERIES_LIMIT; n++) {
    const numerator = n * (a - n);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    const change = c * d;
    result *= change;
    if (Math.abs(change - 1) < PRECISION) break;
  }
  return result;
}

/** log Gamma(x) for x > 0: Lanczos' approximation, g = 7, 9 terms. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  let sum = 0.99999999999980993;
  LANCZOS.forEach((coefficient, index) => (sum += coefficient / (shifted + index + 1)));
  const base = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
