/** Files of weights: what fits is read to the right places, and every other file is refused with what is wrong with it. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { encoders } from '../network/encoders/index.ts';
import { readEncoderWeights } from './encoder-weights.ts';
import { float32From } from './half-precision.ts';
import { encodeSafetensors, type NamedTensor } from './safetensors.ts';
import { fileOf, publishedFile, publishedTensors } from './testing/published-file.ts';
import { openWeights, type WeightsBytes } from './weights-file.ts';

let tensors: NamedTensor[];
let whole: Uint8Array;
beforeAll(() => {
  tensors = publishedTensors('resnet18');
  whole = publishedFile('resnet18');
});

function inMemory(file: Uint8Array): WeightsBytes {
  return {
    where: '/data/encoder.safetensors',
    size: file.length,
    read: (position, length) => Promise.resolve(file.slice(position, position + length)),
    close: () => Promise.resolve(),
  };
}

const encoded = (of: readonly NamedTensor[]): Uint8Array => encodeSafetensors(of, {});

async function parametersOf(file: Uint8Array): Promise<Map<string, Float32Array>> {
  const parameters = new Map<string, Float32Array>();
  await readEncoderWeights(inMemory(file), 'resnet18', (name, values) => parameters.set(name, values));
  return parameters;
}

/** The tensors with one of them changed. */
function changed(name: string, change: (tensor: NamedTensor) => Partial<NamedTensor>): NamedTensor[] {
  return tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...change(tensor) } : tensor));
}

describe('a file that fits', () => {
  it('gives every parameter of the encoder, and the digest of the file', async () => {
    const file = whole;
    const parameters = new Map<string, number>();
    const { sha256, match } = await readEncoderWeights(inMemory(file), 'resnet18', (name, { length }) =>
      parameters.set(name, length),
    );
    const expected = encoders.resnet18.parameters(224);
    expect(Object.fromEntries(parameters)).toEqual(
      Object.fromEntries(expected.map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)])),
    );
    expect(sha256).toBe(createHash('sha256').update(file).digest('hex'));
    expect(match).toMatchObject({ prefix: '', ignored: [] });
  });

  it('folds batch normalisation and turns convolutions round, element by element', async () => {
    const parameters = await parametersOf(encoded(tensors));
    const tensor = (name: string): NamedTensor => tensors.find((of) => of.name === name)!;
    const [out, input, row, column] = [3, 5, 2, 1];
    const kernel = tensor('layer1.0.conv1.weight').values;
    const ours = parameters.get('encoder.layer1.0.conv1.weight')!;
    expect(ours[((row * 3 + column) * 64 + input) * 64 + out]).toBe(
      kernel[((out * 64 + input) * 3 + row) * 3 + column],
    );
    const at = (part: string): number => tensor(`layer1.0.bn1.${part}`).values[out]!;
    const gain = at('weight') / Math.sqrt(at('running_var') + 1e-5);
    expect(parameters.get('encoder.layer1.0.bn1.weight')![out]).toBe(Math.fround(gain));
    expect(parameters.get('encoder.layer1.0.bn1.bias')![out]).toBe(
      Math.fround(at('bias') - at('running_mean') * gain),
    );
  });

  it('does not depend on the order of its tensors, prefixes and what is ignored', async () => {
    const plain = await parametersOf(encoded(tensors));
    const counter = { name: 'bn1.num_batches_tracked', shape: [], values: Float32Array.of(7) };
    const classifier = { name: 'fc.weight', shape: [2, 3], values: new Float32Array(6).fill(Number.NaN) };
    const others = [classifier, ...tensors.toReversed(), counter];
    const wrapped = others.map((tensor) => ({ ...tensor, name: `module.encoder.${tensor.name}` }));
    const read = new Map<string, Float32Array>();
    const { match } = await readEncoderWeights(inMemory(encoded(wrapped)), 'resnet18', (name, values) =>
      read.set(name, values),
    );
    expect(match.prefix).toBe('module.encoder.');
    expect(match.ignored).toEqual(['module.encoder.fc.weight', 'module.encoder.bn1.num_batches_tracked']);
    for (const [name, values] of plain)
      expect(Buffer.from(read.get(name)!.buffer).equals(Buffer.from(values.buffer))).toBe(true);
  });

  it('widens half precision exactly, subnormal and infinite numbers included', () => {
    const halves = Uint8Array.from(
      { length: 2 ** 17 },
      (_, at) => ((at >> 1) >> (at % 2 === 0 ? 0 : 8)) & 255,
    );
    const narrow = new Float16Array(halves.buffer);
    const widened = float32From('F16', halves);
    expect(widened.length).toBe(2 ** 16);
    expect(widened.every((value, index) => Object.is(value, narrow[index]))).toBe(true);
    expect([...float32From('BF16', Uint8Array.of(0x80, 0x3f, 0x00, 0xc0))]).toEqual([1, -2]);
  });
});

