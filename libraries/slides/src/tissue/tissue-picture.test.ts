import { describe, expect, it } from '@jest/globals';
import { createPixels } from '../pixels.ts';
import { LABELS, TissueLabel } from './labels.ts';
import { areaText } from './summary.ts';
import { drawLabels, tissueSvg } from './tissue-picture.ts';

const WHITE = 250;

/** A mask of one label, with a rectangle of another. */
function labelled(
  side: number,
  { from, to, label }: { readonly from: number; readonly to: number; readonly label: number },
): { width: number; height: number; labels: Uint8Array } {
  const labels = new Uint8Array(side * side);
  for (let y = from; y < to; y++) labels.fill(label, y * side + from, y * side + to);
  return { width: side, height: side, labels };
}

function colourAt(data: Uint8Array, width: number, x: number, y: number): number[] {
  const at = (y * width + x) * 3;
  return [...data.subarray(at, at + 3)];
}

describe('the picture of the detected tissue', () => {
  const tissue = LABELS[TissueLabel.Tissue]!.colour;

  it('keeps the colours of the tissue, with an outline around it', () => {
    const mask = labelled(100, { from: 30, to: 70, label: TissueLabel.Tissue });
    const { data } = drawLabels(createPixels(100, 100, WHITE), mask);
    expect(colourAt(data, 100, 50, 50)).toEqual([WHITE, WHITE, WHITE]);
    expect(colourAt(data, 100, 30, 50)).toEqual([...tissue]);
    expect(colourAt(data, 100, 69, 69)).toEqual([...tissue]);
    expect(colourAt(data, 100, 29, 50)).toEqual([WHITE, WHITE, WHITE]);
  });

  it('has the outline at its border when all of it is tissue', () => {
    const mask = labelled(50, { from: 0, to: 50, label: TissueLabel.Tissue });
    const { data } = drawLabels(createPixels(50, 50, WHITE), mask);
    expect(colourAt(data, 50, 0, 25)).toEqual([...tissue]);
    expect(colourAt(data, 50, 25, 49)).toEqual([...tissue]);
    expect(colourAt(data, 50, 25, 25)).toEqual([WHITE, WHITE, WHITE]);
  });

  it('shows pieces smaller than one of its pixels, wherever they are', () => {
    for (let at = 300; at < 310; at++) {
      const mask = labelled(1000, { from: at, to: at + 2, label: TissueLabel.Tissue });
      const { data } = drawLabels(createPixels(100, 100, WHITE), mask);
      expect(data.some((value) => value !== WHITE)).toBe(true);
    }
  });

  it('colours what was excluded', () => {
    const mask = labelled(60, { from: 10, to: 50, label: TissueLabel.Pen });
    const { data } = drawLabels(createPixels(60, 60, WHITE), mask);
    const pen = LABELS[TissueLabel.Pen]!.colour;
    expect(colourAt(data, 60, 30, 30)).toEqual(pen.map((value) => Math.round(WHITE * 0.4 + value * 0.6)));
  });

  it('distinguishes little tissue from none, and fits the end of a long path', () => {
    expect(areaText({ meaning: 'tissue', mm2: 0.1, share: 0.0001662 })).toBe('tissue: 0.017%, 0.1 mm²');
    expect(areaText({ meaning: 'tissue', mm2: 50, share: 0.2044 })).toBe('tissue: 20.4%, 50 mm²');
    const path = `/data/${'long/'.repeat(60)}slide-17.svs`;
    const png = Buffer.alloc(0);
    const none = { micrometresPerMaskPixel: 8, areas: {}, leftOut: [], leftOutRegions: 0 };
    const svg = tissueSvg(path, { width: 900, height: 10, png }, none);
    const title = /<text x="8"[^>]*>(…[^<]*)</u.exec(svg)?.[1] ?? '';
    expect(title.endsWith('slide-17.svs')).toBe(true);
    expect(title.length * 9).toBeLessThanOrEqual(900);
  });

  it("has the slide's name as its title, without markup", () => {
    const none = { micrometresPerMaskPixel: 8, areas: {}, leftOut: [], leftOutRegions: 0 };
    const picture = { width: 900, height: 10, png: Buffer.alloc(0) };
    const svg = tissueSvg('</text><script>alert(1)</script>&.svs', picture, none);
    expect(svg).toContain('&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;.svs');
    expect(svg).not.toContain('<script');
  });
});
