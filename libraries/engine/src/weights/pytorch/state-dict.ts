/** The tensors of a file that `torch.save` wrote, as data: names, types, shapes, and their elements in plain order. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { ElementType } from '../safetensors.ts';
import type { TensorFile } from '../match.ts';
import type { WeightsBytes } from '../weights-file.ts';
import { isTensor, PickleRefused, readPickle } from './pickle.ts';
import type { Pickled, PickledTensor } from './pickled.ts';
import { readZip, type ZipEntry } from './zip.ts';

const LONGEST_PICKLE = 2 ** 24;
const MOST_TENSORS = 100_000;

/** PyTorch's types of storages that safetensors has, too. */
const TYPES: Readonly<Record<string, { readonly type: ElementType; readonly bytes: number }>> = {
  'torch.FloatStorage': { type: 'F32', bytes: 4 },
  'torch.HalfStorage': { type: 'F16', bytes: 2 },
  'torch.BFloat16Storage': { type: 'BF16', bytes: 2 },
  'torch.DoubleStorage': { type: 'F64', bytes: 8 },
  'torch.LongStorage': { type: 'I64', bytes: 8 },
  'torch.IntStorage': { type: 'I32', bytes: 4 },
  'torch.ShortStorage': { type: 'I16', bytes: 2 },
  'torch.CharStorage': { type: 'I8', bytes: 1 },
  'torch.ByteStorage': { type: 'U8', bytes: 1 },
  'torch.BoolStorage': { type: 'BOOL', bytes: 1 },
};

/** Under which training scripts keep the state dict; several may be nested. */
const KEYS = ['state_dict', 'model_state_dict', 'model', 'teacher', 'student', 'backbone', 'encoder'];
const DEEPEST = 4;

export interface StateDict extends TensorFile {
  /** The keys that led to the tensors: `['model']`. */
  readonly under: readonly string[];
}

/** @param key which of several dicts is meant @throws WsiError `WeightsInvalid` */
export async function openStateDict(file: WeightsBytes, key?: string): Promise<StateDict> {
  const entries = await readZip(file);
  const pickles = [...entries.values()].filter(({ name }) => /^([^/]+\/)?data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw refused(file, `it has ${pickles.length} files data.pkl, not one`);
  }
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if ([...entries.keys()].some((name) => name.startsWith(`${folder}code/`))) {
    throw refused(file, 'it is a program (TorchScript), not a state dict', SAVE_STATE_DICT);
  }
  const bigEndian = await isBigEndian(file, entries.get(`${folder}byteorder`));
  const { dict, under } = stateDictIn(file, await unpickled(file, pickle), key);
  const tensors = new Map<string, PickledTensor>();
  for (const [name, value] of dict) {
    if (typeof name === 'string' && isTensor(value)) tensors.set(name, value);
  }
  if (tensors.size > MOST_TENSORS) throw refused(file, `it has more than ${MOST_TENSORS} tensors`);
  const found = [...tensors].map(([name, tensor]) => {
    const entry = entries.get(`${folder}data/${tensor.storage.key}`);
    return { name, shape: tensor.shape, type: requireStorage(file, name, tensor, entry) };
  });
  return {
    under,
    tensors: found,
    read: async (name) => {
      const tensor = tensors.get(name)!;
      const entry = entries.get(`${folder}data/${tensor.storage.key}`)!;
      return contiguous(file, tensor, { start: await entry.start(), bigEndian });
    },
  };
}

async function unpickled(file: WeightsBytes, { name, size, start }: ZipEntry): Promise<Pickled> {
  if (size > LONGEST_PICKLE) throw refused(file, `its ${name} is longer than ${LONGEST_PICKLE} bytes`);
  try {
    return readPickle(Buffer.from(await file.read(await start(), size)));
  } catch (error) {
    if (!(error instanceof PickleRefused)) throw error;
    throw refused(file, error.message, error.foreign ? SAVE_STATE_DICT : undefined);
  }
}

