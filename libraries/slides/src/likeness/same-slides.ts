/** Which slides of a cohort show the same tissue, by their signatures. */
import { setImmediate } from 'node:timers/promises';
import { DETAIL_BYTES, type SlideSignature } from './signature.ts';

/** Level-0 pixels, and what is to be compared. */
export interface SignedSlide {
  readonly width: number;
  readonly height: number;
  readonly fingerprint: string;
  readonly signature: SlideSignature;
}

export interface SameSlides {
  /** Indices of the slides; `first` is the lower one. */
  readonly first: number;
  readonly second: number;
  /** The same file, the same pixels, or the same picture recompressed or rescaled. */
  readonly how: 'file' | 'pixels' | 'picture';
}

/** Fewer points with detail prove nothing: the outline of a drawn piece of tissue has as many. */
const FEWEST_POINTS = 256;
/**
 * Where both have detail, the part that agrees less the part that does not: 0 by chance, 1 for the same pixels. Measured:
 * above 0.94 for a real slide recompressed at any quality or halved, above 0.6 for a drawn one, and up to 0.15 for
 * different slides, also of one outline.
 */
const ALIKE = 0.4;
/** Standard deviations of the agreement by chance: few points must agree better, as there are many pairs. */
const DEVIATIONS = 7;
/** Of the points where the one with less detail has some, the part where the other has, too. */
const LEAST_OVERLAP = 0.5;
/** Levels of red, green and blue, on the average of all fields. */
const SAME_COLOURS = 12;
/** Slides of other proportions are not the same picture. */
const SAME_PROPORTIONS = 1.01;
const ROWS_AT_ONCE = 64;

interface Compared {
  readonly index: number;
  readonly proportions: number;
  /** Bits: where there is detail, and where it is bright. */
  readonly present: Uint32Array;
  readonly bright: Uint32Array;
  readonly points: number;
  readonly colours: Uint8Array;
}

/** Every slide that shows the same as one before it, once; in order. Lets others run meanwhile. */
export async function sameSlides(slides: readonly SignedSlide[]): Promise<SameSlides[]> {
  const found = new Map<number, SameSlides>();
  const note = (a: number, b: number, how: SameSlides['how']): void => {
    const [first, second] = a < b ? [a, b] : [b, a];
    const known = found.get(second);
    if (known === undefined || (known.how === 'picture' && first < known.first))
      found.set(second, { first, second, how });
  };
  noteEqual(
    slides,
    (slide) => slide.fingerprint,
    (a, b) => note(a, b, 'file'),
  );
  noteEqual(slides, pictureOf, (a, b) => note(a, b, 'pixels'));
  const compared = slides
    .flatMap((slide, index) => comparedOf(slide, index) ?? [])
    .sort((a, b) => a.proportions - b.proportions || a.index - b.index);
  for (const [at, a] of compared.entries()) {
    if (at % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await setImmediate();
    for (let next = at + 1; next < compared.length; next++) {
      const b = compared[next]!;
      if (b.proportions > a.proportions * SAME_PROPORTIONS) break;
      if (areAlike(a, b) && sameColours(a, b)) note(a.index, b.index, 'picture');
    }
  }
  return [...found.values()].sort((a, b) => a.second - b.second);
}

/** How far the details of two slides agree, from -1 to 1; 0 when one has too little of it, or they lie elsewhere. */
export function detailAgreement(a: SlideSignature, b: SlideSignature): number {
  const prepared = (signature: SlideSignature): Compared | undefined =>
    comparedOf({ width: 1, height: 1, fingerprint: '', signature }, 0);
  const [first, second] = [prepared(a), prepared(b)];
  return first === undefined || second === undefined ? 0 : agreementOf(first, second).agreement;
}

/** Pictures of the same pixels in slides of other sizes are not the same slide. */
function pictureOf({ width, height, signature }: SignedSlide): string {
  return signature.picture === '' ? '' : `${width} ${height} ${signature.picture}`;
}

function noteEqual(
  slides: readonly SignedSlide[],
  keyOf: (slide: SignedSlide) => string,
  note: (first: number, second: number) => void,
): void {
  const firsts = new Map<string, number>();
  for (const [index, slide] of slides.entries()) {
    const key = keyOf(slide);
    const first = firsts.get(key);
    if (first !== undefined) note(first, index);
    else if (key !== '') firsts.set(key, index);
  }
}

function comparedOf({ width, height, signature }: SignedSlide, index: number): Compared | undefined {
  const { detail, colours } = signature;
  if (detail.length !== DETAIL_BYTES * 2) return undefined;
  const words = (start: number): Uint32Array => {
    // Copied, as bytes that came over the wire may begin anywhere in their buffer.
    return new Uint32Array(Uint8Array.from(detail.subarray(start, start + DETAIL_BYTES)).buffer);
  };
  const present = words(0);
  const points = present.reduce((sum, word) => sum + bits(word), 0);
  if (points < FEWEST_POINTS) return undefined;
  return { index, proportions: width / height, present, bright: words(DETAIL_BYTES), points, colours };
}

interface Agreement {
  readonly agreement: number;
  /** Where both have detail. */
  readonly points: number;
}

function agreementOf(a: Compared, b: Compared): Agreement {
  let points = 0;
  let agree = 0;
  for (let word = 0; word < a.present.length; word++) {
    const common = a.present[word]! & b.present[word]!;
    points += bits(common);
    agree += bits(common & ~(a.bright[word]! ^ b.bright[word]!));
  }
  const elsewhere = points < LEAST_OVERLAP * Math.min(a.points, b.points);
  return { points, agreement: elsewhere ? 0 : (2 * agree - points) / points };
}

function areAlike(a: Compared, b: Compared): boolean {
  const { agreement, points } = agreementOf(a, b);
  return agreement >= Math.max(ALIKE, DEVIATIONS / Math.sqrt(points));
}

function sameColours(a: Compared, b: Compared): boolean {
  const difference = a.colours.reduce((sum, value, at) => sum + Math.abs(value - b.colours[at]!), 0);
  return difference <= SAME_COLOURS * a.colours.length;
}

function bits(word: number): number {
  let rest = word - ((word >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
