/** What every pixel is by its own absorption against the background around it: the first step, before shapes. */
import type { Pixels } from '../pixels.ts';
import type { Cells } from './cells.ts';
import { DENSITY, DENSITY_OF_VALUE } from './density.ts';
import type { Background } from './glass.ts';
import { dilated } from './mask.ts';

export const PixelKind = {
  Background: 0,
  /** Absorbs some colours more than others: stains, inks. */
  Coloured: 1,
  /** Absorbs all colours alike: shadows, dust, bubbles, but silver and pigment too. */
  Grey: 2,
  /** Nearly black. */
  Dark: 3,
  Unscanned: 4,
} as const;

/** By the colour that is let through. */
export const InkFamily = { None: 0, Red: 1, Yellow: 2, Green: 3, Blue: 4, Violet: 5, Black: 6 } as const;

export interface PixelKinds {
  /** {@link PixelKind} of each pixel. */
  readonly kind: Uint8Array;
  /** {@link InkFamily} of what is strong enough in colour to be ink. */
  readonly family: Uint8Array;
  /** 1 where the colour is clearer than stains are. */
  readonly clear: Uint8Array;
  /** Density from which on a difference between channels is a colour: the setting, or what the noise demands. */
  readonly threshold: number;
}

/** The glass's own noise may raise the threshold to this at most. */
const HIGHEST_THRESHOLD = 450;
const NOISE_SHARE = 0.995;
const NOISE_MARGIN = 1.25;
/** What is grey: its channels differ by less than this part of its density. */
const GREY = 0.18;
/** Mean density from which on something grey is seen. */
const FAINTEST_GREY = 400;
const DARK = 7000;
const DARK_GREY = 0.4;
/** Density between channels of the palest ink: a saturation of 0.45. */
const PALEST_INK = 2600;
/** And of what no stain has from afar, but some blood: a saturation of 0.68. */
const CLEAR_INK = 5000;

export function pixelKinds(
  picture: Pixels,
  micrometres: number,
  cells: Cells,
  background: Background,
  faintestDensity: number,
): PixelKinds {
  const pixels = smoothed(picture);
  const threshold = colourThreshold(pixels, cells, background, faintestDensity * DENSITY);
  const kind = new Uint8Array(pixels.width * pixels.height);
  const family = new Uint8Array(kind.length);
  const clear = new Uint8Array(kind.length);
  const { density, isUnscanned } = background;
  eachPixel(pixels, cells, (pixel, cell) => {
    // White filling; the black one is distinguished from other black things by its shape.
    if (isUnscanned[cell] === 1 && pixels.data[pixel * 3]! > 127) {
      kind[pixel] = PixelKind.Unscanned;
      return;
    }
    const red = DENSITY_OF_VALUE[pixels.data[pixel * 3]!]! - density[cell * 3]!;
    const green = DENSITY_OF_VALUE[pixels.data[pixel * 3 + 1]!]! - density[cell * 3 + 1]!;
    const blue = DENSITY_OF_VALUE[pixels.data[pixel * 3 + 2]!]! - density[cell * 3 + 2]!;
    const total = (red + green + blue) / 3;
    const least = Math.min(red, green, blue);
    const chroma = Math.max(red, green, blue) - least;
    if (total > DARK && chroma < DARK_GREY * total) {
      kind[pixel] = PixelKind.Dark;
      family[pixel] = InkFamily.Black;
      clear[pixel] = 1;
    } else if (chroma > threshold && chroma > GREY * total && total > threshold / 4) {
      kind[pixel] = PixelKind.Coloured;
      if (chroma > PALEST_INK) family[pixel] = familyOf(red, green, blue);
      if (chroma > CLEAR_INK) clear[pixel] = 1;
    } else if (total > FAINTEST_GREY) {
      kind[pixel] = PixelKind.Grey;
    }
  });
  if (micrometres <= FINE_MICROMETRES) sharpenEdges(pixels, cells, background, kind);
  return { kind, family, clear, threshold: threshold / DENSITY };
}

/** Pixels that are larger than this are kept at an edge, whatever part of them is tissue. */
const FINE_MICROMETRES = 4;
/** Pixels from the glass within which an edge is blurred. */
const BLUR = 4;
/** The part of the colour around it from which on a pixel of a blurred edge is of the tissue. */
const EDGE = 0.5;

/**
 * Where pixels are finer than tissue's texture, the edge of the tissue is where its colour has half of its strength, and
 * not where it begins to differ from glass.
 */
function sharpenEdges(pixels: Pixels, cells: Cells, background: Background, kind: Uint8Array): void {
  const { width, height } = pixels;
  const { density } = background;
  const chromaOf = (pixel: number, cell: number): number => {
    const red = DENSITY_OF_VALUE[pixels.data[pixel * 3]!]! - density[cell * 3]!;
    const green = DENSITY_OF_VALUE[pixels.data[pixel * 3 + 1]!]! - density[cell * 3 + 1]!;
    const blue = DENSITY_OF_VALUE[pixels.data[pixel * 3 + 2]!]! - density[cell * 3 + 2]!;
    return Math.max(red, green, blue) - Math.min(red, green, blue);
  };
  const near = dilated(
    { width, height, data: kind.map((each) => (each === PixelKind.Background ? 1 : 0)) },
    BLUR,
  ).data;
  const sums = new Float64Array(cells.roughness.length);
  const counts = new Float64Array(cells.roughness.length);
  eachPixel(pixels, cells, (pixel, cell) => {
    if (kind[pixel] !== PixelKind.Coloured || near[pixel] === 1) return;
    sums[cell]! += chromaOf(pixel, cell);
    counts[cell]! += 1;
  });
  const strength = aroundCells(cells, sums, counts);
  eachPixel(pixels, cells, (pixel, cell) => {
    if (kind[pixel] !== PixelKind.Coloured || near[pixel] === 0) return;
    if (chromaOf(pixel, cell) < EDGE * strength[cell]!) kind[pixel] = PixelKind.Background;
  });
}

