/**
 * What transformers are made of. Between its layers a transformer keeps its tokens as rows, [n t, d]: those of the first
 * tile, then those of the second. A layer that works on each token alone does not see where a tile ends.
 *
 * Shapes: n tiles, t tokens of each, d numbers of a token.
 */
import {
  binary,
  multiplyEach,
  permute,
  reduce,
  reshape,
  shapeOf,
  stack,
  unary,
  unstack,
} from './arithmetic.ts';
import { known, type Graph, type Value } from './graph.ts';
import { softmaxGradient } from './layers.ts';
import type { Shape } from './messages.ts';
import type { Tape } from './tape.ts';

/**
 * Layer normalisation (Ba, Kiros and Hinton, 2016): every row gets mean 0 and variance 1, then a gain and a bias a column.
 *
 *     y = gain (x - mean(x)) / sqrt(variance(x) + epsilon) + bias
 *
 * @param rows [rows, d]
 */
export function normalizeRows(
  tape: Tape,
  rows: Value,
  { gain, bias, epsilon }: { readonly gain: Value; readonly bias: Value; readonly epsilon: number },
): Value {
  const { graph } = tape;
  // Not SquaredDifference: TensorFlow would take it for a pattern that it replaces where no gradient is computed, so that
  // the two passes differed, and for which it has no float64.
  const deviations = binary(graph, 'Sub', [rows, reduce(graph, 'Mean', rows, [1], true)]);
  const variance = reduce(graph, 'Mean', unary(graph, 'Square', deviations), [1], true);
  const inverse = unary(graph, 'Rsqrt', binary(graph, 'AddV2', [variance, graph.scalar(epsilon)]));
  const normal = binary(graph, 'Mul', [deviations, inverse]);
  const result = binary(graph, 'AddV2', [binary(graph, 'Mul', [normal, gain]), bias]);
  return tape.record(result, [rows, gain, bias], (cotangent) => {
    const inner = binary(graph, 'Mul', [cotangent, gain]);
    const radial = reduce(graph, 'Mean', binary(graph, 'Mul', [inner, normal]), [1], true);
    const common = binary(
      graph,
      'AddV2',
      [reduce(graph, 'Mean', inner, [1], true), binary(graph, 'Mul', [normal, radial])],
      rows.shape,
    );
    return [
      binary(graph, 'Mul', [binary(graph, 'Sub', [inner, common]), inverse]),
      sumOfRows(graph, binary(graph, 'Mul', [cotangent, normal])),
      sumOfRows(graph, cotangent),
    ];
  });
}

/** [rows, d] to [d]. */
function sumOfRows(graph: Graph, rows: Value): Value {
  return graph.typed('BiasAddGrad', [rows], rows.shape.slice(1), { data_format: { text: 'NHWC' } });
}

/** Multiplies every column of [rows, d] by its gain [d]. */
export function scaleColumns(tape: Tape, rows: Value, gain: Value): Value {
  const { graph } = tape;
  const result = binary(graph, 'Mul', [rows, gain]);
  return tape.record(result, [rows, gain], (cotangent) => [
    binary(graph, 'Mul', [cotangent, gain]),
    sumOfRows(graph, binary(graph, 'Mul', [cotangent, rows])),
  ]);
}

/** x P(x) with the normal distribution function P, by the error function and not by tanh (Hendrycks and Gimpel, 2016). */
export function gelu(tape: Tape, value: Value): Value {
  const { graph } = tape;
  const times = (factor: number, of: Value): Value => binary(graph, 'Mul', [of, graph.scalar(factor)]);
  const error = unary(graph, 'Erf', times(Math.SQRT1_2, value));
  const distribution = times(0.5, binary(graph, 'AddV2', [error, graph.scalar(1)]));
  const result = binary(graph, 'Mul', [value, distribution]);
  return tape.record(result, [value], (cotangent) => {
    const density = times(
      1 / Math.sqrt(2 * Math.PI),
      unary(graph, 'Exp', times(-0.5, unary(graph, 'Square', value))),
    );
    const slope = binary(graph, 'AddV2', [distribution, binary(graph, 'Mul', [value, density])]);
    return [binary(graph, 'Mul', [cotangent, slope])];
  });
}

/**
 * Attention of each tile's tokens to one another, by several heads (Vaswani et al., 2017): for queries q, keys k and values v
 * of a head, softmax(q k' / sqrt(d / heads)) v.
 *
 * @param projected q, k and v beside one another, each with the heads beside one another: [n t, 3 d]
 * @returns the heads' results beside one another, [n t, d]
 */
