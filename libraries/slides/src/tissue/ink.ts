/**
 * Pens among stains. A stain can have any hue and a pen, too, so several things speak for a pen, each with a weight:
 * a colour stronger than stains have when seen from afar, an even layer, a long stroke, standing alone on the glass; and
 * some against it: texture, lying in tissue, absorbing what its own colour should let through.
 */
import { closed } from './mask.ts';
import { elongation, piecesOf, type Piece, type Pieces } from './pieces.ts';
import { InkFamily, PixelKind, type PixelKinds } from './pixel-kinds.ts';
import type { Cells } from './cells.ts';
import { DENSITY, densityOf } from './density.ts';
import type { Background } from './glass.ts';

export interface Surroundings {
  readonly width: number;
  readonly height: number;
  readonly kinds: PixelKinds;
  readonly cells: Cells;
  readonly background: Background;
  /** Pixels for one micrometre. */
  readonly scale: number;
}

/** What was measured on a piece of one colour. */
export interface InkEvidence {
  /** Mean densities against the glass. */
  readonly density: readonly [number, number, number];
  /** Roughness of its inside, as a part of its density; undefined when it is too thin to measure. */
  readonly texture: number | undefined;
  /** How many times as long as wide. */
  readonly elongation: number;
  /** The part of its outline that touches other stained tissue. */
  readonly contact: number;
}

/** From this score on it is a pen. */
const PEN = 3;
export const EVEN = 0.03;
const TEXTURED = 0.1;
const CLOSED_MICROMETRES = 8;
const CONTACT_MICROMETRES = 24;
const SMALLEST_MICROMETRES = 30;

/** 1 where a pen drew. */
export function penMask(around: Surroundings): Uint8Array {
  const pens = new Uint8Array(around.width * around.height);
  const families = new Set(around.kinds.family);
  families.delete(InkFamily.None);
  for (const family of [...families].sort()) {
    // Clear ink first: a line that crosses tissue of its own hue would be one piece with it.
    addPens(pens, family, true, around);
    addPens(pens, family, false, around);
  }
  return pens;
}

function addPens(pens: Uint8Array, family: number, clearOnly: boolean, around: Surroundings): void {
  const { width, height, kinds, scale } = around;
  const data = kinds.family.map((each, pixel) =>
    each === family && pens[pixel] === 0 && (!clearOnly || kinds.clear[pixel] === 1) ? 1 : 0,
  );
  if (!data.includes(1)) return;
  const radius = Math.max(1, Math.round((CLOSED_MICROMETRES * scale) / 2));
  const smallest = (SMALLEST_MICROMETRES * scale) ** 2;
  const pieces = piecesOf(closed({ width, height, data }, radius));
  const evidence = inkEvidence(pieces, family, around);
  const drawn = pieces.list.map(
    (piece, at) => piece.pixels >= smallest && penScore(family, evidence[at]!) >= PEN,
  );
  for (let pixel = 0; pixel < pens.length; pixel++) {
    const piece = pieces.pieceOf[pixel]!;
    if (piece >= 0 && drawn[piece]!) pens[pixel] = 1;
  }
}

/** The sum of what speaks for a pen and against it. */
export function penScore(family: number, evidence: InkEvidence): number {
  const { texture, elongation: length, contact } = evidence;
  const colour = colourScore(family, evidence.density);
  let score = colour;
  const even = texture !== undefined && texture <= EVEN;
  if (even) score += 1;
  if (texture !== undefined && texture >= TEXTURED) score -= 2;
  if (length >= 8) score += 2;
  else if (length >= 4) score += 1;
  if (contact <= 0.15) score += 1;
  // A line of clear ink may cross tissue all the way.
  else if (contact >= 0.5) score -= length >= 8 && colour + (even ? 1 : 0) >= 2 ? 1 : 2;
  return score;
}

function colourScore(family: number, density: readonly [number, number, number]): number {
  const least = Math.min(...density) / DENSITY;
  const chroma = Math.max(...density) / DENSITY - least;
  const saturation = 1 - 10 ** -chroma;
  if (family === InkFamily.Black) return 1;
  if (family === InkFamily.Green) return graded(saturation, 0.55, 0.7);
  if (family === InkFamily.Blue) return graded(saturation, 0.65, 0.75);
  // Eosin, DAB, blood, PAS: strong, but they are not as clear as an ink in their own colour.
  return least > 0.13 ? -1 : graded(saturation, 0.72, 0.8) - 1;
}

function graded(value: number, some: number, much: number): number {
  if (value >= much) return 2;
  return value >= some ? 1 : 0;
}

