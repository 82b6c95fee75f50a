/**
 * Reverse-mode differentiation while a graph is written: every differentiable operation leaves the rule that turns
 * the cotangent of its result into those of its inputs, and {@link Tape.gradients} writes these rules into the graph
 * in reverse order. Contributions to one value are added in a fixed order, so the sums have the same bits each time.
 */
import { binary } from './arithmetic.ts';
import type { Graph, Value } from './graph.ts';

/** Cotangents of an operation's inputs, in their order; undefined where none flows. A rule writes only what is wanted. */
export type Rule = (cotangent: Value, wanted: readonly boolean[]) => readonly (Value | undefined)[];

interface Entry {
  readonly result: Value;
  readonly inputs: readonly Value[];
  readonly rule: Rule;
}

export class Tape {
  readonly graph: Graph;
  readonly #entries: Entry[] = [];

  constructor(graph: Graph) {
    this.graph = graph;
  }

  record(result: Value, inputs: readonly Value[], rule: Rule): Value {
    this.#entries.push({ result, inputs, rule });
    return result;
  }

  /**
   * Writes the gradient of sum_k <seeds_k.cotangent, seeds_k.value> with respect to `parameters`.
   * @returns one value a parameter; undefined where the seeds do not depend on it
   */
  gradients(
    seeds: readonly { readonly value: Value; readonly cotangent: Value }[],
    parameters: readonly Value[],
  ): (Value | undefined)[] {
    const dependent = this.#dependentOn(parameters);
    const cotangents = new Map<string, Value>();
    const add = (value: Value, cotangent: Value): void => {
      const earlier = cotangents.get(value.name);
      const sum = earlier === undefined ? cotangent : binary(this.graph, 'AddV2', [earlier, cotangent]);
      cotangents.set(value.name, sum);
    };
    for (const { value, cotangent } of seeds) add(value, cotangent);
    for (const { result, inputs, rule } of this.#entries.toReversed()) {
      const cotangent = cotangents.get(result.name);
      if (cotangent === undefined || !dependent.has(result.name)) continue;
      const wanted = inputs.map((input) => dependent.has(input.name));
      for (const [index, contribution] of rule(cotangent, wanted).entries()) {
        const input = inputs[index];
        if (input !== undefined && contribution !== undefined && wanted[index] === true)
          add(input, contribution);
      }
    }
    return parameters.map((parameter) => cotangents.get(parameter.name));
  }

  #dependentOn(parameters: readonly Value[]): ReadonlySet<string> {
    const dependent = new Set(parameters.map((parameter) => parameter.name));
    for (const { result, inputs } of this.#entries) {
      if (inputs.some((input) => dependent.has(input.name))) dependent.add(result.name);
    }
    return dependent;
  }
}
