/**
 * Embeddings of the places of a square grid for another grid, as timm's `resample_abs_pos_embed` has them: bicubic
 * interpolation, widened by the factor of a reduction (PyTorch's `interpolate` with `antialias`).
 */

/** Keys' cubic convolution kernel (1981) with PyTorch's a = -1/2; 0 from a distance of 2 on. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** For each place of the new row, the first place of the old one that counts, and the weights from there on. */
function weightsOf(from: number, to: number): { first: number; weights: number[] }[] {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  return Array.from({ length: to }, (_, place) => {
    const centre = scale * (place + 0.5);
    const first = Math.max(0, Math.trunc(centre - 2 * widening + 0.5));
    const end = Math.min(from, Math.trunc(centre + 2 * widening + 0.5));
    const raw = Array.from({ length: end - first }, (_unused, index) =>
      cubic((first + index - centre + 0.5) / widening),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}

/**
 * @param places [from, from, width], row by row
 * @param grid sides of the old and the new grid, and the numbers of a place
 * @returns [to, to, width]
 */
export function resamplePlaces(
  places: Float32Array,
  { from, to, width }: { readonly from: number; readonly to: number; readonly width: number },
): Float32Array {
  if (from === to) return places;
  const filters = weightsOf(from, to);
  // Columns first, then rows; in float64 between them.
  const narrowed = new Float64Array(from * to * width);
  for (let row = 0; row < from; row++) {
    for (const [column, { first, weights }] of filters.entries()) {
      const target = (row * to + column) * width;
      for (const [index, weight] of weights.entries()) {
        const source = (row * from + first + index) * width;
        for (let k = 0; k < width; k++) narrowed[target + k]! += weight * places[source + k]!;
      }
    }
  }
  const result = new Float64Array(to * to * width);
  const line = to * width;
  for (const [row, { first, weights }] of filters.entries()) {
    for (const [index, weight] of weights.entries()) {
      const source = (first + index) * line;
      for (let k = 0; k < line; k++) result[row * line + k]! += weight * narrowed[source + k]!;
    }
  }
  return Float32Array.from(result);
}
