/** What a run has come to, and where it differs from a quiet one. Numbers are compared to the last bit. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@wsi-operator/foundation';

export interface RunOutcome {
  readonly parametersSha256: string;
  /** Of what the model says of every slide; absent where it is not at hand. */
  readonly predictionsSha256?: string;
  /** Tiles that took part in training, each of the plan's once; absent where it is not at hand. */
  readonly tiles?: number;
  /** By step, the loss: one line a step, in order. */
  readonly losses?: readonly string[];
}

export function readOutcome(output: string): RunOutcome {
  const read = (name: string): string => readFileSync(join(output, name), 'utf8');
  const { parametersSha256, tiles } = JSON.parse(read('result.json')) as Required<RunOutcome>;
  const lines = read('metrics.jsonl').trimEnd().split('\n');
  const losses = lines
    .map((line) => JSON.parse(line) as { step: number; loss?: number; split?: string; window?: object })
    // Windows of measurement are what time made of them.
    .filter(({ split, window }) => split === undefined && window === undefined)
    .map(({ step, loss }) => `step ${step}: ${loss}`);
  return { parametersSha256, predictionsSha256: sha256(read('predictions.json')), tiles, losses };
}

/** Steps that are committed by what `metrics.jsonl` says; 0 before there is one. */
export async function stepsOf(output: string): Promise<number> {
  const text = await readFile(join(output, 'metrics.jsonl'), 'utf8').catch(() => '');
  const last = text.lastIndexOf('"loss"');
  const step = /"step":(\d+)/.exec(text.slice(text.lastIndexOf('\n', last) + 1))?.[1];
  return last < 0 || step === undefined ? 0 : Number(step) + 1;
}

/** One line a difference; none when they are the same. */
export function differences(quiet: RunOutcome, other: RunOutcome): string[] {
  const lines: string[] = [];
  for (const field of ['parametersSha256', 'predictionsSha256', 'tiles'] as const) {
    if (quiet[field] !== undefined && other[field] !== undefined && quiet[field] !== other[field]) {
      lines.push(`${field}: ${quiet[field]} in the quiet run, ${other[field]} in the storm`);
    }
  }
  const [before, now] = [quiet.losses ?? [], other.losses ?? []];
  const most = Math.max(before.length, now.length);
  const first = [...Array(most).keys()].find((index) => before[index] !== now[index]);
  if (other.losses !== undefined && first !== undefined) {
    lines.push(
      `losses: "${before[first] ?? 'none'}" in the quiet run, "${now[first] ?? 'none'}" in the storm`,
    );
  }
  return lines;
}
