/** What was found on a slide, in numbers and words: how much of what, and which regions were left out why. */
import type { Slide } from '../slide.ts';
import { LABELS, TissueLabel } from './labels.ts';
import { eachConnected } from './pieces.ts';
import { ASSUMED_MPP, mppOf, type TissueMask } from './tissue.ts';

export interface TissueSummary {
  readonly micrometresPerMaskPixel: number;
  /** Said when the slide does not say its resolution, so that all micrometres rest on a guess. */
  readonly assumedMpp?: number;
  /** By name of the label: square millimetres, and the part of the slide. */
  readonly areas: Readonly<Record<string, LabelArea>>;
  /** Kinds of background and their mean colours; absent for methods that know none. */
  readonly background?: readonly {
    readonly name: string;
    readonly rgb: readonly number[];
    readonly share: number;
  }[];
  /** Difference of optical density between channels from which on a pixel counted as stained. */
  readonly densityThreshold?: number;
  readonly annotations?: {
    readonly path: string;
    readonly sha256: string;
    readonly areasByClass: Readonly<Record<string, number>>;
    readonly withoutArea: number;
    readonly detections: number;
  };
  /** The largest regions that were left out, at most {@link MOST_REGIONS}; glass is not among them. */
  readonly leftOut: readonly LeftOut[];
  readonly leftOutRegions: number;
}

/** Square millimetres, and the part of the slide from 0 to 1. */
export interface LabelArea {
  readonly meaning: string;
  readonly mm2: number;
  readonly share: number;
}

export interface LeftOut {
  readonly reason: string;
  readonly mm2: number;
  /** Level-0 pixels: x, y, width, height. */
  readonly box: readonly [number, number, number, number];
}

export const MOST_REGIONS = 100;

export function summarizeTissue(slide: Slide, mask: TissueMask): TissueSummary {
  const mpp = mppOf(slide);
  const pixelArea = (mask.scaleX * mask.scaleY * mpp * mpp) / 1e6;
  const counts = new Float64Array(LABELS.length);
  for (const label of mask.labels) counts[label]! += 1;
  const areas = Object.fromEntries(
    LABELS.flatMap(({ name, meaning }, label) => {
      const count = counts[label]!;
      const share = rounded(count / mask.labels.length);
      return count === 0 ? [] : [[name, { meaning, mm2: rounded(count * pixelArea), share }] as const];
    }),
  );
  const regions = leftOutRegions(mask, pixelArea);
  return {
    micrometresPerMaskPixel: rounded(mask.scaleX * mpp),
    ...(slide.mpp === undefined ? { assumedMpp: ASSUMED_MPP } : {}),
    areas,
    ...backgroundOf(mask),
    ...annotationsOf(mask),
    leftOut: regions.slice(0, MOST_REGIONS),
    leftOutRegions: regions.length,
  };
}

/** "tissue: 12.3%, 4.5 mm²"; of little, as many digits as distinguish it from zero. */
export function areaText({ meaning, mm2, share }: LabelArea): string {
  const percent = share * 100;
  const part = percent >= 0.1 || percent === 0 ? percent.toFixed(1) : String(Number(percent.toPrecision(2)));
  return `${meaning}: ${part}%, ${mm2} mm²`;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

function backgroundOf({ findings }: TissueMask): Pick<TissueSummary, 'background' | 'densityThreshold'> {
  if (findings === undefined) return {};
  return {
    background: findings.background.map(({ name, colour, share }) => ({
      name,
      rgb: colour.map(Math.round),
      share: rounded(share),
    })),
    densityThreshold: findings.threshold,
  };
}

function annotationsOf({ annotations }: TissueMask): Pick<TissueSummary, 'annotations'> {
  if (annotations === undefined) return {};
  const { path, sha256, areas, withoutArea, detections } = annotations;
  const areasByClass: Record<string, number> = {};
  for (const { className } of areas) {
    const name = className === '' ? '(no class)' : className;
    areasByClass[name] = (areasByClass[name] ?? 0) + 1;
  }
  return { annotations: { path, sha256, areasByClass, withoutArea, detections } };
}

function leftOutRegions({ width, height, labels, scaleX, scaleY }: TissueMask, pixelArea: number): LeftOut[] {
  const regions: LeftOut[] = [];
  const data = labels.map((label) => (label === TissueLabel.Tissue ? 0 : label));
  eachConnected({ width, height, data }, (label, members) => {
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (const pixel of members) {
      const x = pixel % width;
      const y = (pixel - x) / width;
      [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
    }
    const box = [left * scaleX, top * scaleY, (right - left) * scaleX, (bottom - top) * scaleY];
    regions.push({
      reason: LABELS[label]!.name,
      mm2: rounded(members.length * pixelArea),
      box: box.map(Math.round) as unknown as LeftOut['box'],
    });
  });
  return regions.sort((a, b) => b.mm2 - a.mm2);
}
