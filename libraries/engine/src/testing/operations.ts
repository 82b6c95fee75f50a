/** Support for tests: every differentiable operation on a small example, for a comparison with finite differences. */
import { convolveDepthwise, relu6 } from '../graph/depthwise.ts';
import type { Value } from '../graph/graph.ts';
import {
  add,
  addBias,
  convolve,
  convolveCentred,
  convolveInside,
  matrixProduct,
  maxPool,
  maxPoolSquares,
  meanOverPixels,
  multiply,
  multiplyBy,
  relu,
  scaleChannels,
  sigmoid,
  softmax,
  standardizeWeights,
  tanh,
  withShape,
} from '../graph/layers.ts';
import type { Tape } from '../graph/tape.ts';
import {
  addToEach,
  appendTokens,
  attend,
  cutIntoPatches,
  firstToken,
  gelu,
  leaveRoom,
  normalizeRows,
  scaleColumns,
} from '../graph/tokens.ts';

export interface OperationCase {
  /** Of its inputs. */
  readonly shapes: readonly (readonly number[])[];
  write(tape: Tape, inputs: readonly Value[]): Value;
}

const image = [2, 8, 6, 3] as const;
const rows = [6, 12] as const;
const tokens = [2, 3, 4] as const;

/** An operation of one input. */
const one = (shape: readonly number[], write: (tape: Tape, value: Value) => Value): OperationCase => ({
  shapes: [shape],
  write: (tape, [value]) => write(tape, value!),
});

/** An operation of two. */
const two = (
  shapes: readonly [readonly number[], readonly number[]],
  write: (tape: Tape, left: Value, right: Value) => Value,
): OperationCase => ({ shapes, write: (tape, [left, right]) => write(tape, left!, right!) });

export const OPERATIONS: Readonly<Record<string, OperationCase>> = {
  convolve: two([image, [3, 3, 3, 5]], (tape, x, w) => convolve(tape, x, w, 2)),
  convolveCentred: two([image, [3, 3, 3, 5]], (tape, x, w) => convolveCentred(tape, x, w, 2)),
  convolveInside: two([image, [5, 5, 3, 4]], convolveInside),
  'convolveDepthwise, stride 1': two([image, [5, 5, 1, 3]], (tape, x, w) => convolveDepthwise(tape, x, w, 1)),
  'convolveDepthwise, stride 2': two([image, [3, 3, 1, 3]], (tape, x, w) => convolveDepthwise(tape, x, w, 2)),
  addBias: two([image, [3]], addBias),
  relu: one(image, relu),
  // Wide enough that values lie on each side of both bends.
  relu6: one(image, (tape, x) => relu6(tape, multiplyBy(tape, x, tape.graph.scalar(20)))),
  maxPool: one(image, (tape, x) => maxPool(tape, sigmoid(tape, x))),
  maxPoolSquares: one(image, maxPoolSquares),
  meanOverPixels: one(image, meanOverPixels),
  add: two([rows, rows], add),
  'add of a value to itself': one(rows, (tape, x) => add(tape, x, x)),
  multiply: two([rows, rows], multiply),
  multiplyBy: one(rows, (tape, x) => multiplyBy(tape, x, tape.graph.scalar(-3))),
  matrixProduct: two([rows, [12, 5]], matrixProduct),
  tanh: one(rows, tanh),
  sigmoid: one(rows, sigmoid),
  withShape: one(rows, (tape, x) => withShape(tape, x, [3, 24])),
  scaleChannels: two([[3, 3, 2, 4], [4]], scaleChannels),
  standardizeWeights: two([[3, 3, 2, 4], [4]], standardizeWeights),
  softmax: one(rows, softmax),
  'softmax of each row of many matrices': one([2, 2, 3, 4], softmax),
  normalizeRows: {
    shapes: [rows, [12], [12]],
    write: (tape, [x, gain, bias]) => normalizeRows(tape, x!, { gain: gain!, bias: bias!, epsilon: 1e-2 }),
  },
  scaleColumns: two([rows, [12]], scaleColumns),
  gelu: one(rows, (tape, x) => gelu(tape, multiplyBy(tape, x, tape.graph.scalar(3)))),
  attend: one([6, 24], (tape, x) =>
    attend(tape, multiplyBy(tape, x, tape.graph.scalar(2)), { tokens: 3, heads: 2 }),
  ),
  cutIntoPatches: one(image, (tape, x) => cutIntoPatches(tape, x, 2)),
  leaveRoom: one(tokens, (tape, x) => leaveRoom(tape, x, 2)),
  firstToken: one(tokens, firstToken),
  addToEach: two([tokens, [1, 3, 4]], addToEach),
  appendTokens: two(
    [
      [1, 2, 4],
      [1, 3, 4],
    ],
    appendTokens,
  ),
};