describe('a file that does not fit is refused', () => {
  const header = (change: Readonly<Record<string, unknown>>): Uint8Array =>
    fileOf({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...change } }, new Uint8Array(4));

  it.each<[string, () => Uint8Array, RegExp]>([
    ['empty', () => new Uint8Array(), /shorter than a safetensors header/],
    ['truncated within a tensor', () => whole.slice(0, -1), /does not fit the file/],
    ['longer than its header says', () => Buffer.concat([whole, Buffer.alloc(4)]), /belong to no tensor/],
    ['a header that lies about a size', () => header({ shape: [2] }), /has 4 bytes for 2 numbers/],
    ['a header that is torn', () => Uint8Array.of(255, 255, 255, 0, 0, 0, 0, 0), /header is torn/],
    [
      'PyTorch’s zip format',
      () => Buffer.from('PK\u0003\u0004 and more'),
      /file of PyTorch.* wsi encoder import/s,
    ],
    ['PyTorch’s old format', () => Buffer.from('80028a0a6cfc9c46f920', 'hex'), /file of PyTorch/],
    ['no tensor', () => encoded([]), /none of the .* tensors of resnet18 is there \(it has no tensors\)/],
    ['of something else', () => header({}), /none of the .* tensors .*it has 1, such as a/],
    [
      'without a tensor',
      () => encoded(tensors.filter(({ name }) => name !== 'bn1.running_var')),
      /bn1\.running_var: \[64\] expected, missing/,
    ],
    [
      'with a tensor too many',
      () => encoded([...tensors, { name: 'layer5.weight', shape: [1, 2], values: new Float32Array(2) }]),
      /layer5\.weight: \[1, 2\] is not expected/,
    ],
    [
      'with a tensor of another shape',
      () => encoded(changed('conv1.weight', () => ({ shape: [64, 7, 7, 3] }))),
      /conv1\.weight: \[64, 3, 7, 7\] expected, \[64, 7, 7, 3\] found/,
    ],
    [
      'where only some names have a prefix',
      () => encoded(changed('conv1.weight', () => ({ name: 'module.conv1.weight' }))),
      /conv1\.weight: .* missing/,
    ],
    [
      'with NaN',
      () => encoded(changed('bn1.bias', ({ values }) => ({ values: values.with(5, Number.NaN) }))),
      /bn1\.bias: element 5 is NaN/,
    ],
    [
      'with an infinite number',
      () => encoded(changed('bn1.bias', ({ values }) => ({ values: values.with(0, -Infinity) }))),
      /bn1\.bias: element 0 is -Infinity/,
    ],
    [
      'with a variance below 0',
      () => encoded(changed('bn1.running_var', ({ values }) => ({ values: values.with(9, -1) }))),
      /encoder\.bn1\.weight \(from bn1\.weight, bn1\.running_var\): element 9 is NaN/,
    ],
  ])('%s', async (_, file, problem) => {
    const refused = await parametersOf(file()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WsiError);
    expect(refused).toMatchObject({ code: 'WeightsInvalid', where: '/data/encoder.safetensors' });
    expect((refused as WsiError).remedy).toBeDefined();
    expect((refused as WsiError).message).toMatch(problem);
  });

  it('for its type, by the name of the tensor', async () => {
    const entries = tensors.map(({ name, shape }) => ({
      name,
      shape,
      bytes: shape.reduce((a, b) => a * b, 8),
    }));
    let end = 0;
    const described = entries.map(({ name, shape, bytes }) => {
      const start = end;
      end += bytes;
      return [name, { dtype: 'F64', shape, data_offsets: [start, end] }];
    });
    const file = fileOf(Object.fromEntries(described), new Uint8Array(end));
    await expect(parametersOf(file)).rejects.toThrow(/conv1\.weight: F32, F16, BF16 expected, F64 found/);
  });

  it('before anything of a tensor is held that is far too large', async () => {
    const huge = { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] };
    const text = Buffer.from(JSON.stringify({ 'conv1.weight': huge }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    const beginning = Buffer.concat([length, text]);
    const read = (position: number, bytes: number): Promise<Uint8Array> => {
      if (position + bytes > beginning.length) throw new RangeError('data was read');
      return Promise.resolve(beginning.subarray(position, position + bytes));
    };
    const bytes = { ...inMemory(beginning), size: beginning.length + 2 ** 42, read };
    await expect(readEncoderWeights(bytes, 'resnet18')).rejects.toThrow(
      /\[64, 3, 7, 7\] expected, \[1099511627776\] found/,
    );
  });
});

describe('a file on a disk', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-weights-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is read as it is', async () => {
    const path = join(directory, 'resnet18.safetensors');
    await writeFile(path, whole);
    const bytes = await openWeights(path);
    const { sha256 } = await readEncoderWeights(bytes, 'resnet18');
    await bytes.close();
    expect(sha256).toBe(createHash('sha256').update(whole).digest('hex'));
  });

  it('is refused if it is not there, or no file', async () => {
    await expect(openWeights(join(directory, 'other'))).rejects.toMatchObject({ code: 'NotFound' });
    await expect(openWeights(directory)).rejects.toMatchObject({ code: 'WeightsInvalid' });
    await expect(openWeights('/dev/zero')).rejects.toMatchObject({ code: 'WeightsInvalid' });
  });
});
