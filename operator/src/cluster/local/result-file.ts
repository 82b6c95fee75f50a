/**
 * What a finished run leaves in OUTPUT/result.json, as the operator reads and completes it. What of it is believed is
 * decided in plan/last-word.ts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, writeFileAtomically, WsiError } from '@wsi-operator/foundation';
import { recordOf } from '../../plan/believed.ts';

export interface RunResult {
  readonly parametersSha256: string;
  readonly steps: number;
  readonly tiles: number;
  readonly tilesPerSecond: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly peakMemoryBytes: Readonly<Record<string, number>>;
  readonly restarts?: Readonly<Record<string, number>>;
  /** The slides that were left out because they cannot be read. */
  readonly quarantined?: readonly unknown[];
  readonly [other: string]: unknown;
}

/** Undefined when there is none. @throws WsiError `CheckpointInvalid` when it is not a result */
export async function readResult(output: string): Promise<RunResult | undefined> {
  const path = join(output, 'result.json');
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw WsiError.from(error, 'StorageFailed', { where: path });
  }
  try {
    const result = JSON.parse(content) as RunResult;
    if (typeof result.parametersSha256 === 'string') return result;
  } catch {
    // Not JSON: the same problem as JSON without a digest.
  }
  throw new WsiError('CheckpointInvalid', 'is not the result of a run', {
    where: path,
    remedy: 'Remove it, or choose another output directory.',
  });
}

/** Adds what only the operator knows: how often pods of each role were started again. */
export async function mergeRestarts(
  output: string,
  restarts: Readonly<Record<string, number>>,
): Promise<RunResult | undefined> {
  const result = await readResult(output);
  if (result === undefined) return undefined;
  const merged = { ...result, restarts };
  await writeFileAtomically(join(output, 'result.json'), `${JSON.stringify(merged, null, 2)}\n`);
  return merged;
}

/** Whether a result is of the same run with fewer epochs, to which some were added since. */
export function isOfFewerEpochs({ job }: RunResult, epochs: number): boolean {
  const training = recordOf(recordOf(recordOf(job)['spec'])['training']);
  return Number(training['epochs']) < epochs;
}
