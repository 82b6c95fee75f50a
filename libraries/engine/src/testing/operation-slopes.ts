/**
 * Support for tests: for every operation and each of its inputs, the slope of <cotangent, result> along a direction of that
 * input, from the operation's gradient rule and from a central difference, both in float64. A process of its own; prints
 * JSON.
 */
import { binary, cast, reduce, reshape } from '../graph/arithmetic.ts';
import { elements, Graph, type Value } from '../graph/graph.ts';
import { Tape } from '../graph/tape.ts';
import { loadBinding } from '../thread/binding.ts';
import { Session, type HostTensor } from '../thread/session.ts';
import { randomVector } from './example-bag.ts';
import { OPERATIONS, type OperationCase } from './operations.ts';

const STEP = 1e-6;

export interface Slopes {
  readonly operation: string;
  /** Index of the input. */
  readonly input: number;
  readonly rule: number;
  readonly difference: number;
}

const binding = loadBinding({ threads: 1, device: 'cpu' });
const slopes = Object.entries(OPERATIONS).flatMap(([operation, example]) =>
  example.shapes.map((_, input): Slopes => ({ operation, input, ...slopesOf(example, input) })),
);
process.stdout.write(JSON.stringify(slopes));

function slopesOf(example: OperationCase, input: number): { rule: number; difference: number } {
  const graph = new Graph('float64');
  const tensors: HostTensor[] = [];
  const names: string[] = [];
  const placeholder = (name: string, shape: readonly number[]): Value => {
    names.push(name);
    tensors.push({ shape, data: randomVector(elements(shape), names.length) });
    return cast(graph, graph.placeholder(name, 'float32', shape), 'float64');
  };
  const values = example.shapes.map((shape, index) => placeholder(`input${index}`, shape));
  const direction = placeholder('direction', example.shapes[input]!);
  const tape = new Tape(graph);
  const result = example.write(tape, values);
  const sizes = result.shape.map((size, dimension) => size ?? inferred(result, dimension, example));
  const cotangent = placeholder('cotangent', sizes);
  const inner = (left: Value, right: Value): Value =>
    reduce(graph, 'Sum', reshape(graph, binary(graph, 'Mul', [left, right]), [null]), [0]);

  const [gradient] = tape.gradients([{ value: result, cotangent }], [values[input]!]);
  graph.output('rule', cast(graph, inner(gradient!, direction), 'float32'));
  const lossAt = (operation: 'AddV2' | 'Sub'): Value => {
    const move = binary(graph, 'Mul', [direction, graph.scalar(STEP)]);
    const moved = values.map((value, index) =>
      index === input ? binary(graph, operation, [value, move]) : value,
    );
    return inner(example.write(new Tape(graph), moved), cotangent);
  };
  const rise = binary(graph, 'Sub', [lossAt('AddV2'), lossAt('Sub')]);
  const slope = binary(graph, 'RealDiv', [rise, graph.scalar(2 * STEP)]);
  graph.output('difference', cast(graph, slope, 'float32'));

  const program = { inputs: names, outputs: ['rule', 'difference'] };
  const [rule, difference] = new Session(binding, graph).run(program, tensors);
  return { rule: rule![0]!, difference: difference![0]! };
}

/** A size that is only known when the graph runs: what the others leave of the input's elements. */
function inferred(result: Value, dimension: number, { shapes }: OperationCase): number {
  const others = result.shape.reduce<number>(
    (product, size, at) => product * (at === dimension ? 1 : size!),
    1,
  );
  const columns = result.shape.length === 2 && shapes[0]!.length === 2 ? 3 : 1;
  return elements(shapes[0]!) / columns / others;
}
