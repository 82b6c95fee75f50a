/**
 * Where the tissue of a synthetic slide is: a few lobed ellipses, as a signed distance sampled on a coarse lattice and
 * interpolated between. Because interpolation never leaves the range of its corners, whole tiles are known to be
 * glass or tissue from the lattice alone, which is what makes huge slides cheap.
 */
import type { RandomStream } from '@wsi-operator/foundation';

// Bound once: these run for every pixel, and under the test runner a look-up of a global is slow.
const { PI, atan2, ceil, floor, hypot, max, min, sqrt } = Math;

/** Pixels between lattice points; the tiles of a slide's file are a multiple of it. */
export const PITCH = 32;
/** Pixels over which tissue fades into glass. */
export const EDGE = 4;

export interface TissueShape {
  readonly width: number;
  readonly height: number;
  readonly blobs: readonly Blob[];
}

export interface Blob {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly angle: number;
  /** Waves along the edge: how many, how high (a fraction of the radius), where they start. */
  readonly lobes: readonly { readonly count: number; readonly height: number; readonly phase: number }[];
}

/** One main piece of tissue that covers about `coverage` of the slide, and up to three crumbs. */
export function planTissue(
  width: number,
  height: number,
  coverage: number,
  random: RandomStream,
): TissueShape {
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  const blob = (x: number, y: number, scale: number): Blob => ({
    x: x * width,
    y: y * height,
    radiusX: scale * width * between(0.92, 1.08),
    radiusY: scale * height * between(0.92, 1.08),
    angle: between(-0.25, 0.25),
    lobes: [2, 3, 5, 9].map((count) => ({
      count,
      height: between(0.01, 0.16 / sqrt(count + 2)),
      phase: between(0, 2 * PI),
    })),
  });
  const main = blob(between(0.45, 0.55), between(0.45, 0.55), sqrt(coverage / PI));
  const crumbs = Array.from({ length: random.integer(4) }, () =>
    blob(between(0.05, 0.95), between(0.05, 0.95), sqrt(coverage) * between(0.03, 0.1)),
  );
  return { width, height, blobs: [main, ...crumbs] };
}

/** The same pieces, each larger about its centre. */
export function grownTissue(shape: TissueShape, factor: number): TissueShape {
  const grown = ({ radiusX, radiusY }: Blob): { radiusX: number; radiusY: number } => ({
    radiusX: radiusX * factor,
    radiusY: radiusY * factor,
  });
  return { ...shape, blobs: shape.blobs.map((blob) => ({ ...blob, ...grown(blob) })) };
}

export class TissueMap {
  readonly #columns: number;
  readonly #rows: number;
  /** Pixels from the edge of the tissue, about; positive inside. */
  readonly #lattice: Float32Array;

  constructor(shape: TissueShape, margin: number) {
    // Tiles reach past the slide's edge, and so must the lattice.
    this.#columns = ceil((shape.width + margin) / PITCH) + 2;
    this.#rows = ceil((shape.height + margin) / PITCH) + 2;
    this.#lattice = new Float32Array(this.#columns * this.#rows).fill(-1e6);
    for (const blob of shape.blobs) this.#addBlob(blob);
  }

  #addBlob(blob: Blob): void {
    const reach = 1.5 * hypot(blob.radiusX, blob.radiusY);
    const first = (centre: number): number => max(0, floor((centre - reach) / PITCH));
    const lastRow = min(this.#rows - 1, ceil((blob.y + reach) / PITCH));
    const lastColumn = min(this.#columns - 1, ceil((blob.x + reach) / PITCH));
    for (let row = first(blob.y); row <= lastRow; row++) {
      for (let column = first(blob.x); column <= lastColumn; column++) {
        const at = row * this.#columns + column;
        const distance = blobDistance(blob, column * PITCH, row * PITCH);
        if (distance > (this.#lattice[at] ?? 0)) this.#lattice[at] = distance;
      }
    }
  }

  /** What a rectangle holds: nothing but glass, nothing but tissue, or some of both. */
  classify(x: number, y: number, width: number, height: number): 'glass' | 'tissue' | 'edge' {
    const right = ceil((x + width - 1) / PITCH);
    const bottom = ceil((y + height - 1) / PITCH);
    let glass = true;
    let tissue = true;
    for (let row = floor(y / PITCH); row <= bottom; row++) {
      for (let column = floor(x / PITCH); column <= right; column++) {
        const value = this.#lattice[row * this.#columns + column] ?? -1e6;
        glass &&= value <= 0;
        tissue &&= value >= EDGE;
        if (!glass && !tissue) return 'edge';
      }
    }
    return glass ? 'glass' : 'tissue';
  }

  /** How much of the pixel is tissue, 0 to 1. */
  opacity(x: number, y: number): number {
    const column = floor(x / PITCH);
    const row = floor(y / PITCH);
    const at = row * this.#columns + column;
    const fx = x / PITCH - column;
    const fy = y / PITCH - row;
    const value = (index: number): number => this.#lattice[index] ?? -1e6;
    const above = value(at) * (1 - fx) + value(at + 1) * fx;
    const below = value(at + this.#columns) * (1 - fx) + value(at + this.#columns + 1) * fx;
    return min(1, max(0, (above * (1 - fy) + below * fy) / EDGE));
  }
}

function blobDistance(blob: Blob, x: number, y: number): number {
  const cos = Math.cos(blob.angle);
  const sin = Math.sin(blob.angle);
  // Rotation in the ellipse's own scale, so that a wide slide does not tip its tissue over the edge.
  const u = (x - blob.x) / blob.radiusX;
  const v = (y - blob.y) / blob.radiusY;
  const along = u * cos + v * sin;
  const across = v * cos - u * sin;
  const radius = hypot(along, across);
  const bearing = atan2(across, along);
  let edge = 1;
  for (const { count, height, phase } of blob.lobes) edge += height * Math.sin(count * bearing + phase);
  return (edge - radius) * min(blob.radiusX, blob.radiusY);
}
