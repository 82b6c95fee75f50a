/**
 * The method `otsu`: one threshold on the saturation, kept for comparison and for runs that were begun with it.
 *
 * Stained tissue is coloured and glass is not, so the saturation (HSV) is thresholded by Otsu's method (1979). Otsu
 * always finds two classes; the guards below are for slides that do not have them:
 *   - the threshold stays between 0.04 (glass with compression noise is not tissue) and 0.2 (on a slide without glass,
 *     or with a pen mark, the two classes would be pale and strong tissue);
 *   - near black is not tissue (the scanner's frame, a black pen), nor are the hues of green and blue pens, which are
 *     not those of haematoxylin, eosin or DAB. A red pen resembles blood and is not recognized.
 * Then gaps of two pixels are closed and specks (under 64 of up to 1500 x 1500 pixels) are dropped.
 */
import type { Pixels } from '../pixels.ts';
import { dilated, eroded, withoutSpecks, type Mask } from './mask.ts';
import { otsuThreshold } from './otsu.ts';

/** The longer side of the picture that it is made for. */
export const OTSU_SIDE = 1500;
const LOWEST_SATURATION = 0.04;
const HIGHEST_SATURATION = 0.2;
const BLACK = 25;
const CLOSED_GAP = 2;
const SPECK_AREA = 64;

/** Hue in degrees and least saturation of what only pens have. */
const PENS = [
  { from: 70, to: 175, saturation: 0.15 }, // green
  { from: 175, to: 232, saturation: 0.4 }, // blue
] as const;
const PALEST_PEN = Math.min(...PENS.map(({ saturation }) => saturation)) * 255;

/** The pure part: from a picture of the whole slide to its mask. */
export function otsuTissue(pixels: Pixels): Mask {
  const count = pixels.width * pixels.height;
  const saturation = new Uint8Array(count);
  const possible = new Uint8Array(count);
  const histogram = new Float64Array(256);
  for (let pixel = 0; pixel < count; pixel++) {
    const red = pixels.data[pixel * 3]!;
    const green = pixels.data[pixel * 3 + 1]!;
    const blue = pixels.data[pixel * 3 + 2]!;
    const value = Math.max(red, green, blue);
    if (value < BLACK) continue;
    const chroma = value - Math.min(red, green, blue);
    const saturated = Math.round((chroma / value) * 255);
    // The hue is only computed where a pen is possible: most of a slide is pale.
    if (saturated > PALEST_PEN && isPen(hueOf(red, green, blue, chroma), saturated / 255)) continue;
    possible[pixel] = 1;
    saturation[pixel] = saturated;
    histogram[saturated]! += 1;
  }
  const threshold = Math.min(
    HIGHEST_SATURATION * 255,
    Math.max(LOWEST_SATURATION * 255, otsuThreshold(histogram)),
  );
  const data = possible.map((may, pixel) => (may === 1 && saturation[pixel]! > threshold ? 1 : 0));
  const coloured = { width: pixels.width, height: pixels.height, data };
  return withoutSpecks(eroded(dilated(coloured, CLOSED_GAP), CLOSED_GAP), SPECK_AREA);
}

function isPen(hue: number, saturation: number): boolean {
  return PENS.some((pen) => hue >= pen.from && hue < pen.to && saturation > pen.saturation);
}

/** Degrees from 0 to 360; 0 for grey. */
function hueOf(red: number, green: number, blue: number, chroma: number): number {
  if (chroma === 0) return 0;
  const value = Math.max(red, green, blue);
  let sixth: number;
  if (value === red) sixth = ((green - blue) / chroma + 6) % 6;
  else if (value === green) sixth = (blue - red) / chroma + 2;
  else sixth = (red - green) / chroma + 4;
  return sixth * 60;
}
