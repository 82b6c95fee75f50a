/** `metrics.jsonl`: one line a step and one an evaluation. A resumed run cuts it back to its checkpoint. */
import { appendFile, readFile } from 'node:fs/promises';
import { storageError, writeFileAtomically } from '@wsi/foundation';

export interface StepLine {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly tiles: number;
  readonly tilesPerSecond: number;
  readonly seconds: number;
  /** Unix milliseconds. */
  readonly time: number;
}

export interface EvaluationLine {
  /** The version that was evaluated: steps applied. */
  readonly step: number;
  readonly epoch: number;
  readonly split: string;
  readonly metrics: Readonly<Record<string, number>>;
}

export class MetricsLog {
  readonly #path: string;
  /** Versions whose evaluation has its line. */
  readonly #evaluated = new Set<number>();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Keeps the lines of the first `step` steps; a torn last line goes too.
   * @param known lines of some of these steps, the last of which may not have come to be written
   */
  async cutBack(step: number, known: readonly StepLine[] = []): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const { lines, evaluated } = cutLines(text, step, known);
    this.#evaluated.clear();
    for (const version of evaluated) this.#evaluated.add(version);
    await writeFileAtomically(this.#path, lines.map((line) => `${line}\n`).join(''));
  }

  /** Whether the version was evaluated, by a line that is here. */
  hasEvaluation(version: number): boolean {
    return this.#evaluated.has(version);
  }

  async append(line: StepLine | EvaluationLine): Promise<void> {
    try {
      await appendFile(this.#path, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw storageError(this.#path, error);
    }
    if ('split' in line) this.#evaluated.add(line.step);
  }
}

/** The lines of the first `step` steps, those of `known` that are missing added, and the versions that were evaluated. */
export function cutLines(
  text: string,
  step: number,
  known: readonly StepLine[],
): { lines: string[]; evaluated: number[] } {
  const kept = text.split('\n').filter((line) => (appliedOf(line)?.steps ?? Infinity) <= step);
  const there = kept.map((line) => appliedOf(line)!);
  const written = Math.max(0, ...there.filter((of) => !of.evaluation).map(({ steps }) => steps));
  const missing = known.filter((line) => line.step >= written && line.step < step);
  return {
    lines: [...kept, ...missing.map((line) => JSON.stringify(line))],
    evaluated: there.filter((of) => of.evaluation).map(({ steps }) => steps),
  };
}

/** Steps that must have been applied for this line to be kept; undefined for a line that is not whole. */
function appliedOf(line: string): { steps: number; evaluation: boolean } | undefined {
  try {
    const { step, split } = JSON.parse(line) as { step?: unknown; split?: unknown };
    if (typeof step !== 'number') return undefined;
    const evaluation = split !== undefined;
    return { steps: evaluation ? step : step + 1, evaluation };
  } catch {
    return undefined;
  }
}
