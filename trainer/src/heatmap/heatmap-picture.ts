/** A heatmap as a picture: the tiles' colours over the slide's thumbnail, and below it the scale that they are on. */
import sharp from 'sharp';
import type { Pixels } from '@wsi-operator/slides';
import {
  coloursAt,
  HEATMAP_SCALES,
  opacityAt,
  positionOf,
  shownValues,
  type HeatmapKind,
} from '@wsi-operator/report/heatmap';
import { drawText, GLYPH_HEIGHT, textWidth } from './glyphs.ts';

export interface HeatmapContent {
  readonly kind: HeatmapKind;
  /** Attention weights within the bag, or scores. */
  readonly tileScores: ArrayLike<number>;
  /** Of the whole bag. */
  readonly bagTiles: number;
  /** [x, y, width, height] of every tile, in pixels of the thumbnail. */
  readonly boxes: readonly (readonly [number, number, number, number])[];
}

/** Pixels of the legend. */
const MARGIN = 10;
const BAR_HEIGHT = 10;
const LINE = GLYPH_HEIGHT + 4;
export const LEGEND_HEIGHT = MARGIN + LINE + BAR_HEIGHT + LINE + MARGIN / 2;
/** A narrow slide is padded, so that its legend can be read. */
const MINIMUM_WIDTH = 260;
const LONGEST_BAR = 420;
const WHITE = 255;
const INK = 40;

/** A PNG: the thumbnail with the tiles, {@link LEGEND_HEIGHT} pixels of legend below it. */
export async function heatmapPicture(thumbnail: Pixels, content: HeatmapContent): Promise<Buffer> {
  const canvas = canvasFor(thumbnail);
  const shown = shownValues(content.kind, content.tileScores, content.bagTiles);
  for (const [index, value] of shown.entries()) {
    const position = positionOf(content.kind, value);
    paint(canvas, content.boxes[index]!, {
      colour: coloursAt(position),
      opacity: opacityAt(position),
      within: thumbnail,
    });
  }
  drawLegend(canvas, content.kind, thumbnail.height);
  const { width, height, data } = canvas;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

function canvasFor({ width, height, data }: Pixels): Pixels {
  const size = { width: Math.max(width, MINIMUM_WIDTH), height: height + LEGEND_HEIGHT };
  const canvas = { ...size, data: new Uint8Array(size.width * size.height * 3).fill(WHITE) };
  for (let row = 0; row < height; row++) {
    canvas.data.set(data.subarray(row * width * 3, (row + 1) * width * 3), row * canvas.width * 3);
  }
  return canvas;
}

interface Paint {
  readonly colour: readonly [number, number, number];
  readonly opacity: number;
  readonly within: { readonly width: number; readonly height: number };
}

function paint(
  canvas: Pixels,
  [x, y, width, height]: readonly [number, number, number, number],
  { colour, opacity, within }: Paint,
): void {
  const endX = Math.min(within.width, Math.round(x + width));
  const endY = Math.min(within.height, Math.round(y + height));
  for (let row = Math.max(0, Math.round(y)); row < endY; row++) {
    for (let column = Math.max(0, Math.round(x)); column < endX; column++) {
      const at = (row * canvas.width + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        canvas.data[at + channel] = Math.round(
          canvas.data[at + channel]! * (1 - opacity) + colour[channel]! * opacity,
        );
      }
    }
  }
}

function drawLegend(canvas: Pixels, kind: HeatmapKind, top: number): void {
  const { title, ticks } = HEATMAP_SCALES[kind];
  const length = Math.min(LONGEST_BAR, canvas.width - 4 * MARGIN);
  const [left, bar] = [2 * MARGIN, top + MARGIN + LINE];
  write(canvas, title, left, top + MARGIN);
  for (let x = 0; x < length; x++) {
    const position = x / (length - 1);
    paint(canvas, [left + x, bar, 1, BAR_HEIGHT], {
      colour: coloursAt(position),
      opacity: 1,
      within: canvas,
    });
  }
  for (const [position, label] of ticks) {
    const x = left + Math.round(position * (length - 1));
    paint(canvas, [x, bar + BAR_HEIGHT, 1, 2], { colour: [INK, INK, INK], opacity: 1, within: canvas });
    write(canvas, label, x - Math.floor(textWidth(label) / 2), bar + BAR_HEIGHT + 4);
  }
}

function write(canvas: Pixels, text: string, left: number, top: number): void {
  drawText(text, (x, y) => {
    const at = ((top + y) * canvas.width + left + x) * 3;
    canvas.data.fill(INK, at, at + 3);
  });
}
