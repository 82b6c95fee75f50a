/** Encoders as ONNX files: their numbers against numbers computed apart from them, and what is no encoder of tiles. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxEncoder, onnxFacts } from './onnx-encoder.ts';
import { parseNormalisation, type OnnxOptions } from './onnx-options.ts';
import { FLOAT, meansModel, onnxModel, UINT8 } from './testing/onnx-model.ts';

const SIDE = 8;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-onnx-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
const optionsOf = (bytes: Uint8Array, changes: Partial<OnnxOptions> = {}): OnnxOptions => {
  const file = join(directory, `model-${files++}.onnx`);
  writeFileSync(file, bytes);
  return { file, layout: 'NCHW', normalisation: parseNormalisation('imagenet'), device: 'cpu', ...changes };
};
const refusal = async (bytes: Uint8Array, changes: Partial<OnnxOptions> = {}): Promise<string> => {
  const started = await OnnxEncoder.start(optionsOf(bytes, changes), SIDE).catch((error: unknown) => error);
  if (started instanceof OnnxEncoder) await started.close();
  return started instanceof Error ? started.message : 'taken';
};

const tiles = Uint8Array.from({ length: 3 * SIDE * SIDE * 3 }, (_, index) => (index * 37) % 251);
/** The mean of a colour of a tile, normalised as torchvision does it. */
const expected = (tile: number, colour: number, mean: number, std: number): number => {
  let sum = 0;
  for (let place = 0; place < SIDE * SIDE; place++) {
    sum += (tiles[(tile * SIDE * SIDE + place) * 3 + colour]! / 255 - mean) / std;
  }
  return sum / (SIDE * SIDE);
};

it('gives the means of the normalised colours of each tile, in either layout, whatever is computed with it', async () => {
  const channelsLast = onnxModel({
    inputs: [{ name: 'x', shape: ['n', SIDE, SIDE, 3] }],
    outputs: [{ name: 'y', shape: ['n', 3] }],
    nodes: [
      {
        operation: 'ReduceMean',
        inputs: ['x'],
        outputs: ['y'],
        integers: { keepdims: 0 },
        lists: { axes: [1, 2] },
      },
    ],
  });
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ] as const;
  const wanted = [0, 1, 2].flatMap((tile) =>
    [0, 1, 2].map((colour) => expected(tile, colour, mean[colour]!, std[colour]!)),
  );
  const first = await OnnxEncoder.start(optionsOf(meansModel()), SIDE);
  const last = await OnnxEncoder.start(optionsOf(channelsLast, { layout: 'NHWC' }), SIDE);
  expect([first.size, last.size]).toEqual([3, 3]);
  for (const encoder of [first, last]) {
    const embeddings = await encoder.embed(tiles, 3);
    for (const [index, value] of wanted.entries()) expect(embeddings[index]).toBeCloseTo(value, 5);
  }
  // Several at once are answered in order, and the same way.
  const [whole, one] = await Promise.all([
    first.embed(tiles, 3),
    first.embed(tiles.slice(SIDE * SIDE * 3), 2),
  ]);
  expect([...one]).toEqual([...whole].slice(3));
  await first.close();
  await last.close();
  await expect(first.embed(tiles, 3)).rejects.toThrow(/has ended/);
});

