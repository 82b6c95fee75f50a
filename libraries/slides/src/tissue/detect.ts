/**
 * Where a slide has tissue, and why the rest is not: a pure function of a picture and of how many micrometres a pixel of
 * it is. First the glass (glass.ts), then what each pixel is against it (pixel-kinds.ts), then what the shapes say: pens
 * (ink.ts), frames, shadows, edges; then gaps are closed and specks dropped.
 */
import type { Pixels } from '../pixels.ts';
import { cellsOf } from './cells.ts';
import { absorptionOf } from './density.ts';
import { findBackground, type Background } from './glass.ts';
import { EVEN, layerEvidence, penMask, type Surroundings } from './ink.ts';
import { TissueLabel } from './labels.ts';
import { closed, dilated, type Mask } from './mask.ts';
import { claimBlackFilling, darkAndGrey } from './neutral.ts';
import { eachConnected, elongation, piecesOf, spread, type Piece } from './pieces.ts';
import { PixelKind, pixelKinds } from './pixel-kinds.ts';

export interface TissueSettings {
  /** Optical density between colour channels from which on something pale is tissue. */
  readonly faintestDensity: number;
  /** Side of a square whose area the smallest piece of tissue has. */
  readonly smallestPieceMicrometres: number;
  /** Gaps in tissue that are at most so wide count as tissue. */
  readonly closedGapMicrometres: number;
  /** Side of a square whose area the largest enclosed hole has that counts as tissue. */
  readonly largestHoleMicrometres: number;
  /** Whether pen marks are detected. */
  readonly pens: 'exclude' | 'keep';
}

export interface TissueFindings {
  readonly width: number;
  readonly height: number;
  /** A {@link TissueLabel} for each pixel, row by row. */
  readonly labels: Uint8Array;
  readonly background: Background['classes'];
  /** The density between channels from which on a pixel was coloured. */
  readonly threshold: number;
}

/** The roughness is that of blocks of this size, or of a 256th of the picture's longer side if that is less. */
const BLOCK_MICROMETRES = 8;
const BLOCKS_ALONG = 256;
const PEN_RIM_MICROMETRES = 12;
const THINNEST_MICROMETRES = 12;
/** Channels of debris differ by less than this part of its density. */
const DEBRIS_CHROMA = 0.45;
/** A straight strip narrower than this and so many times as long is an edge, a fibre or a stripe. */
const LINE_MICROMETRES = 150;
const LINE_LENGTH = 12;

export function detectTissue(pixels: Pixels, micrometres: number, settings: TissueSettings): TissueFindings {
  const { width, height } = pixels;
  const scale = 1 / micrometres;
  const finest = Math.min(BLOCK_MICROMETRES, (Math.max(width, height) * micrometres) / BLOCKS_ALONG);
  const cells = cellsOf(pixels, Math.max(1, Math.round(finest * scale)));
  const background = findBackground(cells);
  const kinds = pixelKinds(pixels, micrometres, cells, background, settings.faintestDensity);
  const around: Surroundings = { width, height, kinds, cells, background, scale };
  const labels = new Uint8Array(width * height);
  claimBlackFilling(labels, around);
  const pens = settings.pens === 'exclude' ? withRim(penMask(around), around) : new Uint8Array(labels.length);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const kind = kinds.kind[pixel]!;
    if (labels[pixel] !== TissueLabel.Glass) continue;
    if (kind === PixelKind.Unscanned) labels[pixel] = TissueLabel.Unscanned;
    else if (pens[pixel] === 1) labels[pixel] = TissueLabel.Pen;
    else if (kind === PixelKind.Coloured) labels[pixel] = TissueLabel.Tissue;
  }
  darkAndGrey(labels, around);
  dropThin(labels, around);
  closeGaps(labels, around, settings);
  dropSmall(labels, around, settings);
  return { width, height, labels, background: background.classes, threshold: kinds.threshold };
}

/** With the pale edge of the ink, as far as it is not glass. */
function withRim(pens: Uint8Array, { width, height, kinds, scale }: Surroundings): Uint8Array {
  const radius = Math.max(1, Math.round(PEN_RIM_MICROMETRES * scale));
  const grown = dilated({ width, height, data: pens }, radius).data;
  return grown.map((near, pixel) => (near === 1 && kinds.kind[pixel] !== PixelKind.Background ? 1 : 0));
}

/** The label as a mask. */
function maskOf(labels: Uint8Array, { width, height }: Surroundings, label: number): Mask {
  return { width, height, data: labels.map((each) => (each === label ? 1 : 0)) };
}

/** What is nowhere as thick as tissue is, narrow straight strips, and what is nearly grey and even. */
function dropThin(labels: Uint8Array, around: Surroundings): void {
  const pieces = piecesOf(maskOf(labels, around, TissueLabel.Tissue));
  const layers = layerEvidence(pieces, around);
  const judged = pieces.list.map((piece, at) => {
    if (isThin(piece, around.scale)) return TissueLabel.Thin;
    return isDebris(layers[at]!) ? TissueLabel.Grey : TissueLabel.Tissue;
  });
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const piece = pieces.pieceOf[pixel]!;
    if (piece >= 0) labels[pixel] = judged[piece]!;
  }
}

/** Out of focus on or below the glass: nearly grey, and as even as glass. */
function isDebris({ density, texture }: ReturnType<typeof layerEvidence>[number]): boolean {
  const { total, chroma } = absorptionOf(...density);
  return texture !== undefined && texture <= EVEN && chroma < DEBRIS_CHROMA * total;
}

function isThin(piece: Piece, scale: number): boolean {
  const width = 2 * piece.halfWidth;
  if (width < THINNEST_MICROMETRES * scale || width < 2) return true;
  if (width > LINE_MICROMETRES * scale || elongation(piece) < LINE_LENGTH) return false;
  // A straight strip spreads across no more than its own width does.
  return spread(piece).short <= (1.5 * width) / Math.sqrt(12);
}

function closeGaps(labels: Uint8Array, around: Surroundings, settings: TissueSettings): void {
  const radius = Math.round((settings.closedGapMicrometres * around.scale) / 2);
  const tissue = maskOf(labels, around, TissueLabel.Tissue);
  const filled = closed(tissue, radius);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (filled.data[pixel] === 1 && isGap(labels[pixel]!)) labels[pixel] = TissueLabel.Tissue;
  }
  const largest = (settings.largestHoleMicrometres * around.scale) ** 2;
  const gaps = { ...tissue, data: labels.map((each) => (isGap(each) ? 1 : 0)) };
  eachConnected(gaps, (_, members) => {
    if (members.length > largest || reachesBorder(members, around)) return;
    for (const pixel of members) labels[pixel] = TissueLabel.Tissue;
  });
}

function reachesBorder(members: Int32Array, { width, height }: Surroundings): boolean {
  return members.some((pixel) => {
    const x = pixel % width;
    return x === 0 || x === width - 1 || pixel < width || pixel >= width * (height - 1);
  });
}

/** What may be a gap in tissue: glass and grey, but not a pen or what was not scanned. */
function isGap(label: number): boolean {
  return label === TissueLabel.Glass || label === TissueLabel.Grey || label === TissueLabel.Thin;
}

function dropSmall(labels: Uint8Array, around: Surroundings, settings: TissueSettings): void {
  const smallest = (settings.smallestPieceMicrometres * around.scale) ** 2;
  eachConnected(maskOf(labels, around, TissueLabel.Tissue), (_, members) => {
    if (members.length >= smallest) return;
    for (const pixel of members) labels[pixel] = TissueLabel.Small;
  });
}
