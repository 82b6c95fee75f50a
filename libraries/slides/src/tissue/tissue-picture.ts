/** A picture of what was taken for tissue and what for something else, with a legend. */
import type { Pixels } from '../pixels.ts';
import { LABELS, TissueLabel } from './labels.ts';
import { eroded, type Mask } from './mask.ts';
import { areaText, type TissueSummary } from './summary.ts';
import type { TissueMask } from './tissue.ts';

/** Part of the label's colour in what is drawn; tissue keeps its own colours, with a line around it. */
const OPACITY = 0.6;
/** Pixels across the line. */
const OUTLINE = 3;

type LabelledPicture = Pick<TissueMask, 'width' | 'height' | 'labels'>;

/** The picture of a slide, coloured by its labels; a line goes around tissue, on its inner side. */
export function drawLabels(picture: Pixels, mask: LabelledPicture): Pixels {
  const { width, height } = picture;
  const labels = shrunk(mask, picture);
  const tissue = { width, height, data: labels.map((label) => (label === TissueLabel.Tissue ? 1 : 0)) };
  const inner = withoutBorder(tissue).data;
  const data = picture.data.slice();
  for (const [pixel, label] of labels.entries()) {
    if (label === TissueLabel.Glass || inner[pixel] === 1) continue;
    const opacity = label === TissueLabel.Tissue ? 1 : OPACITY;
    const { colour } = LABELS[label]!;
    for (let channel = 0; channel < 3; channel++) {
      const at = pixel * 3 + channel;
      data[at] = Math.round(data[at]! * (1 - opacity) + colour[channel]! * opacity);
    }
  }
  return { width, height, data };
}

/** Tissue that reaches the picture's border has its line there. */
function withoutBorder(mask: Mask): Mask {
  const { width, height, data } = eroded(mask, OUTLINE);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromBorder = Math.min(x, y, width - 1 - x, height - 1 - y);
      if (fromBorder < OUTLINE) data[y * width + x] = 0;
    }
  }
  return { width, height, data };
}

/** A label for each pixel of the picture. What is small against a pixel is drawn, too: anything but glass goes before it. */
function shrunk(mask: LabelledPicture, { width, height }: Pick<Pixels, 'width' | 'height'>): Uint8Array {
  const labels = new Uint8Array(width * height);
  const [columns, rows] = [spans(width, mask.width), spans(height, mask.height)];
  const counts = new Uint32Array(LABELS.length);
  for (const [y, [top, bottom]] of rows.entries()) {
    for (const [x, [left, right]] of columns.entries()) {
      counts.fill(0);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++)
          counts[mask.labels[row * mask.width + column]!]! += 1;
      }
      counts[TissueLabel.Glass] = 0;
      const most = Math.max(...counts);
      labels[y * width + x] = most === 0 ? TissueLabel.Glass : counts.indexOf(most);
    }
  }
  return labels;
}

/** For each pixel of a side of the picture, which of the mask's it shows: from, up to. */
function spans(pixels: number, maskPixels: number): (readonly [number, number])[] {
  return Array.from({ length: pixels }, (_, at) => {
    const from = Math.floor((at * maskPixels) / pixels);
    return [from, Math.max(from + 1, Math.floor(((at + 1) * maskPixels) / pixels))];
  });
}

const LINE = 24;
/** Of the widest usual letters at the legend's size. */
const CHARACTER_WIDTH = 9;

/** An SVG of the picture with its legend: what each colour means and how much of the slide it is. */
export function tissueSvg(
  title: string,
  picture: { readonly width: number; readonly height: number; readonly png: Buffer },
  summary: TissueSummary,
): string {
  const { width, height, png } = picture;
  const rows = LABELS.flatMap(({ name, colour }) => {
    const area = summary.areas[name];
    if (area === undefined) return [];
    return [{ colour, text: areaText(area) }];
  });
  const wide = Math.max(width, 640);
  const notes = [
    shortened(title, Math.floor(wide / CHARACTER_WIDTH)),
    `mask pixels of ${summary.micrometresPerMaskPixel} µm` +
      (summary.assumedMpp === undefined
        ? ''
        : ` (the slide does not say its resolution: ${summary.assumedMpp} µm/px assumed)`),
  ];
  const legendTop = height + LINE * (notes.length + 0.5);
  const total = legendTop + LINE * rows.length + LINE / 2;
  const text = (x: number, y: number, words: string): string =>
    `<text x="${x}" y="${y}">${escaped(words)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${total}" viewBox="0 0 ${wide} ${total}">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<image width="${width}" height="${height}" href="data:image/png;base64,${png.toString('base64')}"/>`,
    `<g font-family="sans-serif" font-size="15" fill="#222">`,
    ...notes.map((note, at) => text(8, height + LINE * (at + 0.8), note)),
    ...rows.flatMap(({ colour, text: words }, at) => {
      const y = legendTop + LINE * at;
      return [
        `<rect x="8" y="${y}" width="16" height="16" fill="rgb(${colour.join(',')})" stroke="#888"/>`,
        text(32, y + 13, words),
      ];
    }),
    '</g></svg>',
    '',
  ].join('\n');
}

/** The end of a long path is what identifies it. */
function shortened(text: string, most: number): string {
  return text.length <= most ? text : `…${text.slice(1 - most)}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