it('knows a model by its bytes, names, layout and normalisation, and not by its name or device', async () => {
  const options = optionsOf(meansModel());
  const digest = async (changes: Partial<OnnxOptions> = {}): Promise<string> =>
    (await onnxFacts({ ...options, ...changes })).digest;
  const other = optionsOf(meansModel({}, SIDE));
  const digests = [
    await digest(),
    await digest({ file: other.file }),
    await digest({ output: 'means' }),
    await digest({ layout: 'NHWC' }),
    await digest({ normalisation: parseNormalisation('half') }),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(await digest({ file: optionsOf(meansModel()).file, device: 'cuda' })).toBe(digests[0]);
});

it('takes one of several inputs or outputs only by its name', async () => {
  const outputs = [
    { name: 'means', shape: ['n', 3] },
    { name: 'pooled', shape: ['n', 3, 1, 1] },
  ];
  expect(await refusal(meansModel({ outputs }))).toMatch(
    /2 outputs: means, pooled\. Name one .*--onnx-output/,
  );
  expect(await refusal(meansModel({ outputs }), { output: 'other' })).toMatch(
    /no output 'other', but means, pooled/,
  );
  expect(await refusal(meansModel({ outputs }), { output: 'means' })).toBe('taken');
  expect(await refusal(meansModel({ outputs }), { output: 'pooled' })).toMatch(
    /\[2, 3, 1, 1\] for 2 tiles, not \[2, D\]/,
  );
});

it.each<[string, () => Uint8Array, RegExp]>([
  ['that is no model', () => Buffer.from('no model'), /no ONNX model that can be used/],
  ['that is cut off', () => meansModel().subarray(0, 60), /no ONNX model that can be used/],
  [
    'for tiles of another size',
    () => meansModel({}, 16),
    /\[n, 3, 16, 16\], and tiles are \[N, 3, 8, 8\].*patches\.size/,
  ],
  [
    'for other channels',
    () => meansModel({ inputs: [{ name: 'tiles', shape: ['n', 4, 's', 's'] }] }),
    /\[n, 4, s, s\], and tiles are/,
  ],
  [
    'of bytes',
    () =>
      meansModel({
        inputs: [{ name: 'tiles', type: UINT8, shape: ['n', 3, 's', 's'] }],
        nodes: [
          { operation: 'Cast', inputs: ['tiles'], outputs: ['floats'], integers: { to: FLOAT } },
          { operation: 'GlobalAveragePool', inputs: ['floats'], outputs: ['pooled'] },
          { operation: 'Flatten', inputs: ['pooled'], outputs: ['means'], integers: { axis: 1 } },
        ],
      }),
    /takes uint8\. Export the model with a float32 input/,
  ],
  [
    'for one tile at a time',
    () => meansModel({ inputs: [{ name: 'tiles', shape: [1, 3, 's', 's'] }] }),
    /takes exactly 1 tiles at once\. .*dynamic_axes/,
  ],
  [
    'that ends in tokens',
    () =>
      meansModel({
        outputs: [{ name: 'means', shape: ['n', 3, 's'] }],
        nodes: [
          {
            operation: 'ReduceMean',
            inputs: ['tiles'],
            outputs: ['means'],
            integers: { keepdims: 0 },
            lists: { axes: [3] },
          },
        ],
      }),
    /\[2, 3, 8\] for 2 tiles, not \[2, D\]\. These are tokens: .*class token/,
  ],
  [
    'that mixes tiles',
    () =>
      meansModel({
        nodes: [
          { operation: 'Constant', inputs: [], outputs: ['axis'], integers: { value_int: 0 } },
          { operation: 'GlobalAveragePool', inputs: ['tiles'], outputs: ['pooled'] },
          { operation: 'Flatten', inputs: ['pooled'], outputs: ['flat'], integers: { axis: 1 } },
          { operation: 'CumSum', inputs: ['flat', 'axis'], outputs: ['means'] },
        ],
      }),
    /depends on the other tiles .*model\.eval\(\)/,
  ],
  [
    'with embeddings that are not finite',
    () =>
      meansModel({
        nodes: [
          { operation: 'GlobalAveragePool', inputs: ['tiles'], outputs: ['pooled'] },
          { operation: 'Sub', inputs: ['pooled', 'pooled'], outputs: ['zero'] },
          { operation: 'Div', inputs: ['pooled', 'zero'], outputs: ['none'] },
          { operation: 'Flatten', inputs: ['none'], outputs: ['means'], integers: { axis: 1 } },
        ],
      }),
    /an embedding has the value -?(Infinity|NaN)/,
  ],
  [
    'with weights in another file',
    () =>
      meansModel({
        elsewhere: ['weight'],
        nodes: [
          { operation: 'GlobalAveragePool', inputs: ['tiles'], outputs: ['pooled'] },
          { operation: 'Mul', inputs: ['pooled', 'weight'], outputs: ['weighted'] },
          { operation: 'Flatten', inputs: ['weighted'], outputs: ['means'], integers: { axis: 1 } },
        ],
      }),
    /weights is in another file\. Save it as one file/,
  ],
])('refuses a model %s', async (_what, model, message) => {
  expect(await refusal(model())).toMatch(message);
});

it('says what is missing for a GPU', async () => {
  expect(await refusal(meansModel(), { device: 'cuda' })).toMatch(/does not load on a GPU: .*--device cpu/);
});

it('reads normalisations, and refuses what is none', () => {
  expect(parseNormalisation('half')).toEqual({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  expect(parseNormalisation('mean=0.7,0.5,0.6,std=0.2,0.25,1e-1')).toEqual({
    mean: [0.7, 0.5, 0.6],
    std: [0.2, 0.25, 0.1],
  });
  for (const wrong of [
    '',
    'Imagenet',
    'toString',
    'mean=0,0,0',
    'mean=0,0,0,std=1,0,1',
    'mean=0,0,x,std=1,1,1',
    'mean=, ,0,std=1,1,1',
  ]) {
    expect(() => parseNormalisation(wrong)).toThrow(/is no normalisation/);
  }
});
