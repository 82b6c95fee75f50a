/**
 * A TensorFlow graph under construction. Values carry the shape that is known before a run; every operation of the
 * graph is a node with explicit inputs, so what TensorFlow runs is what is written here.
 */
import type { Attribute, DataType, Node, Shape } from './messages.ts';

/** One output of a node. */
export interface Value {
  /** TensorFlow's name of the output: `node` for the first one, `node:1` for the next. */
  readonly name: string;
  readonly shape: Shape;
  readonly type: DataType;
}

export type FloatType = 'float32' | 'float64';

export class Graph {
  /** What the network computes in; float64 is for tests of the gradients. */
  readonly floatType: FloatType;
  readonly #nodes: Node[] = [];
  readonly #names = new Set<string>();
  readonly #constants = new Map<string, Value>();

  constructor(floatType: FloatType = 'float32') {
    this.floatType = floatType;
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** An input of a run. */
  placeholder(name: string, type: DataType, shape: Shape): Value {
    if (this.#names.has(name)) throw new Error(`the graph has a node "${name}" already`);
    return this.node('Placeholder', [], {
      shape,
      type,
      attributes: { dtype: { type }, shape: { shape } },
      name,
    });
  }

  /** Adds a node and returns its first output. */
  node(
    operation: string,
    inputs: readonly Value[],
    output: {
      readonly shape: Shape;
      readonly type?: DataType;
      readonly attributes?: Readonly<Record<string, Attribute>>;
      readonly name?: string;
    },
  ): Value {
    const name = this.#uniqueName(output.name ?? operation);
    const inputNames = inputs.map((input) => input.name);
    this.#nodes.push({ name, operation, inputs: inputNames, attributes: output.attributes ?? {} });
    return { name, shape: output.shape, type: output.type ?? this.floatType };
  }

  /** A node whose only type attribute `T` is that of its first input. */
  typed(
    operation: string,
    inputs: readonly [Value, ...Value[]],
    shape: Shape,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    const { type } = inputs[0];
    return this.node(operation, inputs, { shape, type, attributes: { T: { type }, ...attributes } });
  }

  /** Gives a value a name of its own, by which a run fetches it. */
  output(name: string, value: Value): Value {
    if (this.#names.has(name)) throw new Error(`the graph has a node "${name}" already`);
    const attributes = { T: { type: value.type } };
    return this.node('Identity', [value], { shape: value.shape, type: value.type, attributes, name });
  }

  integers(values: readonly number[]): Value {
    return this.#constant('int32', [values.length], new Uint8Array(Int32Array.from(values).buffer));
  }

  integer(value: number): Value {
    return this.#constant('int32', [], new Uint8Array(Int32Array.of(value).buffer));
  }

  scalar(value: number): Value {
    return this.floats([value], []);
  }

  /** A constant, row-major. */
  floats(values: readonly number[], shape: readonly number[]): Value {
    const content = this.floatType === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
    return this.#constant(this.floatType, shape, new Uint8Array(content.buffer));
  }

  #constant(type: DataType, shape: readonly number[], content: Uint8Array): Value {
    const key = `${type}/${shape.join('x')}/${content.join(',')}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const attributes = { dtype: { type }, value: { constant: { type, shape, content } } };
    const value = this.node('Const', [], { shape, type, attributes });
    this.#constants.set(key, value);
    return value;
  }

  #uniqueName(base: string): string {
    let name = base;
    for (let count = 1; this.#names.has(name); count++) name = `${base}_${count}`;
    this.#names.add(name);
    return name;
  }
}

/** The known number of elements. */
export function elements(shape: Shape): number {
  return shape.reduce<number>((product, size) => {
    if (size === null) throw new Error('the number of elements is not known before the run');
    return product * size;
  }, 1);
}

/** The known size of a dimension. */
export function known(shape: Shape, dimension: number): number {
  const size = shape[dimension];
  if (size === null || size === undefined)
    throw new Error(`dimension ${dimension} is not known before the run`);
  return size;
}
