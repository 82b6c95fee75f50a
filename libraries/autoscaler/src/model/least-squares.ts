/**
 * Non-negative least squares: min |A x - b| over x >= 0, by the active-set algorithm of Lawson & Hanson (Solving Least
 * Squares Problems, 1974, ch. 23). Problems here have a handful of unknowns, so the normal equations of the passive set
 * are solved by elimination, on columns scaled to unit norm.
 */

export interface LeastSquares {
  /** [n], all >= 0 */
  readonly solution: readonly number[];
  /** |A x - b|^2 */
  readonly residual: number;
  /** Indices of the unknowns that are not held at zero. */
  readonly passive: readonly number[];
  /** Inverse of (A'A) on the passive unknowns, [n x n]; zero elsewhere. */
  readonly inverse: readonly (readonly number[])[];
}

/** Smaller than this share of the largest gradient, a descent direction is rounding. */
const TOLERANCE = 1e-10;

/**
 * @param rows A, [m x n]
 * @param targets b, [m]
 * @throws RangeError when the shapes differ or a value is not finite
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
): LeastSquares {
  const unknowns = rows[0]?.length ?? 0;
  check(rows, targets, unknowns);
  const scale = columnNorms(rows, unknowns);
  const gram = matrix(unknowns, (i, j) => sum(rows, (row) => (row[i]! / scale[i]!) * (row[j]! / scale[j]!)));
  const moments = vector(unknowns, (i) => sum(rows, (row, at) => (row[i]! / scale[i]!) * targets[at]!));
  const scaled = activeSet(gram, moments);
  const solution = scaled.solution.map((value, i) => value / scale[i]!);
  const residual = sum(rows, (row, at) => (dot(row, solution) - targets[at]!) ** 2);
  const within = invert(gram, scaled.passive);
  const inverse = matrix(unknowns, (i, j) => within[i]![j]! / (scale[i]! * scale[j]!));
  return { solution, residual, passive: scaled.passive, inverse };
}

function activeSet(
  gram: readonly (readonly number[])[],
  moments: readonly number[],
): { solution: number[]; passive: number[] } {
  const unknowns = moments.length;
  let solution = vector(unknowns, () => 0);
  const passive = new Set<number>();
  const limit = TOLERANCE * Math.max(1e-300, ...moments.map(Math.abs));
  // Each outer round lowers the residual strictly, so no set comes twice; the bound only guards against rounding.
  for (let round = 0; round < 3 * unknowns + 10; round += 1) {
    const gradient = vector(unknowns, (i) => moments[i]! - dot(gram[i]!, solution));
    const entering = argmax(gradient, (i) => !passive.has(i));
    if (entering === undefined || gradient[entering]! <= limit) break;
    passive.add(entering);
    const before = solution;
    solution = descend(gram, moments, passive, solution);
    // The one that was let in left at once: rounding. It is not let in again.
    if (!passive.has(entering) && sameValues(before, solution)) break;
  }
  return { solution, passive: [...passive].sort((a, b) => a - b) };
}

/** Moves to the least squares solution of the passive set, dropping those that would become negative on the way. */
function descend(
  gram: readonly (readonly number[])[],
  moments: readonly number[],
  passive: Set<number>,
  from: readonly number[],
): number[] {
  let current = [...from];
  for (;;) {
    const target = solve(gram, moments, [...passive]);
    const leaving = [...passive].filter((i) => target[i]! <= 0);
    if (leaving.length === 0) return target;
    const step = Math.min(
      ...leaving.map((i) => (current[i]! === target[i]! ? 0 : current[i]! / (current[i]! - target[i]!))),
    );
    current = current.map((value, i) => value + step * (target[i]! - value));
    for (const i of leaving) {
      if (current[i]! <= 1e-14) {
        current[i] = 0;
        passive.delete(i);
      }
    }
    if (passive.size === 0) return current.map(() => 0);
  }
}

/** The passive part of the normal equations; zero elsewhere. */
function solve(
  gram: readonly (readonly number[])[],
  moments: readonly number[],
  passive: readonly number[],
): number[] {
  const inverse = invert(gram, passive);
  return moments.map((_, i) => dot(inverse[i]!, moments));
}

/** Gauss-Jordan with partial pivoting on the passive unknowns; columns that depend on others give a zero row. */
function invert(gram: readonly (readonly number[])[], passive: readonly number[]): number[][] {
  const size = passive.length;
  const work = matrix(size, (i, j) => gram[passive[i]!]![passive[j]!]!, 2 * size);
  for (let i = 0; i < size; i += 1) work[i]![size + i] = 1;
  const pivotOf: (number | undefined)[] = [];
  let used = 0;
  for (let column = 0; column < size; column += 1) {
    let best = used;
    for (let row = used; row < size; row += 1) {
      if (Math.abs(work[row]![column]!) > Math.abs(work[best]![column]!)) best = row;
    }
    // Columns have unit norm: what is left of a dependent one is rounding.
    if (used >= size || Math.abs(work[best]![column]!) < 1e-12) {
      pivotOf.push(undefined);
      continue;
    }
    [work[used], work[best]] = [work[best]!, work[used]!];
    const pivot = work[used]![column]!;
    work[used] = work[used]!.map((value) => value / pivot);
    for (let row = 0; row < size; row += 1) {
      const factor = work[row]![column]!;
      if (row === used || factor === 0) continue;
      work[row] = work[row]!.map((value, at) => value - factor * work[used]![at]!);
    }
    pivotOf.push(used);
    used += 1;
  }
  const inverse = matrix(gram.length, () => 0);
  passive.forEach((unknown, column) => {
    const row = pivotOf[column];
    if (row === undefined) return;
    passive.forEach((other, at) => {
      inverse[unknown]![other] = pivotOf[at] === undefined ? 0 : work[row]![size + at]!;
    });
  });
  return inverse;
}

function check(rows: readonly (readonly number[])[], targets: readonly number[], unknowns: number): void {
  if (rows.length !== targets.length) throw new RangeError(`${rows.length} rows, ${targets.length} targets`);
  for (const row of rows) {
    if (row.length !== unknowns) throw new RangeError(`a row of ${row.length} among rows of ${unknowns}`);
  }
  if (!rows.flat().every(Number.isFinite) || !targets.every(Number.isFinite)) {
    throw new RangeError('rows and targets must be finite numbers');
  }
}

function columnNorms(rows: readonly (readonly number[])[], unknowns: number): number[] {
  return vector(unknowns, (i) => Math.sqrt(sum(rows, (row) => row[i]! ** 2)) || 1);
}

function vector(size: number, value: (i: number) => number): number[] {
  return Array.from({ length: size }, (_, i) => value(i));
}

function matrix(size: number, value: (i: number, j: number) => number, width = size): number[][] {
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: width }, (_unused, j) => (j < size ? value(i, j) : 0)),
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, i) => total + value * b[i]!, 0);
}

function sum<Item>(items: readonly Item[], value: (item: Item, at: number) => number): number {
  return items.reduce((total, item, at) => total + value(item, at), 0);
}

function argmax(values: readonly number[], allowed: (i: number) => boolean): number | undefined {
  let best: number | undefined;
  values.forEach((value, i) => {
    if (allowed(i) && (best === undefined || value > values[best]!)) best = i;
  });
  return best;
}

function sameValues(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value === b[i]);
}
