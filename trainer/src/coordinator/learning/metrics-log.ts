/** `metrics.jsonl`: one line a step, an evaluation, a window. A resumed run cuts it back to where it starts. */
import { appendFile, readFile } from 'node:fs/promises';
import { storageError, writeFileAtomically } from '@wsi-operator/foundation';
import type { Window } from '@wsi-operator/protocol';

export interface StepLine {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly tiles: number;
  /** Before it is clipped; only with `training.gradientClipping`. */
  readonly gradientNorm?: number;
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

/** Where the time of some whole steps at one size went; see `Window` in the protocol. */
export interface WindowLine {
  /** Steps applied at its end. */
  readonly step: number;
  readonly epoch: number;
  readonly window: Window & {
    /** Step of the run that it begins with. */
    readonly from: number;
  };
  /** Unix milliseconds. */
  readonly time: number;
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

  async append(line: StepLine | EvaluationLine | WindowLine): Promise<void> {
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
  const written = Math.max(0, ...there.filter(({ kind }) => kind === 'step').map(({ steps }) => steps));
  const missing = known.filter((line) => line.step >= written && line.step < step);
  return {
    lines: [...kept, ...missing.map((line) => JSON.stringify(line))],
    evaluated: there.filter(({ kind }) => kind === 'evaluation').map(({ steps }) => steps),
  };
}

/** The lines about steps of a whole file, in their order. */
export function stepLines(text: string): StepLine[] {
  const lines = text.split('\n').filter((line) => appliedOf(line)?.kind === 'step');
  return lines.map((line) => JSON.parse(line) as StepLine);
}

/** Steps that must have been applied for this line to be kept; undefined for a line that is not whole. */
function appliedOf(line: string): { steps: number; kind: 'step' | 'evaluation' | 'window' } | undefined {
  try {
    const { step, split, window } = JSON.parse(line) as { step?: unknown; split?: unknown; window?: unknown };
    if (typeof step !== 'number') return undefined;
    if (window !== undefined) return { steps: step, kind: 'window' };
    return split === undefined ? { steps: step + 1, kind: 'step' } : { steps: step, kind: 'evaluation' };
  } catch {
    return undefined;
  }
}
