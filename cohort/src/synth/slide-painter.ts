/** The pixels of one synthetic slide: glass, tissue, and the motifs on it, painted tile by tile in any order. */
import { RandomStream } from '@wsi/foundation';
import type { SourceTile, TileSource } from '../tiff/tiff-writer.ts';
import { blend, drawEllipse, type Ellipse, type Rgb } from './ellipse.ts';
import { type Motif, motifEllipses } from './motif.ts';
import type { Texture } from './texture.ts';
import { TissueMap, type TissueShape } from './tissue.ts';

export const GLASS: Rgb = [244, 243, 245];

export interface SlidePlan {
  readonly shape: TissueShape;
  readonly motifs: readonly Motif[];
  /** Seeds what differs within the plan: how each motif is drawn. */
  readonly seed: number;
  /** Where the texture starts, in its own pixels. */
  readonly phase: { readonly x: number; readonly y: number };
  /** Strength of the stain: each channel's distance from white is multiplied by this. */
  readonly stain: Rgb;
}

/** @param tileSize tiles of the texture repeat exactly when it divides the texture's size */
export function paintSlide(plan: SlidePlan, texture: Texture, tileSize: number): TileSource {
  const { width, height } = plan.shape;
  const map = new TissueMap(plan.shape, tileSize);
  const stained = stain(texture, plan.stain);
  const nuclei = motifsByTile(plan, tileSize);
  const wrap = (position: number): number => position % texture.size;
  return {
    width,
    height,
    tile(column, row): SourceTile {
      const x = column * tileSize;
      const y = row * tileSize;
      const kind = map.classify(x, y, tileSize, tileSize);
      if (kind === 'glass') return { key: 'glass', paint: () => glassTile(tileSize) };
      const from = { x: wrap(plan.phase.x + x), y: wrap(plan.phase.y + y) };
      const drawn = nuclei.get(`${column},${row}`);
      return {
        key: kind === 'tissue' && drawn === undefined ? `tissue ${from.x},${from.y}` : undefined,
        paint: () => {
          const data = cutTexture(stained, from, tileSize);
          if (kind === 'edge') fadeIntoGlass(data, map, { x, y, tileSize });
          const canvas = { width: tileSize, height: tileSize, data };
          for (const ellipse of drawn ?? []) {
            drawEllipse(canvas, { ...ellipse, x: ellipse.x - x, y: ellipse.y - y });
          }
          return data;
        },
      };
    },
  };
}

function stain(texture: Texture, strength: Rgb): Texture {
  const tables = strength.map((factor) =>
    Uint8Array.from({ length: 256 }, (_, value) => Math.max(0, Math.round(255 - (255 - value) * factor))),
  );
  const data = new Uint8Array(texture.data.length);
  for (let at = 0; at < data.length; at++) data[at] = tables[at % 3]?.[texture.data[at] ?? 0] ?? 0;
  return { size: texture.size, data };
}

/** A motif may lie over the border of the file's tiles: it is then drawn in each of them. */
function motifsByTile(plan: SlidePlan, tileSize: number): Map<string, Ellipse[]> {
  const tiles = new Map<string, Ellipse[]>();
  for (const [index, motif] of plan.motifs.entries()) {
    const ellipses = motifEllipses(motif, new RandomStream(plan.seed, `motif/${index}`));
    const last = (position: number): number => Math.floor((position + motif.size - 1) / tileSize);
    for (let row = Math.floor(motif.y / tileSize); row <= last(motif.y); row++) {
      for (let column = Math.floor(motif.x / tileSize); column <= last(motif.x); column++) {
        const key = `${column},${row}`;
        const known = tiles.get(key);
        if (known === undefined) tiles.set(key, [...ellipses]);
        else known.push(...ellipses);
      }
    }
  }
  return tiles;
}

function glassTile(tileSize: number): Uint8Array {
  const data = new Uint8Array(tileSize * tileSize * 3);
  for (let at = 0; at < data.length; at++) data[at] = GLASS[at % 3] ?? 0;
  return data;
}

/** A square of the texture, which repeats in both directions. */
function cutTexture(texture: Texture, from: { x: number; y: number }, tileSize: number): Uint8Array {
  const data = new Uint8Array(tileSize * tileSize * 3);
  for (let y = 0; y < tileSize; y++) {
    const row = ((from.y + y) % texture.size) * texture.size;
    for (let x = 0; x < tileSize;) {
      const column = (from.x + x) % texture.size;
      const count = Math.min(tileSize - x, texture.size - column);
      const start = (row + column) * 3;
      data.set(texture.data.subarray(start, start + count * 3), (y * tileSize + x) * 3);
      x += count;
    }
  }
  return data;
}

function fadeIntoGlass(
  data: Uint8Array,
  map: TissueMap,
  { x, y, tileSize }: { readonly x: number; readonly y: number; readonly tileSize: number },
): void {
  for (let row = 0; row < tileSize; row++) {
    for (let column = 0; column < tileSize; column++) {
      const opacity = map.opacity(x + column, y + row);
      if (opacity < 1) blend(data, (row * tileSize + column) * 3, GLASS, 1 - opacity);
    }
  }
}
