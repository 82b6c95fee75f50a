/** The thread with HDF5 in it: answers one call after the other. After a fault its owner replaces it. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { publicText, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { unreadable, unwritten } from '../feature-errors.ts';
import { ZeroRows } from '../hdf5/numbers.ts';
import { OpenedFeatures } from '../hdf5/opened-features.ts';
import { WrittenFeatures } from '../hdf5/written-features.ts';
import {
  READY,
  type FeatureAnswer,
  type FeatureAnswers,
  type FeatureCall,
  type FeatureRequest,
} from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('this module is the entry of a worker thread');

/** Files that are read in blocks are not opened for each. */
const OPEN_FILES = 16;
const opened = new Map<string, { readonly file: OpenedFeatures; readonly version: string }>();
let written: WrittenFeatures | undefined;

port.on('message', ({ id, call }: FeatureRequest) => {
  try {
    const result = perform(call, () => port.postMessage({ id } satisfies FeatureAnswer));
    const answer: FeatureAnswer = { id, result };
    port.postMessage(answer, buffersOf(result));
  } catch (thrown) {
    const path = 'path' in call ? call.path : '';
    const { code, problem, where, remedy, publicMessage: shown } = errorOf(thrown, path);
    const error = {
      code,
      problem,
      shown,
      isFault: !(thrown instanceof WsiError) && systemErrorCode(thrown) === undefined,
      ...(where === undefined ? {} : { where }),
      ...(remedy === undefined ? {} : { remedy }),
    };
    port.postMessage({ id, error } satisfies FeatureAnswer);
  }
});

port.postMessage({ id: READY } satisfies FeatureAnswer);

/** @param goesOn called after each part of a file */
function perform(call: FeatureCall, goesOn: () => void): FeatureAnswers[keyof FeatureAnswers] {
  switch (call.kind) {
    case 'describe':
      return afresh(call.path, ({ file }) => file);
    case 'survey':
      return afresh(call.path, (file) => survey(call.path, file, goesOn));
    case 'places':
      return afresh(call.path, (file) => file.coordinates());
    case 'rows':
      return keptOpen(call.path).rows(call.start, call.count);
    case 'create':
      written = new WrittenFeatures(call.path, call.content);
      return null;
    case 'append':
      written!.append(call.features, call.coordinates);
      return null;
    case 'finish':
      written!.finish();
      written = undefined;
      return null;
  }
}

function afresh<T>(path: string, use: (file: OpenedFeatures) => T): T {
  const file = new OpenedFeatures(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/**
 * The least recently used is closed for another. One that was replaced or changed is opened again: of a file that became shorter
 * the library reads zeros.
 */
function keptOpen(path: string): OpenedFeatures {
  const version = versionOf(path);
  const before = opened.get(path);
  opened.delete(path);
  if (before !== undefined && before.version !== version) before.file.close();
  const file = before?.version === version ? before.file : new OpenedFeatures(path);
  opened.set(path, { file, version });
  const [oldest] = opened.keys();
  if (opened.size > OPEN_FILES && oldest !== undefined) {
    opened.get(oldest)?.file.close();
    opened.delete(oldest);
  }
  return file;
}

/** @throws the system's error for a file that is not there */
function versionOf(path: string): string {
  const { size, mtimeMs, ino } = statSync(path);
  return `${size} ${mtimeMs} ${ino}`;
}

function survey(path: string, opened: OpenedFeatures, goesOn: () => void): FeatureAnswers['survey'] {
  const { file } = opened;
  opened.requireHalfFloats();
  const coordinates = opened.coordinates();
  const zeros = new ZeroRows(file.size);
  const hash = createHash('sha256').update(`features 1 ${file.rows} ${file.size} ${file.coordinates.unit}\n`);
  for (const part of opened.parts()) {
    hash.update(bytesOf(part));
    zeros.count(part);
    goesOn();
  }
  if (zeros.last > 0) throw unwritten(path, zeros.last, file.rows);
  hash.update(bytesOf(coordinates));
  return { file, coordinates, digest: hash.digest('hex'), zeroRows: zeros.all };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function buffersOf(result: FeatureAnswers[keyof FeatureAnswers]): ArrayBuffer[] {
  if (result === null) return [];
  if (result instanceof Float32Array || result instanceof Float64Array) return [result.buffer as ArrayBuffer];
  return 'digest' in result ? [result.coordinates.buffer as ArrayBuffer] : [];
}

/** Whatever is thrown besides a refusal is a fault of the file: the library does not expect what is in it. */
function errorOf(thrown: unknown, path: string): WsiError {
  if (thrown instanceof WsiError) return thrown;
  const gone = systemErrorCode(thrown);
  return gone === undefined
    ? unreadable(path, publicText`the file is damaged: HDF5 fails on it.`, undefined, thrown)
    : unreadable(
        path,
        publicText`the file cannot be opened.`,
        publicText`Check that it is there and that this user may read it.`,
        thrown,
      );
}
