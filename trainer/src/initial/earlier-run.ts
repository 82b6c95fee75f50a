/** The parameters of an earlier run, from which a new one starts: the parts that it names, if they fit. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import {
  float32From,
  formatShape,
  readHeader,
  streamTensors,
  type TensorPlace,
  type WeightsBytes,
} from '@wsi-operator/engine';
import { isRecord, ownText, publicText, WsiError } from '@wsi-operator/foundation';
import type { S3Store } from '@wsi-operator/slides';
import { LONGEST_CURSOR, parseCursor, type Cursor } from '../checkpoint/cursor.ts';
import type { Model } from '../plan/model.ts';
import { joined, namesIn, openStored } from './stored-files.ts';

export type InitialFrom = NonNullable<WsiTrainingJobSpec['model']['initialFrom']>;
type Part = InitialFrom['parts'][number];

const CHECKPOINT = /^step-\d{8}$/;
const MODEL_FILE = 'model.safetensors';

export interface EarlierRun {
  /** The checkpoint, also where the output of a run was named. */
  readonly path: string;
  readonly step: number;
  /** Of the file with its parameters. */
  readonly sha256: string;
}

/**
 * Reads the parts of an earlier run's checkpoint and checks all of it that is used.
 * @param set the target's parameters by name, in no order
 * @throws WsiError `CheckpointInvalid` that says what differs, `NotFound`
 */
export async function readEarlierRun(
  { checkpoint, parts }: InitialFrom,
  { model, store }: { readonly model: Model; readonly store: S3Store },
  set: (name: string, values: Float32Array) => void = () => undefined,
): Promise<EarlierRun> {
  const path = await findCheckpoint(checkpoint, store);
  const cursor = await readCursor(path, store);
  requireSameParts(cursor, parts, { model, path });
  const file = joined(path, MODEL_FILE);
  const bytes = await openStored(file, store);
  try {
    const sha256 = await readParts(bytes, parts, model, set);
    if (sha256 !== cursor.files[MODEL_FILE]) {
      throw damaged(file, 'its sha256 differs from the cursor');
    }
    return { path, step: cursor.step, sha256 };
  } finally {
    await bytes.close();
  }
}

/** The checkpoint itself, or the newest one of a run or of a directory of checkpoints. */
async function findCheckpoint(path: string, store: S3Store): Promise<string> {
  const names = await namesIn(path, store);
  if (names.includes('cursor.json')) return path;
  const directory = names.includes('checkpoints') ? joined(path, 'checkpoints') : path;
  const found = directory === path ? names : await namesIn(directory, store);
  const newest = found
    .filter((name) => CHECKPOINT.test(name))
    .sort()
    .at(-1);
  if (newest !== undefined) return joined(directory, newest);
  throw new WsiError('NotFound', publicText`there is no checkpoint or run here`, {
    where: path,
    remedy: publicText`Name the output of a run that has written a checkpoint, or one of its checkpoints/step-... directories, in model.initialFrom.checkpoint.`,
  });
}

async function readCursor(path: string, store: S3Store): Promise<Cursor> {
  const file = joined(path, 'cursor.json');
  const bytes = await openStored(file, store);
  try {
    if (bytes.size > LONGEST_CURSOR) throw damaged(file, `it is longer than ${LONGEST_CURSOR} bytes`);
    const cursor = parseCursor(Buffer.from(await bytes.read(0, bytes.size)).toString('utf8'));
    if (typeof cursor === 'string') throw damaged(file, cursor);
    return cursor;
  } finally {
    await bytes.close();
  }
}

/** What shapes do not show: another encoder, other classes, another kind of head. */
function requireSameParts(
  { model: stored }: Cursor,
  parts: readonly Part[],
  { model, path }: { readonly model: Model; readonly path: string },
): void {
  const { network, head, classes } = model.description;
  const there = isRecord(stored) ? stored : {};
  const nameIn = (part: unknown): string => (isRecord(part) ? String(part['name']) : 'none');
  const encoderIn = (of: object): string => ('encoder' in of ? nameIn(of.encoder) : 'none');
  const thereNetwork = isRecord(there['network']) ? there['network'] : {};
  const compared: Readonly<Record<Part, readonly (readonly [string, string, string])[]>> = {
    encoder: [['encoder', encoderIn(thereNetwork), encoderIn(network)]],
    aggregator: [['aggregator', nameIn(thereNetwork['aggregator']), network.aggregator.name]],
    head: [
      ['head', nameIn(there['head']), head.name],
      ['classes', JSON.stringify(there['classes']), JSON.stringify(classes)],
    ],
  };
  const differences = parts.flatMap((part) =>
    compared[part].flatMap(([what, before, now]) =>
      before === now ? [] : [`${what}: ${before.slice(0, 200)} there, ${now.slice(0, 200)} here`],
    ),
  );
  if (differences.length > 0) throw other(path, differences, parts);
}

async function readParts(
  bytes: WeightsBytes,
  parts: readonly Part[],
  { space }: Model,
  set: (name: string, values: Float32Array) => void,
): Promise<string> {
  const header = await readHeader(bytes);
  const wanted = new Map(
    space.tensors.filter(({ name }) => parts.includes(partOf(name))).map((tensor) => [tensor.name, tensor]),
  );
  const found = new Map(header.places.map((place) => [place.name, place]));
  const differences = [
    ...[...wanted.values()].flatMap(({ name, shape }) => difference(name, shape, found.get(name)) ?? []),
    ...header.places.flatMap(({ name, shape }) =>
      parts.includes(partOf(name)) && !wanted.has(name)
        ? [`${name}: ${formatShape(shape)} there, none here`]
        : [],
    ),
  ];
  if (differences.length > 0) throw other(bytes.where, differences, parts);
  return streamTensors(bytes, header, {
    wanted: ({ name }) => wanted.has(name),
    take: ({ name }, content) => {
      const values = float32From('F32', content);
      const index = values.findIndex((value) => !Number.isFinite(value));
      if (index >= 0) throw damaged(bytes.where, `${name}: element ${index} is ${values[index]}`);
      set(name, values);
    },
  });
}

function difference(
  name: string,
  shape: readonly number[],
  found: TensorPlace | undefined,
): string | undefined {
  const here = formatShape(shape);
  if (found === undefined) return `${name}: missing there, ${here} here`;
  const there = formatShape(found.shape);
  if (there !== here) return `${name}: ${there} there, ${here} here`;
  return found.type === 'F32' ? undefined : `${name}: ${found.type} there, F32 here`;
}

/** Which part of the model a parameter belongs to; an aggregator's names are its own. */
export function partOf(name: string): Part {
  if (name.startsWith('encoder.')) return 'encoder';
  return name.startsWith('head.') ? 'head' : 'aggregator';
}

function other(where: string, differences: readonly string[], parts: readonly Part[]): WsiError {
  const lines = differences.slice(0, 12);
  const more = differences.length > 12 ? `\n  and ${differences.length - 12} more` : '';
  const problem = `the earlier run has another ${parts.join(', ')}:\n  ${lines.join('\n  ')}${more}\n`;
  return new WsiError('CheckpointInvalid', problem, {
    where,
    summary: publicText`the earlier run has another model: ${ownText(String(differences.length))} differences`,
    remedy: publicText`Name the parts that are the same in model.initialFrom.parts, such as [encoder], or describe the model as it is there.`,
  });
}

function damaged(where: string, problem: string): WsiError {
  return new WsiError('CheckpointInvalid', problem, {
    where,
    remedy: publicText`Name another checkpoint in model.initialFrom.checkpoint; this one cannot be repaired.`,
  });
}
