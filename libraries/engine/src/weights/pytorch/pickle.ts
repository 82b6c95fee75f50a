/**
 * The pickles of state dicts, read without running anything. A pickle is a program for a stack machine which may call any
 * function of Python; this one knows the opcodes of protocol 2 that `torch.save` uses for dicts of tensors, and the few
 * names that it uses there, as data. Everything else is refused by its name.
 * Source: Python's Lib/pickletools.py; torch/serialization.py and torch/_utils.py.
 */

import type { Pickled, PickledGlobal, PickledStorage, PickledTensor } from './pickled.ts';

export class PickleRefused extends Error {
  /** Whether it is about what a pickle would run, rather than damage. */
  readonly foreign: boolean;
  constructor(problem: string, foreign = false) {
    super(problem);
    this.foreign = foreign;
  }
}

const MOST_OPERATIONS = 4_000_000;
const MAXIMUM_RANK = 8;
const STORAGE = /^torch\.[A-Z][A-Za-z0-9]{1,20}Storage$/;
const FUNCTIONS = new Set([
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'collections.OrderedDict',
]);

const MARK = Symbol('mark');

/** @throws PickleRefused */
export function readPickle(bytes: Buffer): Pickled {
  return new Unpickler(bytes).run();
}

class Unpickler {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #stack: (Pickled | typeof MARK)[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  run(): Pickled {
    for (let operations = 0; operations < MOST_OPERATIONS; operations++) {
      const code = this.#take(1)[0]!;
      if (code === STOP) {
        const result = this.#pop();
        if (this.#stack.length > 0) throw new PickleRefused('the pickle leaves something behind');
        return result;
      }
      const operation = OPERATIONS[code];
      if (operation === undefined) {
        const character = code > 32 && code < 127 ? ` ('${String.fromCharCode(code)}')` : '';
        const hexadecimal = code.toString(16).padStart(2, '0');
        throw new PickleRefused(`the pickle has the opcode 0x${hexadecimal}${character}`, true);
      }
      operation(this.#machine);
    }
    throw new PickleRefused(`the pickle has more than ${MOST_OPERATIONS} operations`);
  }

  readonly #machine: Machine = {
    take: (length) => this.#take(length),
    line: () => this.#line(),
    push: (value) => void this.#stack.push(value),
    mark: () => void this.#stack.push(MARK),
    pop: () => this.#pop(),
    toMark: () => this.#toMark(),
    top: () => this.#top(),
    put: (index) => void this.#memo.set(index, this.#top()),
    get: (index) => {
      const value = this.#memo.get(index);
      if (value === undefined) throw new PickleRefused('the pickle reads what it has not stored');
      this.#stack.push(value);
    },
  };

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new PickleRefused('the pickle is truncated');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0 || end - this.#at > 512) throw new PickleRefused('the pickle has a name without an end');
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK)
      throw new PickleRefused('the pickle takes from an empty stack');
    return value;
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw new PickleRefused('the pickle looks at an empty stack');
    return value;
  }

  #toMark(): Pickled[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleRefused('the pickle has no mark');
    return this.#stack.splice(mark).slice(1) as Pickled[];
  }
}

interface Machine {
  readonly take: (length: number) => Buffer;
  readonly line: () => string;
  readonly push: (value: Pickled) => void;
  readonly mark: () => void;
  readonly pop: () => Pickled;
  /** What is above the last mark, which goes, too. */
  readonly toMark: () => Pickled[];
  readonly top: () => Pickled;
  readonly put: (index: number) => void;
  readonly get: (index: number) => void;
}

const STOP = 0x2e;

const tuple =
  (count: number) =>
  ({ push, pop }: Machine): void => {
    const members: Pickled[] = [];
    for (let at = 0; at < count; at++) members.unshift(pop());
    push(members);
  };

