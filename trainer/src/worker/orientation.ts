/**
 * Augmentation: every tile is turned and mirrored into one of the 8 symmetries of the square. Which one is a hash of
 * (seed, position), so both passes of a step, and any worker, see the same tile.
 */

/** @param tiles uint8 [n, size, size, 3]; returns a new array of the same shape */
export function orientTiles(
  tiles: Uint8Array,
  size: number,
  by: { readonly seed: number; readonly coordinates: Int32Array },
): Uint8Array {
  const bytes = size * size * 3;
  const result = new Uint8Array(tiles.length);
  for (let tile = 0; tile * bytes < tiles.length; tile++) {
    const symmetry = orientationOf(by.seed, by.coordinates[tile * 2]!, by.coordinates[tile * 2 + 1]!);
    const range = [tile * bytes, (tile + 1) * bytes] as const;
    orientTile(tiles.subarray(...range), result.subarray(...range), size, symmetry);
  }
  return result;
}

/** 0 to 7: bit 0 mirrors left-right, bit 1 mirrors top-bottom, bit 2 transposes (after the mirrors). */
export function orientationOf(seed: number, x: number, y: number): number {
  // Murmur3's finalizer over the three numbers.
  let hash = seed >>> 0;
  for (const value of [x, y]) {
    hash ^= value;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash & 7;
}

function orientTile(from: Uint8Array, to: Uint8Array, size: number, symmetry: number): void {
  const last = size - 1;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let [sourceX, sourceY] = (symmetry & 4) === 0 ? [x, y] : [y, x];
      if ((symmetry & 1) !== 0) sourceX = last - sourceX;
      if ((symmetry & 2) !== 0) sourceY = last - sourceY;
      const source = (sourceY * size + sourceX) * 3;
      const target = (y * size + x) * 3;
      to[target] = from[source]!;
      to[target + 1] = from[source + 1]!;
      to[target + 2] = from[source + 2]!;
    }
  }
}
