/** Support for tests: ONNX files, written as Protocol Buffers field by field (numbers of onnx.proto). */

type Field = readonly [number: number, value: number | string | Uint8Array];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A message of these fields. */
function message(...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
      const content = Buffer.from(value);
      return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
    }),
  );
}

export const FLOAT = 1;
export const UINT8 = 2;

export interface ModelTensor {
  readonly name: string;
  readonly type?: number;
  /** A text is a side that is not fixed. */
  readonly shape: readonly (number | string)[];
}

export interface ModelNode {
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers?: Readonly<Record<string, number>>;
  readonly lists?: Readonly<Record<string, readonly number[]>>;
}

export interface Model {
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly nodes: readonly ModelNode[];
  /** Names of scalars that lie in another file. */
  readonly elsewhere?: readonly string[];
}

const valueInfo = ({ name, type = FLOAT, shape }: ModelTensor): Uint8Array => {
  const sides = shape.map((side): Field => [1, message(typeof side === 'number' ? [1, side] : [2, side])]);
  return message([1, name], [2, message([1, message([1, type], [2, message(...sides)])])]);
};

const node = ({ operation, inputs, outputs, integers = {}, lists = {} }: ModelNode): Uint8Array =>
  message(
    ...inputs.map((name): Field => [1, name]),
    ...outputs.map((name): Field => [2, name]),
    [4, operation],
    ...Object.entries(integers).map(([name, value]): Field => [5, message([1, name], [3, value], [20, 2])]),
    ...Object.entries(lists).map(([name, values]): Field => [
      5,
      message([1, name], ...values.map((value): Field => [8, value]), [20, 7]),
    ]),
  );

/** A scalar whose number is in the file `weights.bin`. */
const elsewhereTensor = (name: string): Uint8Array =>
  message([2, FLOAT], [8, name], [13, message([1, 'location'], [2, 'weights.bin'])], [14, 1]);

export function onnxModel({ inputs, outputs, nodes, elsewhere = [] }: Model): Uint8Array {
  const graph = message(
    ...nodes.map((one): Field => [1, node(one)]),
    [2, 'graph'],
    ...elsewhere.map((name): Field => [5, elsewhereTensor(name)]),
    ...inputs.map((input): Field => [11, valueInfo(input)]),
    ...outputs.map((output): Field => [12, valueInfo(output)]),
  );
  return message([1, 8], [7, graph], [8, message([2, 13])]);
}

/** The mean of each colour: tiles [N, 3, side, side] to [N, 3]. */
export function meansModel(changes: Partial<Model> = {}, side: number | string = 's'): Uint8Array {
  return onnxModel({
    inputs: [{ name: 'tiles', shape: ['n', 3, side, side] }],
    outputs: [{ name: 'means', shape: ['n', 3] }],
    nodes: [
      { operation: 'GlobalAveragePool', inputs: ['tiles'], outputs: ['pooled'] },
      { operation: 'Flatten', inputs: ['pooled'], outputs: ['means'], integers: { axis: 1 } },
    ],
    ...changes,
  });
}
