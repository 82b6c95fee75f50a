/** Files of PyTorch: tensors are read as they are, and whatever is no description of tensors is refused by its name. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { opcode, pickleOf, PROTOCOL, tensorCall, zipOf, type SavedTensor } from '../testing/pytorch-file.ts';
import type { WeightsBytes } from '../weights-file.ts';
import { openStateDict } from './state-dict.ts';

function inMemory(file: Uint8Array): WeightsBytes {
  return {
    where: 'encoder.pth',
    size: file.length,
    read: (position, length) => Promise.resolve(file.slice(position, position + length)),
    close: () => Promise.resolve(),
  };
}

const { code, global, number, text } = opcode;
const six = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer);
const whole: SavedTensor = { name: 'a', shape: [2, 3], strides: [3, 1], storage: '0', elements: 6 };

function saved(pickle: Uint8Array, others: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  return zipOf({ 'archive/data.pkl': pickle, 'archive/data/0': six, ...others });
}

async function valuesOf(file: Uint8Array, name = 'a'): Promise<number[]> {
  const dict = await openStateDict(inMemory(file));
  return [...new Float32Array((await dict.read(name)).slice().buffer)];
}

describe('a state dict', () => {
  it('is read with names, types and shapes, in its order', async () => {
    const bias = { ...whole, name: 'bias', shape: [2], strides: [1], offset: 4, parameter: true };
    const dict = await openStateDict(inMemory(saved(pickleOf([whole, bias]))));
    expect(dict.tensors).toEqual([
      { name: 'a', shape: [2, 3], type: 'F32' },
      { name: 'bias', shape: [2], type: 'F32' },
    ]);
    expect(await valuesOf(saved(pickleOf([whole, bias])), 'bias')).toEqual([4, 5]);
  });

  it.each<[string, Partial<SavedTensor>, number[]]>([
    ['as it lies', {}, [0, 1, 2, 3, 4, 5]],
    ['transposed', { shape: [3, 2], strides: [1, 3] }, [0, 3, 1, 4, 2, 5]],
    ['a part of it', { shape: [2, 2], strides: [3, 1], offset: 1 }, [1, 2, 4, 5]],
    ['one number many times', { shape: [3], strides: [0], offset: 5 }, [5, 5, 5]],
    ['a number without sides', { shape: [], strides: [], offset: 2 }, [2]],
    ['nothing', { shape: [0, 4], strides: [4, 1], offset: 6 }, []],
  ])('has a storage %s', async (_, change, expected) => {
    expect(await valuesOf(saved(pickleOf([{ ...whole, ...change }])))).toEqual(expected);
  });

  it('is turned round if it is big-endian', async () => {
    const swapped = Uint8Array.from(six);
    for (let at = 0; at < 24; at += 4) swapped.subarray(at, at + 4).reverse();
    const file = zipOf({
      'm/data.pkl': pickleOf([whole]),
      'm/data/0': swapped,
      'm/byteorder': Buffer.from('big'),
    });
    expect(await valuesOf(file)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is found under known keys, which are said', async () => {
    const { under } = await openStateDict(inMemory(saved(pickleOf([whole], ['model', 'state_dict']))));
    expect(under).toEqual(['model', 'state_dict']);
  });

  it('is found under the key that is named, if there are several', async () => {
    const inner = Buffer.concat([code('}'), text('a'), tensorCall(whole), code('s')]);
    const both = ['student', 'teacher'].flatMap((key) => [text(key), inner, code('s')]);
    const file = saved(Buffer.concat([PROTOCOL, code('}'), ...both, code('.')]));
    await expect(openStateDict(inMemory(file))).rejects.toThrow(/several models: student, teacher.*--key/);
    expect((await openStateDict(inMemory(file), 'teacher')).under).toEqual(['teacher']);
  });

  it('that torch has saved is read', async () => {
    // With torch 2.15: python -c "import torch; torch.manual_seed(1); m = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)); torch.save({'state_dict': m.state_dict()}, 'small.pt')"
    const file = inMemory(await readFile(new URL('../testing/small.pt', import.meta.url)));
    const dict = await openStateDict(file);
    expect(dict.under).toEqual(['state_dict']);
    expect(dict.tensors).toEqual([
      { name: '0.weight', shape: [3, 2, 3, 3], type: 'F32' },
      { name: '0.bias', shape: [3], type: 'F32' },
      { name: '1.weight', shape: [3], type: 'F32' },
      { name: '1.bias', shape: [3], type: 'F32' },
      { name: '1.running_mean', shape: [3], type: 'F32' },
      { name: '1.running_var', shape: [3], type: 'F32' },
      { name: '1.num_batches_tracked', shape: [], type: 'I64' },
    ]);
    const weights = new Float32Array((await dict.read('0.weight')).slice().buffer);
    // As torch prints them: m.state_dict()['0.weight'].flatten()[:3].tolist(), and .double().sum()
    expect([...weights.subarray(0, 3)]).toEqual([
      0.12144870311021805, -0.10403385013341904, -0.045693591237068176,
    ]);
    expect(weights.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0.11286645737709478, 6);
  });
});

describe('what is no dict of tensors is refused', () => {
  const dict = (...parts: readonly Buffer[]): Uint8Array =>
    saved(Buffer.concat([PROTOCOL, code('}'), text('a'), ...parts, code('s.')]));
  const attack = Buffer.concat([global('os.system'), code('('), text('touch /tmp/x'), code('tR')]);

  it.each<[string, () => Uint8Array, RegExp]>([
    ['a call of the system', () => dict(attack), /names os\.system/],
    ['a call of eval', () => dict(global('builtins.eval'), code(')R')), /names builtins\.eval/],
    ['getattr', () => dict(global('__builtin__.getattr')), /names __builtin__\.getattr/],
    ['a storage of another module', () => dict(global('evil.FloatStorage')), /names evil\.FloatStorage/],
    ['another function of torch', () => dict(global('torch.load')), /names torch\.load/],
    ['arguments of a script', () => dict(global('argparse.Namespace')), /names argparse\.Namespace/],
    ['the opcode INST', () => dict(code('ios\nsystem\n')), /opcode 0x69 \('i'\)/],
    ['the opcode OBJ', () => dict(code('(o')), /opcode 0x6f/],
    ['the opcode NEWOBJ', () => dict(code('\x81')), /opcode 0x81/],
    ['the opcode EXT1', () => dict(code('\x82\x01')), /opcode 0x82/],
    ['the opcode STACK_GLOBAL', () => dict(code('\x93')), /opcode 0x93/],
    ['another protocol', () => saved(Buffer.from([0x80, 4, 0x2e])), /protocol 4/],
    [
      'an ordered dict of something',
      () => dict(global('collections.OrderedDict'), code('('), number(1), code('tR')),
      /calls collections\.OrderedDict/,
    ],
    ['a call of a text', () => dict(text('x'), code(')R')), /calls something that is no function/],
    ['a state of a list', () => dict(code(']'), number(1), code('b')), /state to something else/],
    [
      'a persistent id that is a path',
      () => dict(text('/etc/passwd'), code('Q')),
      /something else than a storage/,
    ],
    ['an empty stack', () => saved(Buffer.concat([PROTOCOL, code('R.')])), /empty stack/],
    ['no mark', () => saved(Buffer.concat([PROTOCOL, code('t.')])), /no mark/],
    ['what was never stored', () => dict(code('h\x07')), /has not stored/],
    [
      'a text longer than the file',
      () => saved(Buffer.concat([PROTOCOL, Buffer.from('X\xff\xff\xff\x7f', 'latin1')])),
      /truncated/,
    ],
    ['no end', () => saved(Buffer.concat([PROTOCOL, code('}')])), /truncated/],
    ['something left over', () => saved(Buffer.concat([PROTOCOL, code('}}.')])), /leaves something behind/],
    ['no tensors', () => dict(number(1)), /no tensors; its keys are: a/],
    [
      'a number in place of a dict',
      () => saved(Buffer.concat([PROTOCOL, number(1), code('.')])),
      /no dict of tensors/,
    ],
    [
      'a tensor outside of its storage',
      () => saved(pickleOf([{ ...whole, offset: 1 }])),
      /does not fit its storage/,
    ],
    [
      'a shape that is huge',
      () => saved(pickleOf([{ ...whole, shape: [2 ** 31 - 1, 2 ** 31 - 1], strides: [2 ** 31 - 1, 1] }])),
      /does not fit its storage/,
    ],
    ['a stride below 0', () => saved(pickleOf([{ ...whole, strides: [-3, 1] }])), /tensor that is none/],
    ['fewer strides than sides', () => saved(pickleOf([{ ...whole, strides: [1] }])), /no shape/],
    [
      'a storage that is not there',
      () => saved(pickleOf([{ ...whole, storage: '7' }])),
      /tensor a has no data/,
    ],
    [
      'a storage of another size',
      () => saved(pickleOf([{ ...whole, elements: 7 }])),
      /24 bytes for 7 numbers/,
    ],
    [
      'a storage of quantised numbers',
      () => saved(pickleOf([{ ...whole, type: 'QInt8Storage' }])),
      /QInt8Storage, which is not read/,
    ],
    [
      'another byte order',
      () => saved(pickleOf([whole]), { 'archive/byteorder': Buffer.from('pdp') }),
      /byte order is "pdp"/,
    ],
    ['a program', () => saved(pickleOf([whole]), { 'archive/code/m.py': Buffer.from('x') }), /TorchScript/],
    ['no pickle', () => zipOf({ 'archive/version': Buffer.from('3') }), /0 files data\.pkl/],
    [
      'two pickles',
      () => saved(pickleOf([whole]), { 'other/data.pkl': pickleOf([whole]) }),
      /2 files data\.pkl/,
    ],
    ['compressed entries', () => zipOf({ 'archive/data.pkl': pickleOf([whole]) }, 8), /compressed/],
    ['a truncated file', () => saved(pickleOf([whole])).slice(0, -30), /no directory/],
    [
      'a directory that lies',
      () => {
        const file = Buffer.from(saved(pickleOf([whole])));
        file.writeUInt32LE(2 ** 30, file.length - 6);
        return file;
      },
      /directory is torn/,
    ],
  ])('%s', async (_, file, problem) => {
    const refused = await openStateDict(inMemory(file())).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WsiError);
    expect(refused).toMatchObject({ code: 'WeightsInvalid', where: 'encoder.pth' });
    expect((refused as WsiError).remedy).toBeDefined();
    expect((refused as WsiError).message).toMatch(problem);
  });

  it('any truncation', async () => {
    const file = saved(pickleOf([whole]));
    for (let length = 0; length < file.length; length++) {
      await expect(openStateDict(inMemory(file.slice(0, length)))).rejects.toMatchObject({
        code: 'WeightsInvalid',
      });
    }
  });
});
