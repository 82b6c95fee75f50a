/** N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9(1), 1979. */

/**
 * The value that separates a histogram into two classes with the greatest variance between them.
 * @param histogram counts of the values 0, 1, 2...
 * @returns the last value of the lower class; -1 when all values are the same
 */
export function otsuThreshold(histogram: ArrayLike<number>): number {
  let total = 0;
  let sum = 0;
  for (let value = 0; value < histogram.length; value++) {
    total += histogram[value]!;
    sum += value * histogram[value]!;
  }
  let best = 0;
  let threshold = -1;
  let below = 0;
  let sumBelow = 0;
  for (let value = 0; value < histogram.length - 1; value++) {
    below += histogram[value]!;
    sumBelow += value * histogram[value]!;
    const above = total - below;
    if (below === 0 || above === 0) continue;
    const distance = sumBelow / below - (sum - sumBelow) / above;
    const between = below * above * distance * distance;
    if (between > best) {
      best = between;
      threshold = value;
    }
  }
  return threshold;
}
