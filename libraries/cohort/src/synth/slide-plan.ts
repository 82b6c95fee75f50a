/** The plan of one slide, a pure function of the parameters and its place in the cohort. */
import { RandomStream, WsiError } from '@wsi-operator/foundation';
import type { Motif, MotifKind } from './motif.ts';
import type { SynthesisParameters } from './options.ts';
import type { SlidePlan } from './slide-painter.ts';
import type { Assignment } from './tasks.ts';
import { grownTissue, planTissue, TissueMap, type TissueShape } from './tissue.ts';

export interface PlannedSlide extends SlidePlan {
  /** Patches of the grid that are wholly tissue: where motifs could be. */
  readonly tissuePatches: number;
}

/**
 * @param index of the slide in the cohort; the outcome has no part in anything but the motifs' number and kinds
 * @throws WsiError InvalidArgument when the tissue has no room for the motifs
 */
export function planSlide(
  parameters: SynthesisParameters,
  textureSize: number,
  { motifs: counts, slide }: Pick<Assignment, 'motifs' | 'slide'>,
  index: number,
): PlannedSlide {
  const { width, height, coverage, seed } = parameters;
  const random = new RandomStream(seed, `slide/${index}`);
  const { shape, squares } = roomyTissue(parameters, planTissue(width, height, coverage, random), slide);
  const kinds: MotifKind[] = [
    ...Array.from({ length: counts.A }, () => 'A' as const),
    ...Array.from({ length: counts.B }, () => 'B' as const),
  ];
  const stain = (): number => 1 + parameters.stainVariation * (2 * random.uniform() - 1);
  return {
    shape,
    seed: random.uint32(),
    phase: { x: random.integer(textureSize), y: random.integer(textureSize) },
    stain: [stain(), stain(), stain()],
    motifs: drawSquares(squares, kinds.length, random).map((square, place) =>
      motifIn(square, kinds[place] ?? 'A', parameters, random),
    ),
    tissuePatches: squares.length,
  };
}

/**
 * The shape, grown until it has room for the most motifs that any slide of the cohort can get: were it this slide's
 * own number, the area of the tissue would reveal the outcome.
 */
function roomyTissue(
  parameters: SynthesisParameters,
  shape: TissueShape,
  slide: string,
): { shape: TissueShape; squares: Uint32Array } {
  const needed = parameters.motifs * (parameters.task === 'survival' ? 2 : 1);
  let grown = shape;
  for (let growth = 0; ; growth++) {
    const squares = tissueSquares(parameters, grown);
    if (squares.length >= needed) return { shape: grown, squares };
    if (growth === 8) {
      const problem = `its tissue covers ${squares.length} whole patches, too few for ${needed} motifs.`;
      const remedy = 'Make the slides larger, the coverage higher, or the motifs fewer.';
      throw new WsiError('InvalidArgument', problem, { where: slide, remedy });
    }
    grown = grownTissue(grown, 1.1);
  }
}

/** Indices into the grid of patches, row by row. */
function tissueSquares({ width, height, patch }: SynthesisParameters, shape: TissueShape): Uint32Array {
  const map = new TissueMap(shape, 0);
  const columns = Math.floor(width / patch);
  const rows = Math.floor(height / patch);
  const found = new Uint32Array(columns * rows);
  let count = 0;
  for (let square = 0; square < columns * rows; square++) {
    const x = (square % columns) * patch;
    const y = Math.floor(square / columns) * patch;
    if (map.classify(x, y, patch, patch) === 'tissue') found[count++] = square;
  }
  return found.subarray(0, count);
}

/** `count` different squares in random order: the first steps of a Fisher-Yates shuffle, in place. */
function drawSquares(squares: Uint32Array, count: number, random: RandomStream): number[] {
  const drawn: number[] = [];
  for (let place = 0; place < count; place++) {
    const other = place + random.integer(squares.length - place);
    const square = squares[other] ?? 0;
    squares[other] = squares[place] ?? 0;
    squares[place] = square;
    drawn.push(square);
  }
  return drawn;
}

function motifIn(
  square: number,
  kind: MotifKind,
  { width, patch, motifSize, jitter }: SynthesisParameters,
  random: RandomStream,
): Motif {
  const columns = Math.floor(width / patch);
  const room = patch - motifSize + 1;
  // Drawn even when unused, so that a cohort with jitter differs from one without in nothing else.
  const offset = { x: random.integer(room), y: random.integer(room) };
  const x = (square % columns) * patch + (jitter ? offset.x : 0);
  const y = Math.floor(square / columns) * patch + (jitter ? offset.y : 0);
  return { kind, x, y, size: motifSize };
}