/** The dict whose values are tensors: the pickle itself, or what known keys lead to. */
function stateDictIn(
  file: WeightsBytes,
  root: Pickled,
  chosen: string | undefined,
): { dict: ReadonlyMap<Pickled, Pickled>; under: string[] } {
  const under: string[] = [];
  for (let dict = root; under.length <= DEEPEST;) {
    if (!(dict instanceof Map)) break;
    const here: ReadonlyMap<Pickled, Pickled> = dict;
    if ([...here.values()].some(isTensor)) return { dict: here, under };
    const names = [...here].flatMap(([name, value]) =>
      typeof name === 'string' && value instanceof Map && value.size > 0 ? [name] : [],
    );
    const known = names.filter((name) => KEYS.includes(name));
    const next = chosen !== undefined && names.includes(chosen) ? chosen : known[0];
    if (next === undefined) {
      throw refused(
        file,
        `it has no tensors; its keys are: ${[...here.keys()].slice(0, 12).map(String).join(', ')}`,
        SAVE_STATE_DICT,
      );
    }
    if (next !== chosen && known.length > 1) {
      throw refused(
        file,
        `it has several models: ${known.join(', ')}`,
        publicText`Say by --key which one is meant.`,
      );
    }
    under.push(next);
    dict = here.get(next)!;
  }
  throw refused(file, 'it is no dict of tensors', SAVE_STATE_DICT);
}

function requireStorage(
  file: WeightsBytes,
  name: string,
  { storage }: PickledTensor,
  entry: ZipEntry | undefined,
): ElementType {
  const known = TYPES[storage.type];
  const shown = name.slice(0, 80);
  if (known === undefined)
    throw refused(file, `tensor ${shown} is a ${storage.type}, which is not read`, SAVE_STATE_DICT);
  if (entry === undefined) throw refused(file, `tensor ${shown} has no data`);
  if (entry.size !== storage.elements * known.bytes) {
    throw refused(
      file,
      `the data of tensor ${shown} has ${entry.size} bytes for ${storage.elements} numbers`,
    );
  }
  return known.type;
}

/** Elements in the order of the shape, little-endian. Only for tensors whose size has been found to be right. */
async function contiguous(
  file: WeightsBytes,
  { storage, offset, shape, strides }: PickledTensor,
  { start, bigEndian }: { readonly start: number; readonly bigEndian: boolean },
): Promise<Uint8Array> {
  const { bytes } = TYPES[storage.type]!;
  const elements = shape.reduce((product, side) => product * side, 1);
  if (elements === 0) return new Uint8Array();
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, offset);
  const source = await file.read(start + offset * bytes, (last + 1 - offset) * bytes);
  const result = isContiguous(shape, strides) ? Uint8Array.from(source) : new Uint8Array(elements * bytes);
  if (!isContiguous(shape, strides)) {
    const index = shape.map(() => 0);
    let from = 0;
    for (let to = 0; to < elements; to++) {
      for (let byte = 0; byte < bytes; byte++) result[to * bytes + byte] = source[from * bytes + byte]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis]! += 1;
        from += strides[axis]!;
        if (index[axis]! < shape[axis]!) break;
        from -= shape[axis]! * strides[axis]!;
        index[axis] = 0;
      }
    }
  }
  if (bigEndian) for (let at = 0; at < result.length; at += bytes) result.subarray(at, at + bytes).reverse();
  return result;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Files of older versions do not say it; those were written on little-endian machines only. */
async function isBigEndian(file: WeightsBytes, entry: ZipEntry | undefined): Promise<boolean> {
  if (entry === undefined) return false;
  const text = Buffer.from(await file.read(await entry.start(), Math.min(16, entry.size))).toString('latin1');
  if (text === 'little' || text === 'big') return text === 'big';
  throw refused(file, `its byte order is ${JSON.stringify(text)}`);
}

const SAVE_STATE_DICT = publicText`Save only the tensors, in Python: torch.save({k: v for k, v in model.state_dict().items()}, FILE), or with safetensors.torch.save_file.`;

function refused(
  { where }: WeightsBytes,
  problem: string,
  remedy = publicText`Download or save the file again.`,
): WsiError {
  return new WsiError('WeightsInvalid', problem, {
    where,
    summary: publicText`the file of PyTorch cannot be read`,
    remedy,
  });
}
