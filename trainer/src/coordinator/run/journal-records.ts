/**
 * What the journal of a run holds, as text and as a state: pure functions.
 *
 * One record a line, `CRC32 JSON`. A line that is torn or altered ends the journal: what follows it is not read, so what
 * is read is always a beginning of what was written.
 */
import { crc32 } from 'node:zlib';
import { bytesOf, float64From, type CommitRequest, type EmbedResult } from '@wsi-operator/protocol';
import type { StepLine } from '../learning/metrics-log.ts';
import type { ServerMember } from './server-group.ts';

/** Where a generation, or the part of it since its last checkpoint, began. */
export interface BeginRecord {
  readonly kind: 'begin';
  readonly format: number;
  readonly identity: string;
  /** Of the servers: each may be at any of these, since a coordinator may end while it takes over. */
  readonly generations: readonly number[];
  readonly servers: readonly ServerMember[];
  readonly version: number;
  readonly tiles: number;
  readonly trainingSeconds: number;
  /** Unix milliseconds. */
  readonly time: number;
}

/** The partial aggregate of a block in pass 1. */
interface EmbeddedRecord {
  readonly kind: 'embedded';
  readonly task: string;
  /** base64 of float64 [2 + d]: maximum, sum, weighted. */
  readonly partial: string;
}

/** The servers are about to be asked to apply a step: all its leaves are there. */
export interface CommittingRecord {
  readonly kind: 'committing';
  readonly commit: Omit<CommitRequest, 'generation'>;
  readonly line: StartedLine;
  readonly time: number;
}

/** All servers have applied it. */
interface CommittedRecord {
  readonly kind: 'committed';
  readonly line: StepLine;
  readonly tiles: number;
  readonly trainingSeconds: number;
}

export type JournalRecord = BeginRecord | EmbeddedRecord | CommittingRecord | CommittedRecord;

/** What is known of a step's line in `metrics.jsonl` before it is applied. */
export type StartedLine = Omit<StepLine, 'tilesPerSecond' | 'seconds' | 'time'>;

export interface JournalState {
  readonly begin: BeginRecord;
  readonly version: number;
  readonly tiles: number;
  readonly trainingSeconds: number;
  /** Of the steps applied since `begin`. */
  readonly lines: readonly StepLine[];
  /** By task, of steps that are not applied. */
  readonly embedded: ReadonlyMap<string, EmbedResult>;
  /** A step that some servers may have applied and others not. */
  readonly pending: CommittingRecord | undefined;
}

export function encodeRecord(record: JournalRecord): string {
  const json = JSON.stringify(record);
  return `${checksum(json)} ${json}\n`;
}

export function decodeRecords(bytes: Uint8Array): JournalRecord[] {
  const records: JournalRecord[] = [];
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n');
  // What follows the last line break is no whole line.
  for (const line of lines.slice(0, -1)) {
    const json = line.slice(9);
    if (line.slice(0, 9) !== `${checksum(json)} `) break;
    records.push(JSON.parse(json) as JournalRecord);
  }
  return records;
}

export function embeddedRecord(task: string, result: EmbedResult): JournalRecord {
  const partial = Float64Array.of(result.maximum, result.sum, ...float64From(result.weighted));
  return { kind: 'embedded', task, partial: Buffer.from(bytesOf(partial)).toString('base64') };
}

/** The state that the records describe; undefined when they describe none. */
export function replayJournal(records: readonly JournalRecord[]): JournalState | undefined {
  const [begin, ...rest] = records;
  if (begin?.kind !== 'begin' || begin.format > 1) return undefined;
  const lines: StepLine[] = [];
  const embedded = new Map<string, EmbedResult>();
  let { version, tiles, trainingSeconds } = begin;
  let pending: CommittingRecord | undefined;
  for (const record of rest) {
    if (record.kind === 'embedded') embedded.set(record.task, embedResult(record));
    else if (record.kind === 'committing') pending = record;
    else if (record.kind === 'committed') {
      // A step that does not follow: not written by this program.
      if (record.line.step !== version) return undefined;
      lines.push(record.line);
      ({ tiles, trainingSeconds } = record);
      version += 1;
      pending = undefined;
    } else return undefined;
  }
  for (const task of embedded.keys()) if (stepOf(task) < version) embedded.delete(task);
  return { begin, version, tiles, trainingSeconds, lines, embedded, pending };
}

/** The state once its pending step is applied, whose end nobody has measured. */
export function applied(state: JournalState): JournalState {
  const { pending } = state;
  if (pending === undefined) return state;
  const before = state.lines.at(-1)?.time ?? state.begin.time;
  const seconds = Math.max(0, pending.time - before) / 1000;
  const { tiles } = pending.line;
  const line = {
    ...pending.line,
    seconds,
    tilesPerSecond: seconds > 0 ? tiles / seconds : 0,
    time: pending.time,
  };
  const version = state.version + 1;
  return {
    ...state,
    version,
    tiles: state.tiles + tiles,
    trainingSeconds: state.trainingSeconds + seconds,
    lines: [...state.lines, line],
    embedded: new Map([...state.embedded].filter(([task]) => stepOf(task) >= version)),
    pending: undefined,
  };
}

/** The step of a training task, by its id; NaN of any other task. */
export function stepOf(task: string): number {
  return Number(/^step\/(\d+)\//.exec(task)?.[1]);
}

function embedResult({ partial }: EmbeddedRecord): EmbedResult {
  const [maximum = 0, sum = 0, ...weighted] = float64From(Buffer.from(partial, 'base64'));
  const none = new Uint8Array(0);
  const bytes = bytesOf(Float64Array.from(weighted));
  return { maximum, sum, weighted: bytes, attention: none, embeddings: none };
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
