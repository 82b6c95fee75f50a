/** Annotated areas on a tissue mask: which are meant, whether they fit the slide, and what they leave. */
import { WsiError } from '@wsi-operator/foundation';
import { TissueLabel } from '../tissue/labels.ts';
import type { Annotations, AnnotatedArea, Ring } from './geojson.ts';

export interface AreaChoice {
  /** Classes that are taken; by default every one that is not excluded, and that QuPath does not ignore (Ignore*). */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** `narrow` (the default) keeps the tissue in the areas; `replace` takes the areas for tissue. */
  readonly use?: 'narrow' | 'replace' | undefined;
}

/** A picture of the whole slide, of which each pixel has a {@link TissueLabel}. */
export interface LabelledSlide {
  readonly width: number;
  readonly height: number;
  readonly labels: Uint8Array;
  /** Level-0 pixels for one pixel. */
  readonly scaleX: number;
  readonly scaleY: number;
}

/** A drawing may reach beyond the slide by this part of its size. */
const OVERHANG = 0.05;
/** With less of the areas on tissue than this, they are of another slide. */
const LEAST_ON_TISSUE = 0.02;
/** Of one area with the rows of the picture that it is drawn in, which has some thousand. */
const MOST_CROSSINGS = 2 ** 23;
const OTHER_SLIDE =
  'Check that the file is of this slide and in level-0 pixels: neither micrometres nor pixels of a thumbnail.';

/**
 * The labels with the annotations applied.
 * @throws WsiError InvalidArgument when the areas cannot be of this slide, or a class that is asked for is not there
 */
export function applyAnnotations(
  slide: LabelledSlide,
  annotations: Annotations,
  choice: AreaChoice,
  where: string,
): Uint8Array {
  requireFit(slide, annotations.areas, where);
  const { included, excluded } = chosenAreas(annotations.areas, choice, where);
  const inside = included === undefined ? undefined : rasterised(slide, included);
  const outside = rasterised(slide, excluded);
  const replace = choice.use === 'replace';
  if (!replace && inside !== undefined) requireTissue(slide.labels, inside, where);
  return slide.labels.map((label, pixel) => {
    if (outside[pixel] === 1) return TissueLabel.Excluded;
    const taken = inside === undefined || inside[pixel] === 1;
    if (replace)
      return taken ? TissueLabel.Tissue : label === TissueLabel.Tissue ? TissueLabel.Outside : label;
    return label === TissueLabel.Tissue && !taken ? TissueLabel.Outside : label;
  });
}

/** A class of QuPath whose name ends with a star (Ignore*, Region*) marks what is not to be used as a class. */
const isIgnored = ({ className }: AnnotatedArea): boolean => className.endsWith('*');

const folded = (name: string): string => name.normalize('NFC').trim().toLowerCase();

function chosenAreas(
  areas: readonly AnnotatedArea[],
  { include, exclude = [] }: AreaChoice,
  where: string,
): { included: readonly AnnotatedArea[] | undefined; excluded: readonly AnnotatedArea[] } {
  const areasOfClasses = (names: readonly string[]): readonly AnnotatedArea[] => {
    const wanted = new Set(names.map(folded));
    return areas.filter(({ className }) => wanted.has(folded(className)));
  };
  const excluded = areasOfClasses(exclude);
  if (include !== undefined && include.length > 0) {
    const included = areasOfClasses(include);
    if (included.length > 0) return { included, excluded };
    const there = [...new Set(areas.map(({ className }) => (className === '' ? '(no class)' : className)))];
    throw new WsiError(
      'InvalidArgument',
      `The annotations have no area of class ${include.join(' or ')}; they have ${there.sort().join(', ')}.`,
      { where, remedy: 'Correct patches.tissue.annotations.include, or annotate the slide.' },
    );
  }
  const rest = areas.filter((area) => !excluded.includes(area) && !isIgnored(area));
  // Someone who only marks what is bad means the rest of the slide.
  return { included: rest.length === 0 ? undefined : rest, excluded };
}