/** By opcode. */
const OPERATIONS: Readonly<Record<number, (machine: Machine) => void>> = {
  // PROTO
  0x80: ({ take }) => {
    const protocol = take(1)[0]!;
    if (protocol !== 2) throw new PickleRefused(`the pickle is of protocol ${protocol}, not 2`, true);
  },
  // GLOBAL
  0x63: ({ line, push }) => {
    const name = `${line()}.${line()}`;
    if (!FUNCTIONS.has(name) && !STORAGE.test(name)) {
      throw new PickleRefused(`the pickle names ${name.slice(0, 120)}`, true);
    }
    push({ kind: 'global', name });
  },
  // MARK, BINPERSID, REDUCE, BUILD
  0x28: ({ mark }) => mark(),
  0x51: ({ pop, push }) => push(storageOf(pop())),
  0x52: ({ pop, push }) => {
    const given = pop();
    push(called(pop(), given));
  },
  0x62: ({ pop, top }) => {
    // The state of an ordered dict is the versions of its modules, which nobody needs.
    pop();
    if (!(top() instanceof Map))
      throw new PickleRefused('the pickle gives a state to something else than a dict', true);
  },
  // Tuples, lists, dicts.
  0x29: tuple(0),
  0x85: tuple(1),
  0x86: tuple(2),
  0x87: tuple(3),
  0x74: ({ toMark, push }) => push(toMark()),
  0x5d: ({ push }) => push([]),
  0x7d: ({ push }) => push(new Map()),
  0x61: ({ pop, top }) => {
    const value = pop();
    listOf(top()).push(value);
  },
  0x65: ({ toMark, top }) => {
    const values = toMark();
    const list = listOf(top());
    for (const value of values) list.push(value);
  },
  0x73: ({ pop, top }) => {
    const value = pop();
    const key = pop();
    setItems(top(), [key, value]);
  },
  0x75: ({ toMark, top }) => {
    const items = toMark();
    setItems(top(), items);
  },
  // Memory.
  0x71: ({ take, put }) => put(take(1)[0]!),
  0x72: ({ take, put }) => put(take(4).readUInt32LE()),
  0x68: ({ take, get }) => get(take(1)[0]!),
  0x6a: ({ take, get }) => get(take(4).readUInt32LE()),
  // Texts and numbers.
  0x58: ({ take, push }) => push(take(take(4).readUInt32LE()).toString('utf8')),
  0x4b: ({ take, push }) => push(take(1)[0]!),
  0x4d: ({ take, push }) => push(take(2).readUInt16LE()),
  0x4a: ({ take, push }) => push(take(4).readInt32LE()),
  0x8a: ({ take, push }) => push(longOf(take(take(1)[0]!))),
  0x47: ({ take, push }) => push(take(8).readDoubleBE()),
  0x4e: ({ push }) => push(null),
  0x88: ({ push }) => push(true),
  0x89: ({ push }) => push(false),
};

/** Little-endian, two's complement. */
function longOf(bytes: Buffer): number {
  if (bytes.length > 8) throw new PickleRefused('the pickle has a number of more than 64 bits');
  let value = 0n;
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * index);
  const number = Number(BigInt.asIntN(Math.max(8, bytes.length * 8), value));
  if (!Number.isSafeInteger(number)) throw new PickleRefused('the pickle has a number beyond 2^53');
  return number;
}

function listOf(value: Pickled): Pickled[] {
  if (!Array.isArray(value)) throw new PickleRefused('the pickle adds to something else than a list');
  return value as Pickled[];
}

function setItems(target: Pickled, items: readonly Pickled[]): void {
  if (!(target instanceof Map) || items.length % 2 !== 0) {
    throw new PickleRefused('the pickle sets items of something else than a dict');
  }
  for (let at = 0; at < items.length; at += 2) target.set(items[at]!, items[at + 1]!);
}

/** ('storage', torch.FloatStorage, '0', 'cpu', 12) */
function storageOf(id: Pickled): PickledStorage {
  const [word, type, key, , elements] = Array.isArray(id) ? (id as readonly Pickled[]) : [];
  if (word !== 'storage' || !isGlobal(type) || typeof key !== 'string' || !isCount(elements)) {
    throw new PickleRefused('the pickle refers to something else than a storage', true);
  }
  return { kind: 'storage', type: type.name, key, elements };
}

function called(callee: Pickled, given: Pickled): Pickled {
  const name = isGlobal(callee) ? callee.name : 'something that is no function';
  const values = Array.isArray(given) ? (given as readonly Pickled[]) : [];
  if (name === 'collections.OrderedDict' && values.length === 0) return new Map();
  if (name === 'torch._utils._rebuild_parameter' && isTensor(values[0])) return values[0];
  if (name === 'torch._utils._rebuild_tensor_v2') return tensorOf(values);
  throw new PickleRefused(`the pickle calls ${name} in a way that is not known`, true);
}

function tensorOf([storage, offset, shape, strides]: readonly Pickled[]): PickledTensor {
  if (!isStorage(storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw new PickleRefused('the pickle has a tensor that is none');
  }
  if (shape.length !== strides.length || shape.length > MAXIMUM_RANK) {
    throw new PickleRefused('the pickle has a tensor of no shape');
  }
  const isEmpty = shape.includes(0);
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, offset);
  if (!isEmpty && !(last < storage.elements)) {
    throw new PickleRefused(`a tensor of the shape [${shape.join(', ')}] does not fit its storage`);
  }
  return { kind: 'tensor', storage, offset, shape, strides };
}

const kindOf = (value: Pickled | undefined): string | undefined =>
  typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;

function isGlobal(value: Pickled | undefined): value is PickledGlobal {
  return kindOf(value) === 'global';
}

function isStorage(value: Pickled | undefined): value is PickledStorage {
  return kindOf(value) === 'storage';
}

export function isTensor(value: Pickled | undefined): value is PickledTensor {
  return kindOf(value) === 'tensor';
}

function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: Pickled | undefined): value is readonly number[] {
  return Array.isArray(value) && (value as readonly Pickled[]).every(isCount);
}
