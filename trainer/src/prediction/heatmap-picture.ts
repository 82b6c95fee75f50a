/** A heatmap as a picture: the tiles' scores as colours over the slide's thumbnail. */
import sharp from 'sharp';
import { openSlide } from '@wsi/slides';
import { tileBoxes } from '../coordinator/heatmaps.ts';
import type { SlidePrediction } from './predictor.ts';

/** Share of the colour in the mixture with the thumbnail. */
const opacity = 0.55;

/** Anchors of "viridis" (van der Walt and Smith, 2015), evenly spaced: even in lightness, safe for colour-blind eyes. */
const viridis = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

/** A PNG at most `maximumSide` pixels long; scores are scaled from the lowest to the highest of the slide. */
export async function heatmapPicture(prediction: SlidePrediction, maximumSide: number): Promise<Buffer> {
  const slide = await openSlide(prediction.slide);
  try {
    const { width, height, data } = await slide.thumbnail(maximumSide);
    const pixels = Uint8Array.from(data);
    const boxes = tileBoxes(prediction.grid, width / slide.width, height / slide.height);
    const ranks = scaled(prediction.tileScores);
    for (const [index, rank] of ranks.entries()) {
      paint(pixels, { width, height }, boxes[index]!, colourOf(rank));
    }
    return await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
  } finally {
    await slide.close();
  }
}

/** To 0..1 from lowest to highest; all equal: 0.5. */
export function scaled(scores: Float32Array): number[] {
  let [least, most] = [Infinity, -Infinity];
  for (const score of scores) {
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  return Array.from(scores, (score) => (most > least ? (score - least) / (most - least) : 0.5));
}

/** @param value 0..1 */
export function colourOf(value: number): [number, number, number] {
  const position = Math.min(1, Math.max(0, value)) * (viridis.length - 1);
  const index = Math.min(viridis.length - 2, Math.floor(position));
  const part = position - index;
  const [low, high] = [viridis[index]!, viridis[index + 1]!];
  return [0, 1, 2].map((channel) => Math.round(low[channel]! * (1 - part) + high[channel]! * part)) as [
    number,
    number,
    number,
  ];
}

function paint(
  pixels: Uint8Array,
  size: { width: number; height: number },
  [x, y, width, height]: readonly [number, number, number, number],
  colour: readonly [number, number, number],
): void {
  const endX = Math.min(size.width, Math.round(x + width));
  const endY = Math.min(size.height, Math.round(y + height));
  for (let row = Math.max(0, Math.round(y)); row < endY; row++) {
    for (let column = Math.max(0, Math.round(x)); column < endX; column++) {
      const at = (row * size.width + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        pixels[at + channel] = pixels[at + channel]! * (1 - opacity) + colour[channel]! * opacity;
      }
    }
  }
}
