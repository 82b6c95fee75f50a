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

  constructor(path: string) {
    this.#path = path;
  }

  /** Keeps the lines of the first `step` steps; a torn last line goes too. */
  async cutBack(step: number): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const kept = text.split('\n').filter((line) => {
      const of = stepOf(line);
      return of !== undefined && of <= step;
    });
    await writeFileAtomically(this.#path, kept.map((line) => `${line}\n`).join(''));
  }

  async append(line: StepLine | EvaluationLine): Promise<void> {
    try {
      await appendFile(this.#path, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw storageError(this.#path, error);
    }
  }
}

/** Steps that must have been applied for this line to be kept; undefined for a line that is not whole. */
function stepOf(line: string): number | undefined {
  try {
    const { step, split } = JSON.parse(line) as { step?: unknown; split?: unknown };
    if (typeof step !== 'number') return undefined;
    return split === undefined ? step + 1 : step;
  } catch {
    return undefined;
  }
}
