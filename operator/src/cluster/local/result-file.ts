/**
 * What a finished run leaves in OUTPUT/result.json, as the operator reads and completes it. What of it is believed is
 * decided in plan/last-word.ts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord, systemErrorCode, writeFileAtomically, WsiError } from '@wsi-operator/foundation';
import { DIGEST, isNumber, recordOf } from '../../plan/believed.ts';

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
  const wrong = faultOf(parsed(content));
  if (wrong === undefined) return JSON.parse(content) as RunResult;
  throw new WsiError('CheckpointInvalid', `is not the result of a run: ${wrong}`, {
    where: path,
    remedy: 'Remove it, or choose another output directory.',
  });
}

/** Undefined when it is not JSON. */
function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

const isMetric = (value: unknown): boolean => value === null || typeof value === 'number';
const isMap = (value: unknown, of: (value: unknown) => boolean): boolean =>
  isRecord(value) && Object.values(value).every(of);
const optional = (value: unknown, is: (value: unknown) => boolean): boolean =>
  value === undefined || is(value);

/** What is read of it, and how each must be. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  parametersSha256: (value) => typeof value === 'string' && DIGEST.test(value),
  steps: isNumber,
  tiles: isNumber,
  tilesPerSecond: isNumber,
  metrics: (value) => isMap(value, isMetric),
  peakMemoryBytes: (value) => isMap(value, isNumber),
  restarts: (value) => optional(value, (counts) => isMap(counts, isNumber)),
  quarantined: (value) => optional(value, Array.isArray),
};

function faultOf(result: unknown): string | undefined {
  if (!isRecord(result)) return 'it is not a JSON object';
  const field = Object.keys(FIELDS).find((name) => !FIELDS[name]?.(result[name]));
  return field === undefined ? undefined : `its '${field}' is missing or not what a run writes`;
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
