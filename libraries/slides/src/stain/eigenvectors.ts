/** Eigenvectors of a symmetric 3 x 3 matrix, by Jacobi's rotations: no function whose last bit differs between machines. */
import type { Matrix3, Vector3 } from './density-map.ts';

const SWEEPS = 16;

/** Of the largest and the second largest eigenvalue, each of length 1 and with a sum of at least 0. */
export function eigenvectors(symmetric: Matrix3): [Vector3, Vector3] {
  const matrix = [...symmetric];
  const vectors = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    rotate(matrix, vectors, 0, 1);
    rotate(matrix, vectors, 0, 2);
    rotate(matrix, vectors, 1, 2);
  }
  const order = [0, 1, 2].toSorted((a, b) => matrix[b * 4]! - matrix[a * 4]!);
  return [column(vectors, order[0]!), column(vectors, order[1]!)];
}

/** Makes the entry at (p, q) zero. */
function rotate(matrix: number[], vectors: number[], p: number, q: number): void {
  const off = matrix[p * 3 + q]!;
  if (off === 0) return;
  const ratio = (matrix[q * 4]! - matrix[p * 4]!) / (2 * off);
  const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  turn(matrix, [p, q, 3], [cosine, sine]);
  turn(matrix, [p * 3, q * 3, 1], [cosine, sine]);
  turn(vectors, [p, q, 3], [cosine, sine]);
}

/** Two columns (or rows) that begin at `a` and `b`, with `step` from entry to entry. */
function turn(
  matrix: number[],
  [a, b, step]: [number, number, number],
  [cosine, sine]: [number, number],
): void {
  for (let entry = 0; entry < 3; entry++) {
    const [x, y] = [matrix[a + entry * step]!, matrix[b + entry * step]!];
    matrix[a + entry * step] = cosine * x - sine * y;
    matrix[b + entry * step] = sine * x + cosine * y;
  }
}

function column(vectors: readonly number[], index: number): Vector3 {
  const [x, y, z] = [vectors[index]!, vectors[3 + index]!, vectors[6 + index]!];
  return x + y + z < 0 ? [-x, -y, -z] : [x, y, z];
}