/** Means over a cell and those around it; 0 where nothing was counted. */
function aroundCells({ columns, rows }: Cells, sums: Float64Array, counts: Float64Array): Float64Array {
  return sums.map((_, cell) => {
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    let sum = 0;
    let count = 0;
    for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
      for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
        sum += sums[y * columns + x]!;
        count += counts[y * columns + x]!;
      }
    }
    return count === 0 ? 0 : sum / count;
  });
}

function colourThreshold(pixels: Pixels, cells: Cells, background: Background, faintest: number): number {
  const histogram = new Float64Array(HIGHEST_THRESHOLD + 1);
  let count = 0;
  const { density, isBackground, isUnscanned } = background;
  eachPixel(pixels, cells, (pixel, cell) => {
    if (isBackground[cell] === 0 || isUnscanned[cell] === 1) return;
    const red = DENSITY_OF_VALUE[pixels.data[pixel * 3]!]! - density[cell * 3]!;
    const green = DENSITY_OF_VALUE[pixels.data[pixel * 3 + 1]!]! - density[cell * 3 + 1]!;
    const blue = DENSITY_OF_VALUE[pixels.data[pixel * 3 + 2]!]! - density[cell * 3 + 2]!;
    const chroma = Math.max(red, green, blue) - Math.min(red, green, blue);
    histogram[Math.min(chroma, HIGHEST_THRESHOLD)]! += 1;
    count++;
  });
  let below = 0;
  let noise = 0;
  while (noise < HIGHEST_THRESHOLD && below + histogram[noise]! < count * NOISE_SHARE) {
    below += histogram[noise++]!;
  }
  return Math.max(faintest, Math.min(HIGHEST_THRESHOLD, count === 0 ? 0 : noise * NOISE_MARGIN));
}

/** The hue of what is let through, in sixths of the circle. */
function familyOf(red: number, green: number, blue: number): number {
  const [r, g, b] = [transmitted(red), transmitted(green), transmitted(blue)];
  const high = Math.max(r, g, b);
  const chroma = high - Math.min(r, g, b);
  let sixth: number;
  if (high === r) sixth = ((g - b) / chroma + 6) % 6;
  else if (high === g) sixth = (b - r) / chroma + 2;
  else sixth = (r - g) / chroma + 4;
  const hue = sixth * 60;
  if (hue < 20 || hue >= 315) return InkFamily.Red;
  if (hue < 70) return InkFamily.Yellow;
  if (hue < 175) return InkFamily.Green;
  return hue < 252 ? InkFamily.Blue : InkFamily.Violet;
}

/** Light let through, 0 to 255, by density in steps of 0.01. */
const TRANSMITTED = Uint8Array.from({ length: 256 }, (_, step) => Math.round(255 * 10 ** (-step / 100)));

function transmitted(density: number): number {
  return TRANSMITTED[Math.min(255, Math.max(0, Math.round((density * 100) / DENSITY)))]!;
}

/** Calls back for every pixel, row by row, with the cell that it is in. */
export function eachPixel(
  { width, height }: { readonly width: number; readonly height: number },
  { side, columns }: Pick<Cells, 'side' | 'columns'>,
  visit: (pixel: number, cell: number) => void,
): void {
  for (let y = 0, pixel = 0; y < height; y++) {
    const row = Math.floor(y / side) * columns;
    for (let x = 0; x < width; x++, pixel++) visit(pixel, row + Math.floor(x / side));
  }
}

/**
 * Means over 3 x 3 pixels, as far as they are inside. Beside the noise, this settles what half a pixel of tissue is: the
 * mask reaches up to one of its own pixels beyond the tissue, so that it errs towards keeping.
 */
function smoothed({ width, height, data }: Pixels): Pixels {
  const result = new Uint8Array(data.length);
  const sums = new Uint16Array(width * 3);
  for (let y = 0; y < height; y++) {
    const first = Math.max(0, y - 1);
    const last = Math.min(height - 1, y + 1);
    sums.fill(0);
    for (let row = first; row <= last; row++) {
      const from = row * width * 3;
      for (let at = 0; at < sums.length; at++) sums[at]! += data[from + at]!;
    }
    const rows = last - first + 1;
    const to = y * width * 3;
    for (let at = 0; at < sums.length; at++) {
      let sum = sums[at]!;
      let count = rows;
      if (at >= 3) {
        sum += sums[at - 3]!;
        count += rows;
      }
      if (at < sums.length - 3) {
        sum += sums[at + 3]!;
        count += rows;
      }
      result[to + at] = (sum + (count >> 1)) / count;
    }
  }
  return { width, height, data: result };
}
