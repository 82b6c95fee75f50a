/**
 * The pyramid of a picture that is painted tile by tile: pure geometry and box averaging. A tile of a level is made of
 * factor * factor reduced tiles of the level below, so only one row of reduced tiles a level is ever held.
 */

export interface LevelSize {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
}

/** Levels from the finest down to the first that fits into one tile; sizes are rounded down, as scanners do. */
export function levelSizes(
  width: number,
  height: number,
  { tileSize, levelFactor }: { readonly tileSize: number; readonly levelFactor: number },
): LevelSize[] {
  const levels: LevelSize[] = [];
  for (let scale = 1; ; scale *= levelFactor) {
    const level = {
      width: Math.max(1, Math.floor(width / scale)),
      height: Math.max(1, Math.floor(height / scale)),
    };
    levels.push({
      ...level,
      columns: Math.ceil(level.width / tileSize),
      rows: Math.ceil(level.height / tileSize),
    });
    if (Math.max(level.width, level.height) <= tileSize) return levels;
  }
}

/** Means of factor x factor boxes of a square RGB tile, rounded to nearest: side * side * 3 to (side/factor)^2 * 3 bytes. */
export function reduceTile(pixels: Uint8Array, side: number, factor: number): Uint8Array {
  return factor === 2 ? halveTile(pixels, side) : reduceTileBy(pixels, side, factor);
}

/** The common case without inner loops: it runs over every pixel of every slide. */
function halveTile(pixels: Uint8Array, side: number): Uint8Array {
  const half = side / 2;
  const result = new Uint8Array(half * half * 3);
  const row = side * 3;
  let to = 0;
  for (let y = 0; y < half; y++) {
    let from = 2 * y * row;
    for (let x = 0; x < half; x++, from += 6, to += 3) {
      const below = from + row;
      for (let channel = 0; channel < 3; channel++) {
        const above = (pixels[from + channel] ?? 0) + (pixels[from + 3 + channel] ?? 0);
        result[to + channel] =
          (above + (pixels[below + channel] ?? 0) + (pixels[below + 3 + channel] ?? 0) + 2) >> 2;
      }
    }
  }
  return result;
}

function reduceTileBy(pixels: Uint8Array, side: number, factor: number): Uint8Array {
  const small = side / factor;
  const sums = new Uint32Array(small * small * 3);
  for (let y = 0; y < side; y++) {
    const target = Math.floor(y / factor) * small * 3;
    for (let x = 0; x < side; x++) {
      const from = (y * side + x) * 3;
      const to = target + Math.floor(x / factor) * 3;
      for (let channel = 0; channel < 3; channel++) {
        sums[to + channel] = (sums[to + channel] ?? 0) + (pixels[from + channel] ?? 0);
      }
    }
  }
  const area = factor * factor;
  return Uint8Array.from(sums, (sum) => Math.floor((sum + area / 2) / area));
}

/** A tile of side * side * 3 bytes from its factor * factor reduced children, row by row; white where there is none. */
export function assembleTile(
  children: readonly (Uint8Array | undefined)[],
  side: number,
  factor: number,
): Uint8Array {
  const part = side / factor;
  const tile = new Uint8Array(side * side * 3).fill(255);
  for (const [index, child] of children.entries()) {
    if (child === undefined) continue;
    const left = (index % factor) * part;
    const top = Math.floor(index / factor) * part;
    for (let y = 0; y < part; y++) {
      tile.set(child.subarray(y * part * 3, (y + 1) * part * 3), ((top + y) * side + left) * 3);
    }
  }
  return tile;
}
