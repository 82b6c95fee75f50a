/** `cursor.json` of a checkpoint: what it says, and that it says it. A checkpoint may come from anybody. */
import { canonicalJson, isRecord, parseJson, sha256 } from '@wsi-operator/foundation';
import type { InitialDigests } from '../initial/digests.ts';
import type { KnownCases } from '../plan/known-cases.ts';

export interface Cursor {
  /** 1 had no digest of the cursor itself. */
  readonly format: 1 | 2;
  /** Steps applied: the version of the parameters. */
  readonly step: number;
  /** Digest of everything that decides the numbers (spec, cohort, tiles): another run's checkpoint is refused. */
  readonly identity: string;
  /** As `identity`, without the number of epochs: a longer run begins with the same steps. Absent where it does not. */
  readonly prefix?: string;
  readonly parametersSha256: string;
  /** Tiles that went through a training step so far. */
  readonly tiles: number;
  readonly trainingSeconds: number;
  /** What a reader needs to use the model: network, head, patches, classes. Not checked here. */
  readonly model: unknown;
  /** What the run has measured of itself, for whoever sizes it after a restart; absent in older checkpoints. */
  readonly measurement?: unknown;
  /** Whom the model knows, for whoever predicts; absent in older checkpoints. */
  readonly cohort?: KnownCases;
  /** Of the files that the run started from; absent where it started from random numbers. */
  readonly initial?: InitialDigests;
  readonly files: Readonly<Record<string, string>>;
  /** Of the canonical JSON of all other fields. */
  readonly sha256?: string;
}

/** Two digests of 16 characters for each slide: enough for a million of them. */
export const LONGEST_CURSOR = 2 ** 26;

/** @returns why it is none */
export function parseCursor(text: string): Cursor | string {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return `there is no readable checkpoint here (${error instanceof Error ? error.message : String(error)})`;
  }
  if (!isRecord(value)) return 'there is no readable checkpoint here (no JSON object)';
  if (value['format'] !== 1 && value['format'] !== 2) return 'written by another version of the format';
  const wrong = Object.entries(FIELDS).filter(([name, isRight]) => !isRight(value[name]));
  if (wrong.length > 0) return `it has no valid ${wrong.map(([name]) => name).join(', ')}`;
  // Checked above, so that the type holds.
  const cursor = value as unknown as Cursor;
  if (cursor.format === 2 && cursor.sha256 !== cursorDigest(cursor)) return 'sha256 differs from its content';
  return cursor;
}

export function cursorDigest({ sha256: _itself, ...cursor }: Cursor): string {
  return sha256(canonicalJson(cursor));
}

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  step: (value) => Number.isSafeInteger(value) && isNonNegative(value),
  identity: isText,
  prefix: (value) => value === undefined || isText(value),
  parametersSha256: isText,
  tiles: isNonNegative,
  trainingSeconds: isNonNegative,
  files: (value) => isRecord(value) && Object.values(value).every(isText),
  cohort: (value) => value === undefined || isKnownCases(value),
  initial: (value) => value === undefined || (isRecord(value) && Object.values(value).every(isText)),
};

function isKnownCases(value: unknown): boolean {
  if (!isRecord(value) || !['patient', 'slide'].includes(String(value['bag']))) return false;
  return [value['patients'], value['slides']].every(
    (bySplit) =>
      isRecord(bySplit) &&
      Object.values(bySplit).every((digests) => Array.isArray(digests) && digests.every(isText)),
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024;
}

function isNonNegative(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
