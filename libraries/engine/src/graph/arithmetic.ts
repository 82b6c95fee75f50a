/** Operations without a gradient of their own: what the differentiable ones and their gradients are made of. */
import type { Graph, Value } from './graph.ts';
import type { DataType, Shape } from './messages.ts';

export function cast(graph: Graph, value: Value, type: DataType): Value {
  if (value.type === type) return value;
  const attributes = { SrcT: { type: value.type }, DstT: { type }, Truncate: { flag: false } };
  return graph.node('Cast', [value], { shape: value.shape, type, attributes });
}

/** Elementwise with broadcasting; `shape` is the result's. */
export function binary(
  graph: Graph,
  operation: 'AddV2' | 'Sub' | 'Mul' | 'RealDiv',
  [left, right]: readonly [Value, Value],
  shape: Shape = left.shape,
): Value {
  return graph.typed(operation, [left, right], shape);
}

export function unary(
  graph: Graph,
  operation: 'Erf' | 'Exp' | 'Rsqrt' | 'Log' | 'Neg' | 'Square',
  value: Value,
): Value {
  return graph.typed(operation, [value], value.shape);
}

/** Sum or mean over the given dimensions, which are dropped or, with `keep`, left with size 1. */
export function reduce(
  graph: Graph,
  operation: 'Sum' | 'Mean' | 'Max',
  value: Value,
  dimensions: readonly number[],
  keep = false,
): Value {
  const shape = keep
    ? value.shape.map((size, dimension) => (dimensions.includes(dimension) ? 1 : size))
    : value.shape.filter((_, dimension) => !dimensions.includes(dimension));
  const attributes = { Tidx: { type: 'int32' }, keep_dims: { flag: keep } } as const;
  return graph.typed(operation, [value, graph.integers(dimensions)], shape, attributes);
}

/** At most one dimension may be unknown before the run. */
export function reshape(graph: Graph, value: Value, shape: Shape): Value {
  const sizes = graph.integers(shape.map((size) => size ?? -1));
  return graph.typed('Reshape', [value, sizes], shape, { Tshape: { type: 'int32' } });
}

/** The shape at the time of the run. */
export function shapeOf(graph: Graph, value: Value): Value {
  const attributes = { T: { type: value.type }, out_type: { type: 'int32' } } as const;
  return graph.node('Shape', [value], { shape: [value.shape.length], type: 'int32', attributes });
}

export function multiplyMatrices(
  graph: Graph,
  [left, right]: readonly [Value, Value],
  transpose: { readonly left?: boolean; readonly right?: boolean } = {},
): Value {
  const rows = left.shape[transpose.left === true ? 1 : 0] ?? null;
  const columns = right.shape[transpose.right === true ? 0 : 1] ?? null;
  return graph.typed('MatMul', [left, right], [rows, columns], {
    transpose_a: { flag: transpose.left ?? false },
    transpose_b: { flag: transpose.right ?? false },
  });
}

/** The products of many pairs of matrices: [..., rows, inner] by [..., inner, columns]. */
export function multiplyEach(
  graph: Graph,
  [left, right]: readonly [Value, Value],
  transpose: { readonly left?: boolean; readonly right?: boolean } = {},
): Value {
  const rows = left.shape.at(transpose.left === true ? -1 : -2) ?? null;
  const columns = right.shape.at(transpose.right === true ? -2 : -1) ?? null;
  return graph.typed('BatchMatMulV2', [left, right], [...left.shape.slice(0, -2), rows, columns], {
    adj_x: { flag: transpose.left ?? false },
    adj_y: { flag: transpose.right ?? false },
  });
}

/** @param order for each dimension of the result, that of the value */
export function permute(graph: Graph, value: Value, order: readonly number[]): Value {
  const shape = order.map((dimension) => value.shape[dimension] ?? null);
  return graph.typed('Transpose', [value, graph.integers(order)], shape, { Tperm: { type: 'int32' } });
}

/** The parts along the first dimension, which is dropped. */
export function unstack(graph: Graph, value: Value): readonly Value[] {
  const count = Number(value.shape[0]);
  const attributes = { num: { integer: count }, axis: { integer: 0 } };
  const first = graph.typed('Unpack', [value], value.shape.slice(1), attributes);
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? first : { ...first, name: `${first.name}:${index}` },
  );
}

/** Values of one shape along a new first dimension. */
export function stack(graph: Graph, values: readonly [Value, ...Value[]]): Value {
  const attributes = { N: { integer: values.length }, axis: { integer: 0 } };
  return graph.typed('Pack', values, [values.length, ...values[0].shape], attributes);
}

/** The elements [offset, offset + length) of a vector. */
export function slice(graph: Graph, vector: Value, offset: number, length: number): Value {
  const inputs = [vector, graph.integers([offset]), graph.integers([length])] as const;
  return graph.typed('Slice', inputs, [length], { Index: { type: 'int32' } });
}

/** Vectors one after the other. */
export function concatenate(graph: Graph, vectors: readonly Value[], length: number): Value {
  const attributes = {
    N: { integer: vectors.length },
    T: { type: graph.floatType },
    Tidx: { type: 'int32' },
  } as const;
  return graph.node('ConcatV2', [...vectors, graph.integer(0)], { shape: [length], attributes });
}