function requireFit(slide: LabelledSlide, areas: readonly AnnotatedArea[], where: string): void {
  const width = slide.width * slide.scaleX;
  const height = slide.height * slide.scaleY;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { rings } of areas) {
    for (const ring of rings) {
      for (let at = 0; at < ring.length; at += 2) {
        left = Math.min(left, ring[at]!);
        right = Math.max(right, ring[at]!);
        top = Math.min(top, ring[at + 1]!);
        bottom = Math.max(bottom, ring[at + 1]!);
      }
    }
  }
  requireDrawing(slide, areas, where);
  const slack = OVERHANG * Math.max(width, height);
  const box = `x ${left} to ${right}, y ${top} to ${bottom}`;
  const size = `the slide has ${Math.round(width)} x ${Math.round(height)} pixels`;
  if (right <= 0 || bottom <= 0 || left >= width || top >= height) {
    throw misfit(`all areas lie outside the slide: ${box}; ${size}`, where);
  }
  if (left < -slack || top < -slack || right > width + slack || bottom > height + slack) {
    throw misfit(`the areas reach far beyond the slide: ${box}; ${size}`, where);
  }
  if (right - left <= 2 && bottom - top <= 2) {
    throw misfit(
      `the areas are smaller than two pixels (${box}): the numbers may be parts of the slide's size`,
      where,
    );
  }
}

/** What is filled is found row by row: an outline that goes up and down a million times takes gigabytes. */
function requireDrawing({ scaleY }: LabelledSlide, areas: readonly AnnotatedArea[], where: string): void {
  for (const { rings } of areas) {
    let rows = 0;
    for (const ring of rings) {
      for (let at = 3; at < ring.length; at += 2) rows += Math.abs(ring[at]! - ring[at - 2]!) / scaleY;
    }
    if (rows > MOST_CROSSINGS) throw misfit('an area goes up and down more often than any drawing', where);
  }
}

function requireTissue(labels: Uint8Array, inside: Uint8Array, where: string): void {
  let area = 0;
  let tissue = 0;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (inside[pixel] === 0) continue;
    area++;
    if (labels[pixel] === TissueLabel.Tissue) tissue++;
  }
  if (area > 0 && tissue >= area * LEAST_ON_TISSUE) return;
  const part = area === 0 ? 'None' : `Only ${((tissue / area) * 100).toFixed(1)}%`;
  throw new WsiError('InvalidArgument', `${part} of the annotated areas lies on tissue.`, {
    where,
    remedy: `${OTHER_SLIDE} To take the areas as they are, set patches.tissue.annotations.use to replace.`,
  });
}

function misfit(problem: string, where: string): WsiError {
  return new WsiError('InvalidArgument', `The annotations do not fit the slide: ${problem}.`, {
    where,
    remedy: OTHER_SLIDE,
  });
}

/** 1 where a pixel's centre lies in any of the areas (even-odd: a ring in a ring is a hole). */
export function rasterised(slide: LabelledSlide, areas: readonly AnnotatedArea[]): Uint8Array {
  const { width, height } = slide;
  const result = new Uint8Array(width * height);
  for (const { rings } of areas) {
    const crossings: number[][] = [];
    for (const ring of rings) addCrossings(slide, ring, crossings);
    for (const [y, row] of crossings.entries()) {
      // Holes of the list, for rows that no ring touches, are undefined.
      const sorted = ((row as number[] | undefined) ?? []).sort((a, b) => a - b);
      for (let at = 0; at + 1 < sorted.length; at += 2) {
        const first = Math.max(0, Math.ceil(sorted[at]! - 0.5));
        const end = Math.min(width, Math.ceil(sorted[at + 1]! - 0.5));
        if (end > first) result.fill(1, y * width + first, y * width + end);
      }
    }
  }
  return result;
}

/** Where a ring crosses the middle of each row, in pixels of the picture. */
function addCrossings({ height, scaleX, scaleY }: LabelledSlide, ring: Ring, crossings: number[][]): void {
  const count = ring.length / 2;
  for (let at = 0; at < count; at++) {
    const next = (at + 1) % count;
    const [x1, y1] = [ring[at * 2]! / scaleX, ring[at * 2 + 1]! / scaleY];
    const [x2, y2] = [ring[next * 2]! / scaleX, ring[next * 2 + 1]! / scaleY];
    if (y1 === y2) continue;
    const [low, high] = y1 < y2 ? [y1, y2] : [y2, y1];
    const first = Math.max(0, Math.ceil(low - 0.5));
    const end = Math.min(height, Math.ceil(high - 0.5));
    for (let y = first; y < end; y++) {
      (crossings[y] ??= []).push(x1 + ((y + 0.5 - y1) / (y2 - y1)) * (x2 - x1));
    }
  }
}
