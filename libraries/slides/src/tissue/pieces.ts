/** Connected parts of a picture of labels, and their shapes. */

export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface Piece {
  /** The value that its pixels have. */
  readonly value: number;
  readonly pixels: number;
  /** The bounding box, right and bottom not inside. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Half of its greatest width: the largest distance to what is outside, over rows, columns and diagonals. */
  readonly halfWidth: number;
  /** Sums that give the spread along its axes. */
  readonly moments: Moments;
}

interface Moments {
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

export interface Pieces {
  readonly list: readonly Piece[];
  /** The piece of each pixel, -1 for those of value 0. */
  readonly pieceOf: Int32Array;
}

/** Parts of equal values other than 0, connected over edges, in the order of their first pixels. */
export function piecesOf(plane: Plane): Pieces {
  const distance = distances(plane);
  const list: Piece[] = [];
  const pieceOf = eachConnected(plane, (value, members) => {
    list.push(shapeOf(value, members, plane.width, distance));
  });
  return { list, pieceOf };
}

/**
 * Finds the connected parts without their shapes.
 * @param found called with a part's value and its pixels, which are only lent
 * @returns the part of each pixel, -1 for those of value 0
 */
export function eachConnected(
  { width, height, data }: Plane,
  found: (value: number, members: Int32Array) => void,
): Int32Array {
  const partOf = new Int32Array(data.length).fill(-1);
  const queue = new Int32Array(data.length);
  const last = width * (height - 1);
  let [value, part, count] = [0, 0, 0];
  const take = (pixel: number): void => {
    if (data[pixel] !== value || partOf[pixel] !== -1) return;
    partOf[pixel] = part;
    queue[count++] = pixel;
  };
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || partOf[start] !== -1) continue;
    value = data[start]!;
    count = 0;
    take(start);
    for (let next = 0; next < count; next++) {
      const pixel = queue[next]!;
      const column = pixel % width;
      if (column > 0) take(pixel - 1);
      if (column < width - 1) take(pixel + 1);
      if (pixel >= width) take(pixel - width);
      if (pixel < last) take(pixel + width);
    }
    found(value, queue.subarray(0, count));
    part++;
  }
  return partOf;
}

function shapeOf(value: number, members: Int32Array, width: number, distance: Uint16Array): Piece {
  let left = Infinity;
  let right = -1;
  let halfWidth = 0;
  let [x, y, xx, xy, yy] = [0, 0, 0, 0, 0];
  let top = Infinity;
  let bottom = -1;
  for (const pixel of members) {
    const column = pixel % width;
    const row = (pixel - column) / width;
    if (column < left) left = column;
    if (column > right) right = column;
    if (row < top) top = row;
    if (row > bottom) bottom = row;
    if (distance[pixel]! > halfWidth) halfWidth = distance[pixel]!;
    x += column;
    y += row;
    xx += column * column;
    xy += column * row;
    yy += row * row;
  }
  const n = members.length;
  return {
    value,
    pixels: n,
    ...{ left, top, right: right + 1, bottom: bottom + 1 },
    // What reaches over the whole picture has no edge to measure from.
    halfWidth: Math.min(halfWidth - 0.5, Math.max(right - left + 1, bottom - top + 1) / 2),
    moments: { x: x / n, y: y / n, xx: xx / n, xy: xy / n, yy: yy / n },
  };
}

/** How many times as long as wide a strip of the piece's area and width is; about 0.8 for a disc. */
export function elongation({ pixels, halfWidth }: Piece): number {
  return pixels / (2 * halfWidth) ** 2;
}

/** Standard deviations along the longest and the shortest axis, in pixels. */
export function spread({ moments: { x, y, xx, xy, yy } }: Piece): { long: number; short: number } {
  const [a, b, c] = [xx - x * x, xy - x * y, yy - y * y];
  const mean = (a + c) / 2;
  const root = Math.sqrt(((a - c) / 2) ** 2 + b * b);
  return { long: Math.sqrt(Math.max(0, mean + root)), short: Math.sqrt(Math.max(0, mean - root)) };
}

/** To the nearest pixel of another value, over rows, columns and diagonals; 1 at an edge. The border is no edge. */
export function distances({ width, height, data }: Plane): Uint16Array {
  const far = 65534;
  // A margin of one pixel that is no edge: every pixel then has eight neighbours.
  const stride = width + 2;
  const padded = new Uint16Array(stride * (height + 2)).fill(far);
  const distance = new Uint16Array(data.length);
  const sweep = (pixel: number, at: number, way: 1 | -1): void => {
    const value = data[pixel]!;
    const x = pixel % width;
    const edge =
      (x > 0 && data[pixel - 1] !== value) ||
      (x < width - 1 && data[pixel + 1] !== value) ||
      isRowEdge(data, pixel, x, width);
    if (edge) {
      padded[at] = 1;
      return;
    }
    const nearest = Math.min(
      padded[at - way]!,
      padded[at - way * stride]!,
      padded[at - way * stride - 1]!,
      padded[at - way * stride + 1]!,
    );
    padded[at] = Math.min(padded[at]!, nearest + 1, far);
  };
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      if (data[pixel] !== 0) sweep(pixel, (y + 1) * stride + x + 1, 1);
    }
  }
  for (let y = height - 1, pixel = data.length - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--, pixel--) {
      if (data[pixel] === 0) continue;
      const at = (y + 1) * stride + x + 1;
      sweep(pixel, at, -1);
      distance[pixel] = padded[at]!;
    }
  }
  return distance;
}

/** Whether one of the three neighbours above or below has another value. */
function isRowEdge(data: Uint8Array, pixel: number, x: number, width: number): boolean {
  const value = data[pixel]!;
  for (const row of [pixel - width, pixel + width]) {
    if (row < 0 || row >= data.length) continue;
    if (data[row] !== value) return true;
    if (x > 0 && data[row - 1] !== value) return true;
    if (x < width - 1 && data[row + 1] !== value) return true;
  }
  return false;
}
