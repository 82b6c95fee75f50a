/** What absorbs all colours alike: tissue (silver, pigment, folds) where it lies in tissue or has texture. */
import { densityOf } from './density.ts';
import { inkEvidence, relativeRoughness, type Surroundings } from './ink.ts';
import { TissueLabel } from './labels.ts';
import { closed } from './mask.ts';
import { piecesOf, type Piece, type Pieces } from './pieces.ts';
import { eachPixel, InkFamily, PixelKind } from './pixel-kinds.ts';

/** The part of an outline in tissue from which on it is of the tissue. */
const IN_TISSUE = 0.3;
/** Roughness, as a part of the density, from which on something grey is textured. */
const TEXTURED = 0.03;
const CLOSED_MICROMETRES = 16;
/** The part of something black in cells without any noise from which on the scanner drew it. */
const FILLING = 0.5;
/** Textured grey things narrower than this are dust, scratches, edges. */
const NARROWEST_MICROMETRES = 60;

/** Labels what the scanner filled in black, up to its blurred edges: neither ink nor tissue. */
export function claimBlackFilling(labels: Uint8Array, around: Surroundings): void {
  const { width, height, kinds, background } = around;
  if (!background.isUnscanned.includes(1)) return;
  const data = kinds.kind.map((kind) => (kind === PixelKind.Dark ? 1 : 0));
  const pieces = piecesOf({ width, height, data });
  const filling = fillingShare(pieces, around);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const piece = pieces.pieceOf[pixel]!;
    if (piece < 0 || filling[piece]! < FILLING) continue;
    labels[pixel] = TissueLabel.Unscanned;
    kinds.family[pixel] = InkFamily.None;
  }
}

/** Labels what is grey or dark: as tissue, or with the reason why not. */
export function darkAndGrey(labels: Uint8Array, around: Surroundings): void {
  const { width, height, kinds, scale } = around;
  const data = kinds.kind.map((kind, pixel) => {
    const neutral = kind === PixelKind.Grey || kind === PixelKind.Dark;
    return neutral && labels[pixel] === TissueLabel.Glass ? 1 : 0;
  });
  const radius = Math.round((CLOSED_MICROMETRES * scale) / 2);
  const filled = closed({ width, height, data }, radius);
  // Only what is neutral, or a gap in it.
  const free = filled.data.map((value, pixel) => (labels[pixel] === TissueLabel.Glass ? value : 0));
  const pieces = piecesOf({ width, height, data: free });
  const evidence = inkEvidence(pieces, InkFamily.Black, around);
  const textured = texturedShare(pieces, around);
  const reasons = pieces.list.map((piece, at) => {
    const { contact, density } = evidence[at]!;
    const wide = 2 * piece.halfWidth >= NARROWEST_MICROMETRES * scale;
    const isTissue =
      !isFrame(piece, around, density) && (contact >= IN_TISSUE || (wide && textured[at]! >= 0.5));
    if (isTissue) return TissueLabel.Tissue;
    return Math.max(...density) > 7000 ? TissueLabel.Dark : TissueLabel.Grey;
  });
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const piece = pieces.pieceOf[pixel]!;
    if (piece >= 0) labels[pixel] = reasons[piece]!;
  }
}

/** Of each piece, the part in cells that no camera saw. */
function fillingShare(
  { list, pieceOf }: Pieces,
  { width, height, cells, background }: Surroundings,
): number[] {
  const filling = new Float64Array(list.length);
  eachPixel({ width, height }, cells, (pixel, cell) => {
    const piece = pieceOf[pixel]!;
    if (piece >= 0 && background.isUnscanned[cell] === 1) filling[piece]! += 1;
  });
  return list.map(({ pixels }, at) => filling[at]! / pixels);
}

/** A black frame: along a whole side of the picture. */
function isFrame(piece: Piece, around: Surroundings, density: readonly number[]): boolean {
  const onBorder =
    piece.left === 0 || piece.top === 0 || piece.right === around.width || piece.bottom === around.height;
  return onBorder && Math.min(...density) > 7000;
}

/** Of each piece, the part of the cells inside that have texture. */
function texturedShare(
  { list, pieceOf }: Pieces,
  { width, height, cells, background }: Surroundings,
): number[] {
  const inside = new Float64Array(list.length);
  const textured = new Float64Array(list.length);
  const { side, columns, roughness, means } = cells;
  for (let cell = 0; cell < roughness.length; cell++) {
    const left = (cell % columns) * side;
    const top = Math.floor(cell / columns) * side;
    const right = Math.min(width, left + side) - 1;
    const bottom = Math.min(height, top + side) - 1;
    const piece = pieceOf[top * width + left]!;
    const corners = [top * width + right, bottom * width + left, bottom * width + right];
    if (piece < 0 || !corners.every((corner) => pieceOf[corner] === piece)) continue;
    const density = [0, 1, 2].map(
      (channel) => densityOf(means[cell * 3 + channel]!) - background.density[cell * 3 + channel]!,
    ) as [number, number, number];
    inside[piece]! += 1;
    const rough = roughness[cell]! > background.flatness;
    if (rough && relativeRoughness(cells, cell, density) > TEXTURED) textured[piece]! += 1;
  }
  return list.map((_, at) => (inside[at] === 0 ? 0 : textured[at]! / inside[at]!));
}
