/** The whole bag in one graph: softmax pooling written out and differentiated as it stands, without the two passes. */
import { binary, cast, reduce, reshape } from '../graph/arithmetic.ts';
import { Graph, type FloatType, type Value } from '../graph/graph.ts';
import { matrixProduct, softmax, withShape } from '../graph/layers.ts';
import { writeBody, type Body } from '../network/body.ts';
import { embeddingSize, type TileNetwork } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import type { Program } from '../network/programs.ts';

export const WHOLE_BAG_PROGRAMS = {
  embed: { inputs: ['tiles', 'parameters'], outputs: ['bag_embedding'] },
  gradient: { inputs: ['tiles', 'parameters', 'bag_gradient'], outputs: ['gradient'] },
  slope: { inputs: ['tiles', 'parameters', 'bag_gradient', 'direction', 'step'], outputs: ['slope'] },
} as const satisfies Record<string, Program>;

export function writeWholeBag(network: TileNetwork, precision: FloatType): Graph {
  const graph = new Graph(precision);
  const size = network.tileSize;
  const d = embeddingSize(network);
  const { length } = parameterLayout(network);
  const tiles = graph.placeholder('tiles', 'uint8', [null, size, size, 3]);
  const parameters = graph.placeholder('parameters', 'float32', [length]);
  const bagGradient = cast(graph, graph.placeholder('bag_gradient', 'float32', [d]), precision);

  const body = writeBody(graph, network, parameters, tiles);
  const bag = pool(body, d);
  graph.output('bag_embedding', cast(graph, bag, 'float32'));
  const gradient = body.flatGradient([{ value: bag, cotangent: bagGradient }]);
  graph.output('gradient', cast(graph, gradient, 'float32'));

  const direction = cast(graph, graph.placeholder('direction', 'float32', [length]), precision);
  const step = cast(graph, graph.placeholder('step', 'float32', []), precision);
  const lossAt = (operation: 'AddV2' | 'Sub'): Value => {
    const move = binary(graph, 'Mul', [direction, step]);
    const moved = binary(graph, operation, [cast(graph, parameters, precision), move]);
    const embedding = pool(writeBody(graph, network, moved, tiles), d);
    return reduce(graph, 'Sum', binary(graph, 'Mul', [embedding, bagGradient]), [0]);
  };
  const difference = binary(graph, 'Sub', [lossAt('AddV2'), lossAt('Sub')]);
  const slope = binary(graph, 'RealDiv', [difference, binary(graph, 'AddV2', [step, step])]);
  graph.output('slope', cast(graph, slope, 'float32'));
  return graph;
}

/** z = sum_i softmax(a)_i h_i, [d]; equal weights where there are no scores. */
function pool({ tape, embeddings, scores }: Body, d: number): Value {
  const { graph } = tape;
  const row = scores === undefined ? zeroScores(graph, embeddings) : withShape(tape, scores, [1, null]);
  return withShape(tape, matrixProduct(tape, softmax(tape, row), embeddings), [d]);
}

function zeroScores(graph: Graph, embeddings: Value): Value {
  const column = reduce(graph, 'Sum', embeddings, [1]);
  return reshape(graph, graph.typed('ZerosLike', [column], column.shape), [1, null]);
}
