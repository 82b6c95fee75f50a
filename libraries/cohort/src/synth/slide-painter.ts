/** The pixels of one synthetic slide: glass, tissue, and the motifs on it, painted tile by tile in any order. */
import { RandomStream } from '@wsi-operator/foundation';
import type { SourceTile, TileSource } from '@wsi-operator/slides/tiff-writer';
import { blend, drawEllipse, type Ellipse, type Rgb } from './ellipse.ts';
import { type Motif, motifEllipses } from './motif.ts';
import type { Texture } from './texture.ts';
import { PITCH, TissueMap, type TissueShape } from './tissue.ts';

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
  const stain = stainTable(plan.stain);
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
          const data = cutTexture(texture, from, { tileSize, stain });
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

/** What each value of each channel becomes: 256 reds, 256 greens, 256 blues. */
function stainTable(strength: Rgb): Uint8Array {
  const table = new Uint8Array(3 * 256);
  for (const [channel, factor] of strength.entries()) {
    for (let value = 0; value < 256; value++) {
      table[channel * 256 + value] = Math.max(0, Math.round(255 - (255 - value) * factor));
    }
  }
  return table;
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

/** A stained square of the texture, which repeats in both directions. */
function cutTexture(
  texture: Texture,
  from: { readonly x: number; readonly y: number },
  { tileSize, stain }: { readonly tileSize: number; readonly stain: Uint8Array },
): Uint8Array {
  const data = new Uint8Array(tileSize * tileSize * 3);
  let to = 0;
  for (let y = 0; y < tileSize; y++) {
    const row = ((from.y + y) % texture.size) * texture.size;
    let column = from.x;
    for (let x = 0; x < tileSize; x++, to += 3) {
      const at = (row + column) * 3;
      column = column + 1 === texture.size ? 0 : column + 1;
      data[to] = stain[texture.data[at] ?? 0] ?? 0;
      data[to + 1] = stain[256 + (texture.data[at + 1] ?? 0)] ?? 0;
      data[to + 2] = stain[512 + (texture.data[at + 2] ?? 0)] ?? 0;
    }
  }
  return data;
}

interface TilePlace {
  readonly x: number;
  readonly y: number;
  readonly tileSize: number;
}

/** Cell by cell of the lattice, because most of a tile on the edge is wholly glass or wholly tissue. */
function fadeIntoGlass(data: Uint8Array, map: TissueMap, tile: TilePlace): void {
  for (let top = 0; top < tile.tileSize; top += PITCH) {
    for (let left = 0; left < tile.tileSize; left += PITCH) {
      const kind = map.classify(tile.x + left, tile.y + top, PITCH, PITCH);
      if (kind === 'glass') fadeCell(data, tile, { left, top }, () => 0);
      else if (kind === 'edge') fadeCell(data, tile, { left, top }, (x, y) => map.opacity(x, y));
    }
  }
}

function fadeCell(
  data: Uint8Array,
  { x, y, tileSize }: TilePlace,
  { left, top }: { readonly left: number; readonly top: number },
  opacityAt: (x: number, y: number) => number,
): void {
  for (let row = top; row < top + PITCH; row++) {
    for (let column = left; column < left + PITCH; column++) {
      const opacity = opacityAt(x + column, y + row);
      if (opacity < 1) blend(data, (row * tileSize + column) * 3, GLASS, 1 - opacity);
    }
  }
}