interface Sums {
  readonly density: [number, number, number];
  inside: number;
  roughness: number;
  outline: number;
  touching: number;
}

function emptySums({ list }: Pieces): Sums[] {
  return list.map(() => ({ density: [0, 0, 0], inside: 0, roughness: 0, outline: 0, touching: 0 }));
}

/** Without the outlines, which take longest. */
export function layerEvidence(
  pieces: Pieces,
  around: Surroundings,
): Pick<InkEvidence, 'density' | 'texture'>[] {
  const sums = emptySums(pieces);
  measureCells(pieces, sums, around);
  return pieces.list.map((piece, at) => evidenceOf(piece, sums[at]!));
}

/** Measures all pieces of a family in one pass. */
export function inkEvidence(pieces: Pieces, family: number, around: Surroundings): InkEvidence[] {
  const sums = emptySums(pieces);
  measureCells(pieces, sums, around);
  measureOutlines(pieces, sums, family, around);
  return pieces.list.map((piece, at) => evidenceOf(piece, sums[at]!));
}

function evidenceOf(piece: Piece, { density, inside, roughness, outline, touching }: Sums): InkEvidence {
  return {
    density: [density[0] / piece.pixels, density[1] / piece.pixels, density[2] / piece.pixels],
    texture: inside === 0 ? undefined : roughness / inside,
    elongation: elongation(piece),
    contact: outline === 0 ? 0 : touching / outline,
  };
}

/** Densities by cells, and roughness of those that are wholly in a piece. */
function measureCells({ pieceOf }: Pieces, sums: readonly Sums[], around: Surroundings): void {
  const { width, height, cells, background } = around;
  for (let cell = 0; cell < cells.roughness.length; cell++) {
    const left = (cell % cells.columns) * cells.side;
    const top = Math.floor(cell / cells.columns) * cells.side;
    const right = Math.min(width, left + cells.side);
    const bottom = Math.min(height, top + cells.side);
    const density = [0, 1, 2].map(
      (channel) => densityOf(cells.means[cell * 3 + channel]!) - background.density[cell * 3 + channel]!,
    ) as [number, number, number];
    const first = pieceOf[top * width + left]!;
    let whole = first >= 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const piece = pieceOf[y * width + x]!;
        if (piece !== first) whole = false;
        if (piece < 0) continue;
        const sum = sums[piece]!;
        for (let channel = 0; channel < 3; channel++) sum.density[channel]! += density[channel]!;
      }
    }
    if (!whole) continue;
    sums[first]!.inside += 1;
    sums[first]!.roughness += relativeRoughness(cells, cell, density);
  }
}

/** Roughness of a cell's density, as a part of that density. */
export function relativeRoughness(
  { means, roughness }: Cells,
  cell: number,
  density: readonly [number, number, number],
): number {
  const mean = (means[cell * 3]! + means[cell * 3 + 1]! + means[cell * 3 + 2]!) / 3;
  const total = Math.max(1, (density[0] + density[1] + density[2]) / 3);
  return ((roughness[cell]! / Math.max(1, mean)) * Math.LOG10E * DENSITY) / total;
}

/** How much of each outline has other tissue beyond it. */
function measureOutlines(
  { pieceOf }: Pieces,
  sums: readonly Sums[],
  family: number,
  { width, height, kinds, scale }: Surroundings,
): void {
  // Beyond the blurred edge, which is a few pixels wide however large they are.
  const reach = Math.max(5, Math.round(CONTACT_MICROMETRES * scale));
  const visit = (piece: number, x: number, y: number, [dx, dy]: readonly [number, number]): void => {
    const inside = (px: number, py: number): boolean => px >= 0 && py >= 0 && px < width && py < height;
    if (!inside(x + dx, y + dy) || pieceOf[(y + dy) * width + x + dx] === piece) return;
    const sum = sums[piece]!;
    sum.outline += 1;
    const [farX, farY] = [x + dx * reach, y + dy * reach];
    if (!inside(farX, farY)) return;
    const far = farY * width + farX;
    if (kinds.kind[far] === PixelKind.Coloured && kinds.family[far] !== family) sum.touching += 1;
  };
  for (let pixel = 0; pixel < pieceOf.length; pixel++) {
    const piece = pieceOf[pixel]!;
    if (piece < 0) continue;
    const x = pixel % width;
    const y = (pixel - x) / width;
    visit(piece, x, y, [1, 0]);
    visit(piece, x, y, [-1, 0]);
    visit(piece, x, y, [0, 1]);
    visit(piece, x, y, [0, -1]);
  }
}
