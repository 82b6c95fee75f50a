/**
 * OpenSlide takes every level for a picture of the same field, so it reads levels that are padded to whole tiles at a
 * wrong scale. What the file says of its levels corrects that.
 */
import type { SlideLevel } from '../slide.ts';

/** A level as it is used: which of OpenSlide's it is, the part of it that lies on the slide, and its true scale. */
export interface CorrectedLevel extends SlideLevel {
  readonly index: number;
}

export interface Correction {
  readonly levels: readonly CorrectedLevel[];
  readonly notes: readonly string[];
}

/** @returns undefined when OpenSlide does not have the slide that is meant */
export type CorrectLevels = (levels: readonly SlideLevel[]) => Correction | undefined;

/** Without better knowledge: those whose shape is not the slide's are left out. */
export function withoutOddShapes(levels: readonly SlideLevel[]): Correction {
  const first = levels[0]!;
  const notes: string[] = [];
  const kept = levels.flatMap((level, index): CorrectedLevel[] => {
    const { width, height, downsample } = level;
    const x = first.width / width;
    const y = first.height / height;
    // Another downsample than the mean was computed from what the file says.
    const isGuess = Math.abs(downsample / ((x + y) / 2) - 1) < 1e-6;
    const tolerance = 1.5 / width + 1.5 / height + 0.01;
    if (isGuess && Math.abs(x / y - 1) > tolerance) {
      notes.push(
        `level ${index} (${width} x ${height}) is not used: its shape is not that of the slide, and nothing in the file says what part of it it shows`,
      );
      return [];
    }
    return [{ ...level, index }];
  });
  return { levels: kept, notes };
}