export function attend(
  tape: Tape,
  projected: Value,
  { tokens, heads }: { readonly tokens: number; readonly heads: number },
): Value {
  const { graph } = tape;
  const columns = known(projected.shape, 1) / 3;
  const depth = columns / heads;
  const factor = graph.scalar(1 / Math.sqrt(depth));
  const apart = reshape(graph, projected, [null, tokens, 3, heads, depth]);
  const [queries, keys, values] = unstack(graph, permute(graph, apart, [2, 0, 3, 1, 4])) as [
    Value,
    Value,
    Value,
  ];
  const scaled = binary(graph, 'Mul', [queries, factor]);
  const scores = multiplyEach(graph, [scaled, keys], { right: true });
  const weights = graph.typed('Softmax', [scores], scores.shape);
  const attended = permute(graph, multiplyEach(graph, [weights, values]), [0, 2, 1, 3]);
  const result = reshape(graph, attended, [projected.shape[0] ?? null, columns]);
  return tape.record(result, [projected], (cotangent) => {
    const byHead = permute(graph, reshape(graph, cotangent, attended.shape), [0, 2, 1, 3]);
    const ofWeights = multiplyEach(graph, [byHead, values], { right: true });
    const ofScores = softmaxGradient(graph, weights, ofWeights);
    const parts = stack(graph, [
      binary(graph, 'Mul', [multiplyEach(graph, [ofScores, keys]), factor]),
      multiplyEach(graph, [ofScores, scaled], { left: true }),
      multiplyEach(graph, [weights, byHead], { left: true }),
    ]);
    return [reshape(graph, permute(graph, parts, [1, 3, 0, 2, 4]), projected.shape)];
  });
}

/** Squares of side x side pixels of [n, h, w, c] as rows [n (h / side) (w / side), side side c], in reading order. */
export function cutIntoPatches(tape: Tape, image: Value, side: number): Value {
  const { graph } = tape;
  const [, height, width, channels] = [0, 1, 2, 3].map((dimension) =>
    dimension === 0 ? 0 : known(image.shape, dimension),
  ) as [number, number, number, number];
  const apart = [null, height / side, side, width / side, side, channels];
  const order = [0, 1, 3, 2, 4, 5];
  const patches = permute(graph, reshape(graph, image, apart), order);
  const result = reshape(graph, patches, [null, side * side * channels]);
  return tape.record(result, [image], (cotangent) => [
    // Exchanging two dimensions undoes itself.
    reshape(graph, permute(graph, reshape(graph, cotangent, patches.shape), order), image.shape),
  ]);
}

/** [n, t, d] with `before` tokens of zeros before those of each tile. */
export function leaveRoom(tape: Tape, tokens: Value, before: number): Value {
  const { graph } = tape;
  const [n = null, count, d = null] = tokens.shape;
  const result = padTokens(graph, tokens, before, 0, [n, Number(count) + before, d]);
  return tape.record(result, [tokens], (cotangent) => {
    const inputs = [cotangent, graph.integers([0, before, 0]), shapeOf(graph, tokens)] as const;
    return [graph.typed('Slice', inputs, tokens.shape, { Index: { type: 'int32' } })];
  });
}

/** The first token of each tile: [n, t, d] to [n, d]. */
export function firstToken(tape: Tape, tokens: Value): Value {
  const { graph } = tape;
  const [n = null, count, d] = tokens.shape;
  const inputs = [tokens, graph.integers([0, 0, 0]), graph.integers([-1, 1, Number(d)])] as const;
  const first = graph.typed('Slice', inputs, [n, 1, Number(d)], { Index: { type: 'int32' } });
  const result = reshape(graph, first, [n, Number(d)]);
  return tape.record(result, [tokens], (cotangent) => [
    padTokens(graph, reshape(graph, cotangent, first.shape), 0, Number(count) - 1, tokens.shape),
  ]);
}

function padTokens(graph: Graph, tokens: Value, before: number, after: number, shape: Shape): Value {
  const edges = reshape(graph, graph.integers([0, 0, before, after, 0, 0]), [3, 2]);
  return graph.typed('Pad', [tokens, edges], shape, { Tpaddings: { type: 'int32' } });
}

/** Adds the same [1, t, d] to the tokens of every tile, [n, t, d]. */
export function addToEach(tape: Tape, tokens: Value, same: Value): Value {
  const { graph } = tape;
  const result = binary(graph, 'AddV2', [tokens, same]);
  return tape.record(result, [tokens, same], (cotangent) => [
    cotangent,
    reduce(graph, 'Sum', cotangent, [0], true),
  ]);
}

/** Tokens one after the other: [1, t, d] and [1, u, d] to [1, t + u, d]. */
export function appendTokens(tape: Tape, first: Value, second: Value): Value {
  const { graph } = tape;
  const [one = null, count, d = null] = first.shape;
  const attributes = { N: { integer: 2 }, T: { type: first.type }, Tidx: { type: 'int32' } } as const;
  const shape: Shape = [one, Number(count) + known(second.shape, 1), d];
  const result = graph.node('ConcatV2', [first, second, graph.integer(1)], { shape, attributes });
  return tape.record(result, [first, second], (cotangent) =>
    [first, second].map((part) => {
      const begin = graph.integers([0, part === first ? 0 : Number(count), 0]);
      const inputs = [cotangent, begin, graph.integers(part.shape.map(Number))] as const;
      return graph.typed('Slice', inputs, part.shape, { Index: { type: 'int32' } });
    }),
  );
}
